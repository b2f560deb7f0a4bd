"""One weighted sum of the steps before, the same for every series."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.inputs import Inputs
from lamina.core.inputs.series import SeriesInputs
from lamina.core.module import Module, static
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.core.wanted import FUTURE
from lamina.models.registry import register
from lamina.models.windows import context_of, from_last, series_inputs
from lamina.nn.initializers import zeros
from lamina.nn.linear import Linear


class NLinear(Module):
    """y = W · (x − x_last) + b + x_last: differences from the last step give those of the steps to come.

    Args:
        inputs: the series.
        outputs: numbers of a series' forecast.
        key: random key or seed.

    Shapes:
        the arrays of `SeriesInputs` → (batch, series, outputs). O(batch · series · context · outputs)

    References:
        Zeng, Chen, Zhang, Xu. Are transformers effective for time series forecasting? AAAI 2023.
    """

    head: Linear
    context: int = static()

    def __init__(self, inputs: SeriesInputs, outputs: int, *, key: Any):
        self.context = inputs.context
        self.head = Linear(inputs.context, outputs, initializer=zeros, key=key)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b s o"]:
        context = context_of(x, self.context)
        last = context[..., -1]
        return from_last(last, self.head(self.tap(FEATURES, context - last[..., None])))


@register(
    "nlinear", size=1, dial="not used: the steps before are all there is", takes=(SeriesInputs,),
    gives=(FUTURE,),
    reference="Zeng et al. Are transformers effective for time series forecasting? AAAI 2023",
)  # fmt: skip
def nlinear(inputs: Inputs, outputs: int, *, size: int, key: Any) -> Module:
    """One weighted sum of the steps before: quick, and hard to beat where seasons are regular."""
    return NLinear(series_inputs(inputs), outputs, key=key)
