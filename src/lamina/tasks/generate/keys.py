"""The keys of generation: those of all methods, of which a run may use its own method's."""

from __future__ import annotations

from dataclasses import dataclass, fields
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


def check_owned(keys: Any, method: str) -> None:
    """Refuse keys that belong to another method.

    Args:
        keys: of generation.
        method: of the run.

    Raises:
        ConfigError: naming the key and the methods that own it.
    """
    own = METHODS[method].own()
    for field in fields(keys):
        value = getattr(keys, field.name)
        owners = [name for name in METHODS if field.name in METHODS[name].own()]
        if value is None or not owners or field.name in own:
            continue
        names = " or ".join(f"method={name}" for name in owners)
        message = f"key '{field.name}' belongs to {names}; this run's method is {method}"
        raise ConfigError(message, received=f"{field.name}={value}", fix=f"leave it out, or choose {names}")
