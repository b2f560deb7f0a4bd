"""The multilayer perceptron: weighted sums with an activation between them."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.inputs import Inputs, TableInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.features import NumericEmbedding, TableFeatures
from lamina.models.registry import register
from lamina.nn.activation import ACTIVATIONS
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import he_uniform
from lamina.nn.linear import Linear


class MLPBody(Module):
    """``depth`` times: weighted sum, activation, dropout.

    Works over the last axis, so leading axes (batch, members) are whatever they are.

    Args:
        inputs: features that come.
        width: features of every hidden layer.
        depth: number of hidden layers.
        activation: name in `lamina.nn.ACTIVATIONS`.
        dropout: probability in [0, 1).
        key: random key or seed.

    Shapes:
        (*batch, inputs) → (*batch, width)
    """

    layers: list[Linear]
    dropout: Dropout
    activation: str = static()

    def __init__(
        self,
        inputs: int,
        *,
        width: int,
        depth: int,
        activation: str = "relu",
        dropout: float = 0.0,
        key: Any,
    ):
        sizes = [inputs, *[width] * depth]
        pairs = zip(sizes, sizes[1:], split(key, max(1, depth)), strict=False)
        self.layers = [Linear(i, o, initializer=he_uniform, key=k) for i, o, k in pairs]
        self.dropout, self.activation = Dropout(dropout), activation
        ACTIVATIONS[activation]  # an unknown name is refused here, not while compiling

    def __call__(
        self, x: Float[Array, "*b i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b d"]:
        keys = self.dropout.keys(key, len(self.layers), train=train)
        for index, layer in enumerate(self.layers):
            x = self.dropout(layer(x, activation=self.activation), key=keys[index], train=train)
            x = self.tap(f"{index}", x)
        return x


class MLP(Module):
    """Features of the columns, hidden layers, one last weighted sum.

    Args:
        features: embeds the columns.
        body: the hidden layers.
        head: the last weighted sum.

    Shapes:
        (batch, n) or encoded columns → (batch, outputs)

    References:
        Rumelhart, Hinton, Williams. Learning representations by back-propagating errors. Nature 1986.
    """

    features: TableFeatures
    body: MLPBody
    head: Linear

    def __init__(self, features: TableFeatures, body: MLPBody, head: Linear):
        self.features, self.body, self.head = features, body, head

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        return self.head(self.tap(FEATURES, self.body(self.features(x), key=key, train=train)))


@register(
    "mlp", size=256, dial="width of the hidden layers", takes=(TableInputs, tuple),
    reference="Rumelhart, Hinton, Williams. Nature 1986",
)  # fmt: skip
def mlp(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 2,
    activation: str = "relu",
    dropout: float = 0.0,
    embedding: NumericEmbedding = "none",
    key: Any,
) -> Module:
    """Multilayer perceptron: fast, and strong on dense numeric data."""
    features_key, body_key, head_key = split(key, 3)
    features = TableFeatures(inputs, embedding=embedding, key=features_key)
    body = MLPBody(
        features.features, width=size, depth=depth, activation=activation, dropout=dropout, key=body_key
    )
    return MLP(features, body, Linear(size if depth else features.features, outputs, key=head_key))
