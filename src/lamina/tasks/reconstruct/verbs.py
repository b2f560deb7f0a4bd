"""What people do with an autoencoder: write samples again, and take their codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.errors import ConfigError
from lamina.core.keys import key
from lamina.tasks.base import Verb
from lamina.tasks.embed import embed_verb
from lamina.tasks.samples.space import AbstractSamples

if TYPE_CHECKING:
    import numpy as np

    from lamina.data.table import AbstractTable

ENDINGS = (".png", ".npz", ".npy", ".csv", ".parquet", "")


@dataclass(frozen=True)
class AgainKeys:
    """The keys of writing samples again."""

    data: Any = key(None, "rows or images: a file, a folder, or - for CSV on standard input")  # noqa: RUF009


def _reconstruct(network: Any, keys: AgainKeys) -> AbstractSamples:
    from lamina.tasks.reconstruct.answers import Again

    if keys.data is None:
        expected = "a path, a frame, an array"
        raise ConfigError("there is nothing to reconstruct", expected=expected, fix="reconstruct(data)")
    table = network.read(keys.data)
    found = network.decoded(_asked(network, table), by=Again(network.objective))
    return network.target.space.samples(found)


def _asked(network: Any, table: AbstractTable) -> Any:
    """Return what the network is asked about rows."""
    return network.task.examiner.inputs(network.encoder.transform(table), table, network.target)


def _codes(network: Any, table: AbstractTable) -> np.ndarray:
    from lamina.objectives.vectors import Vectors
    from lamina.tasks.reconstruct.answers import samples_in_units

    return network.decoded(_asked(network, table), by=Vectors(samples_in_units))


def _saved(ending: str) -> Callable[[AbstractSamples], Any]:
    return lambda samples: samples.saved(ending)


VERBS = {
    "reconstruct": Verb(
        "write rows or images again from their codes",
        AgainKeys,
        _reconstruct,
        "DATA --out again.npz",
        asked="data",
        reads=True,
        shown=lambda samples: samples.shown(),
        told=lambda samples: samples.told(),
        saved={ending: _saved(ending) for ending in ENDINGS},
    ),
    **embed_verb(_codes),
}
