"""Keys of a task of which each choice, such as a method, owns some."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lamina.core.errors import ConfigError


def check_owned(
    keys: Any, choice: str, owned: Mapping[str, Collection[str]], *, noun: str = "method"
) -> None:
    """Refuse keys that belong to another choice than that of the run.

    Args:
        keys: of the task; None where one is left open.
        choice: of the run.
        owned: choice → names of the keys that are its own; several may own one.
        noun: the key that chooses.

    Raises:
        ConfigError: naming the key and those who own it.
    """
    for name in dict.fromkeys(name for names in owned.values() for name in names):
        value = getattr(keys, name)
        if value is None or name in owned[choice]:
            continue
        owners = " or ".join(f"{noun}={other}" for other, names in owned.items() if name in names)
        message = f"key '{name}' belongs to {owners}; this run's {noun} is {choice}"
        raise ConfigError(message, received=f"{name}={value}", fix=f"leave it out, or choose {owners}")
