"""The keys of generation: those of all methods, of which a run may use its own method's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.core.errors import ConfigError
from lamina.core.keys import key, one_of
from lamina.core.manifest import MANIFEST
from lamina.tasks.generate.methods.registry import METHODS


def _all_keys() -> tuple[type, ...]:
    return tuple(dict.fromkeys(METHODS[name].keys for name in METHODS))


@dataclass(frozen=True)
class GenerateKeys(*_all_keys()):  # type: ignore[misc]
    """The keys of generation."""

    method: str = key("auto", "how the distribution is learned", **one_of("auto", *METHODS))
    judge: str | None = key(
        None, "folder of a trained classifier, in whose features the report compares samples with real ones"
    )


def check_judge(keys: Any) -> None:
    """Refuse a judge that is not there, before anything is trained.

    Args:
        keys: of generation.

    Raises:
        ConfigError: the folder holds no network.
    """
    if keys.judge is None:
        return
    place = Path(keys.judge)
    if not any((own / MANIFEST).is_file() for own in (place, place / "network")):
        fix = "give the folder of a run, or of a saved network"
        raise ConfigError("the judge is no trained network", received=f"judge={keys.judge}", fix=fix)
