"""What verbs that give samples have in common: how these are shown, told and saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.tasks.samples.space import AbstractSamples

ENDINGS = (".png", ".npz", ".npy", ".csv", ".parquet", "")


def _saved(ending: str) -> Callable[[AbstractSamples], Any]:
    return lambda samples: samples.saved(ending)


# Arguments of a `lamina.tasks.base.Verb` that gives `AbstractSamples`.
GIVES_SAMPLES: dict[str, Any] = {
    "shown": lambda samples: samples.shown(),
    "told": lambda samples: samples.told(),
    "saved": {ending: _saved(ending) for ending in ENDINGS},
}
