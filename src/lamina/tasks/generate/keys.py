"""The keys of generation: those of all methods, of which a run may use its own method's."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from lamina.core.errors import ConfigError
from lamina.core.keys import key, one_of
from lamina.tasks.generate.methods.registry import METHODS


def _all_keys() -> tuple[type, ...]:
    return tuple(dict.fromkeys(METHODS[name].keys for name in METHODS))


@dataclass(frozen=True)
class GenerateKeys(*_all_keys()):  # type: ignore[misc]
    """The keys of generation."""

    method: str = key("auto", "how the distribution is learned", **one_of("auto", *METHODS))


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
