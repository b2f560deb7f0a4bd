"""Vectors of examples: what a model makes of them before its head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.taps import FEATURES, observe


def as_they_stand(x: Any) -> Any:
    """Return encoded inputs as the inputs of the model."""
    return x


@dataclass(frozen=True)
class Vectors:
    """Answers with the vector of each example, (batch, features): what the model taps as ``features``.

    Members of an ensemble that were trained apart stand side by side, since nothing makes their features
    agree.

    Args:
        inputs: encoded inputs → inputs of the model.

    Example:
        >>> from lamina.models import build
        >>> model = build("mlp", inputs=(4,), outputs=3, size=8, depth=1)
        >>> Vectors().answer(model, jnp.ones((2, 4))).shape
        (2, 8)
    """

    inputs: Callable[[Any], Any] = as_they_stand
    decoded_type = np.float32

    def answer(self, model: Callable[..., Array], x: Any) -> Array:
        """Return the vectors, float32.

        Args:
            model: called without a key, in evaluation mode.
            x: encoded inputs.

        Raises:
            ConfigError: the model marks no vector.
        """
        found = observe(model, FEATURES, f"*.{FEATURES}", strict=False)(self.inputs(x))[1]
        if not found:
            message = "the model does not say which of its values are the vector of an example"
            fix = f"mark it in the model's __call__: self.tap({FEATURES!r}, y)"
            raise ConfigError(message, where=type(model).__name__, fix=fix)
        value = found[min(found, key=len)]  # its own, not that of a network inside it
        return jnp.moveaxis(value, -2, 0).reshape(value.shape[-2], -1).astype(jnp.float32)
