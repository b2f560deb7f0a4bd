"""What models of series share: the steps that they look back at."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import Inputs
from lamina.core.inputs.series import SeriesInputs
from lamina.core.shapes import Float


def series_inputs(inputs: Inputs) -> SeriesInputs:
    """Return inputs that are series.

    Args:
        inputs: what a model is told.

    Raises:
        ConfigError: they are others.
    """
    if not isinstance(inputs, SeriesInputs):
        raise ConfigError("the inputs are no series", expected="SeriesInputs", received=inputs)
    return inputs


def context_of(x: Any, context: int) -> Float[Array, "b s c"]:
    """Return the steps before a forecast, the oldest first.

    Args:
        x: as `SeriesInputs` says.
        context: how many.
    """
    steps = jnp.asarray(x["at"])[:, None] + jnp.arange(-context, 0)[None]
    return jnp.asarray(x["common"]["values"])[steps].swapaxes(1, 2)


def from_last(last: Float[Array, "b s"], found: Float[Array, "b s o"]) -> Float[Array, "b s o"]:
    """Return forecasts of the difference from the last step as forecasts of the values.

    Args:
        last: the last step of each series.
        found: differences.
    """
    return found + last[..., None]
