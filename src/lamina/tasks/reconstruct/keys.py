"""The keys of reconstruction."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from lamina.core.errors import ConfigError
from lamina.core.keys import NOT_NEGATIVE, POSITIVE, key, one_of
from lamina.tasks.reconstruct.methods import METHODS

_SHARE: dict[str, Any] = {"check": lambda value: 0 <= value < 1, "expected": ">= 0 and < 1"}


@dataclass(frozen=True)
class ReconstructKeys:
    """The keys of reconstruction."""

    method: str = key("autoencoder", "kind of autoencoder", **one_of(*METHODS))
    noise: float | None = key(None, "std of the noise that training adds: denoising", **POSITIVE)
    hidden_share: float | None = key(
        None, "share of columns or pixels that training hides: denoising, masked", **_SHARE
    )
    beta: float | None = key(None, "weight of the divergence from the prior: vae", **NOT_NEGATIVE)


def check_owned(keys: ReconstructKeys) -> None:
    """Refuse keys that belong to another method.

    Args:
        keys: of the task.

    Raises:
        ConfigError: naming the key and the methods that own it.
    """
    for field in fields(keys):
        value = getattr(keys, field.name)
        owners = [name for name, method in METHODS.items() if field.name in method.own]
        if value is None or not owners or keys.method in owners:
            continue
        names = " or ".join(f"method={name}" for name in owners)
        message = f"key '{field.name}' belongs to {names}; this run's method is {keys.method}"
        raise ConfigError(message, received=f"{field.name}={value}", fix=f"leave it out, or choose {names}")
