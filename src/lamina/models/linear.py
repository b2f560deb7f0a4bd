"""One weighted sum: Rosenblatt's perceptron, logistic and linear regression."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.inputs import Inputs, TableInputs
from lamina.core.module import Module, replace, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.features import TableFeatures
from lamina.models.registry import register
from lamina.nn.initializers import zeros
from lamina.nn.linear import Linear


class LinearModel(Module):
    """A weighted sum of the numbers plus one learned effect for each category.

    y = x·Wᵀ + b + Σ_c effect_c[x_c]; everything begins at zero. O(batch · columns · outputs).

    Args:
        inputs: ``(features,)`` or the encoded columns of a table.
        outputs: numbers that leave.
        key: random key or seed.

    Shapes:
        (batch, n) or encoded columns → (batch, outputs)
    """

    numeric: Linear
    effects: TableFeatures
    outputs: int = static()

    def __init__(self, inputs: Inputs, outputs: int, *, key: Any):
        numeric_key, effects_key = split(key, 2)
        effects = TableFeatures(inputs, width=outputs, key=effects_key)
        if effects.category is not None:
            weight = zeros(None, effects.category.weight.shape)
            effects = replace(effects, category=replace(effects.category, weight=weight))
        linear = Linear(max(1, effects.columns), outputs, initializer=zeros, key=numeric_key)
        self.numeric, self.effects = replace(linear, bias=zeros(None, (outputs,))), effects
        self.outputs = outputs

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        flat = self.tap(FEATURES, self.effects(x))
        numbers, codes = flat[:, : self.effects.columns], flat[:, self.effects.columns :]
        if self.effects.columns == 0:
            numbers = jnp.zeros((flat.shape[0], 1), flat.dtype)
        return self.numeric(numbers) + codes.reshape(flat.shape[0], -1, self.outputs).sum(1)


_REFERENCE = "Rosenblatt. The perceptron. Psychological Review 1958"


@register(
    "perceptron", size=1, dial="none", takes=(TableInputs, tuple), reference=_REFERENCE,
    defaults={"loss": "perceptron", "optimizer": "sgd", "lr": 0.01, "schedule": "constant",
              "weight_decay": 0.0, "numeric": "standard"},
)  # fmt: skip
def perceptron(inputs: Inputs, outputs: int, *, size: int, key: Any) -> Module:
    """Rosenblatt's perceptron: one weighted sum, corrected only where it is wrong. For the record."""
    return LinearModel(inputs, outputs, key=key)


@register(
    "logistic", size=1, dial="none", takes=(TableInputs, tuple),
    reference="Cox. The regression analysis of binary sequences. JRSS B 1958",
    defaults={"lr": 0.02, "weight_decay": 0.0, "numeric": "standard", "optimizer": "adamw"},
)  # fmt: skip
def logistic(inputs: Inputs, outputs: int, *, size: int, key: Any) -> Module:
    """Logistic regression: the baseline every classifier has to beat."""
    return LinearModel(inputs, outputs, key=key)


@register(
    "linear", size=1, dial="none", takes=(TableInputs, tuple),
    reference="Legendre. Nouvelles méthodes (least squares). 1805",
    defaults={"lr": 0.02, "weight_decay": 0.0, "numeric": "standard", "optimizer": "adamw"},
)  # fmt: skip
def linear(inputs: Inputs, outputs: int, *, size: int, key: Any) -> Module:
    """Linear regression: the baseline every regressor has to beat."""
    return LinearModel(inputs, outputs, key=key)
