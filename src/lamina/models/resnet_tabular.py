"""A residual network for tables."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.inputs import Inputs, TableInputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.features import NumericEmbedding, TableFeatures
from lamina.models.registry import register
from lamina.nn.activation import relu
from lamina.nn.dropout import Dropout
from lamina.nn.linear import Linear
from lamina.nn.normalization import BatchNorm
from lamina.nn.stack import Stack


class ResidualBlock(Module):
    """x + dropout(W₂ · dropout(relu(W₁ · norm(x)))).

    Shapes:
        (batch, width) → the same
    """

    norm: BatchNorm
    first: Linear
    second: Linear
    dropout: Dropout

    def __init__(self, width: int, *, hidden: int, dropout: float, key: Any):
        first_key, second_key = split(key, 2)
        self.norm = BatchNorm(width)
        self.first = Linear(width, hidden, key=first_key)
        self.second = Linear(hidden, width, key=second_key)
        self.dropout = Dropout(dropout)

    def __call__(
        self, x: Float[Array, "b d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b d"]:
        hidden = self.first(self.norm(x, train=train), activation="relu")
        return x + self.second(self.dropout(hidden, key=key, train=train))


class ResNetTabular(Module):
    """Features, a first weighted sum, residual blocks, normalization, a last weighted sum.

    Args:
        features: embeds the columns.
        outputs: numbers that leave.
        width: features of the residual stream.
        depth: residual blocks, >= 0.
        dropout: probability in [0, 1) inside the blocks.
        key: random key or seed.

    Shapes:
        (batch, n) or encoded columns → (batch, outputs)
    """

    features: TableFeatures
    first: Linear
    blocks: Stack
    norm: BatchNorm
    head: Linear

    def __init__(
        self, features: TableFeatures, outputs: int, *, width: int, depth: int, dropout: float, key: Any
    ):
        first_key, blocks_key, head_key = split(key, 3)
        self.features = features
        self.first = Linear(features.features, width, key=first_key)
        self.blocks = Stack(
            lambda k: ResidualBlock(width, hidden=2 * width, dropout=dropout, key=k),
            depth=depth,
            key=blocks_key,
        )
        self.norm, self.head = BatchNorm(width), Linear(width, outputs, key=head_key)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        x = self.blocks(self.first(self.features(x)), key=key, train=train)
        return self.head(self.tap(FEATURES, relu(self.norm(x, train=train))))


@register(
    "resnet-tabular", size=128, dial="width of the residual stream", takes=(TableInputs, tuple),
    reference="Gorishniy et al. Revisiting deep learning models for tabular data. NeurIPS 2021",
)  # fmt: skip
def resnet_tabular(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 3,
    dropout: float = 0.2,
    embedding: NumericEmbedding = "none",
    key: Any,
) -> Module:
    """Residual network with batch normalization: deeper than an MLP, still quick."""
    features_key, body_key = split(key, 2)
    features = TableFeatures(inputs, embedding=embedding, key=features_key)
    return ResNetTabular(features, outputs, width=size, depth=depth, dropout=dropout, key=body_key)
