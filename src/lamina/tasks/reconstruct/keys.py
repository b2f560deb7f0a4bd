"""The keys of reconstruction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
