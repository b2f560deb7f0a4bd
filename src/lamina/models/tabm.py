"""TabM: one network that is an ensemble of many."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.arrays import Array
from lamina.core.inputs import Inputs, TableInputs
from lamina.core.module import Module
from lamina.core.random import namespace, split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.features import NumericEmbedding, TableFeatures
from lamina.models.mlp import MLPBody
from lamina.models.registry import register
from lamina.nn.activation import relu
from lamina.nn.dropout import Dropout
from lamina.nn.ensemble import BatchEnsembleLinear, MemberLinear, MemberScale, random_signs

_REFERENCE = "Gorishniy, Kotelnikov, Babenko. TabM. ICLR 2025"


class TabM(Module):
    """Features, an own scaling for each member, a shared body, an own head for each member.

    The task takes the mean of the members' losses in training, and the mean of their
    answers in prediction.

    Args:
        features: embeds the columns.
        scale: tells the members apart.
        body: hidden layers, shared or with scalings of their own.
        head: the last weighted sum of each member.

    Shapes:
        (batch, n) or encoded columns → (batch, members, outputs)
    """

    features: TableFeatures
    scale: MemberScale
    body: Module
    head: MemberLinear

    def __init__(self, features: TableFeatures, scale: MemberScale, body: Module, head: MemberLinear):
        self.features, self.scale, self.body, self.head = features, scale, body, head

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b k o"]:
        members = self.scale(self.features(x))
        members = self.body(members, key=key, train=train)
        if self.is_heard(FEATURES):
            self.tap(FEATURES, members.mean(1))
        return self.head(members)


class BatchEnsembleBody(Module):
    """``depth`` times: shared weighted sum with own scalings, relu, dropout.

    Shapes:
        (batch, members, inputs) → (batch, members, width)
    """

    layers: list[BatchEnsembleLinear]
    dropout: Dropout

    def __init__(self, inputs: int, *, width: int, depth: int, members: int, dropout: float, key: Any):
        sizes = [inputs, *[width] * depth]
        pairs = zip(sizes, sizes[1:], split(key, depth), strict=False)
        self.layers = [BatchEnsembleLinear(i, o, members=members, key=k) for i, o, k in pairs]
        self.dropout = Dropout(dropout)

    def __call__(
        self, x: Float[Array, "b k i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b k d"]:
        keys = self.dropout.keys(key, len(self.layers), train=train)
        for layer, layer_key in zip(self.layers, keys, strict=True):
            x = self.dropout(relu(layer(x)), key=layer_key, train=train)
        return x


def _member_signs(features: TableFeatures, members: int, key: Any) -> Any:
    """Draw one sign for each member and column, the same over a column's embedding."""
    per_number = 1 if features.numeric is None else features.width
    widths = np.repeat(
        np.arange(features.columns + len(features.offsets)),
        [per_number] * features.columns + [features.width] * len(features.offsets),
    )
    signs = random_signs(key, (members, features.columns + len(features.offsets)))
    return namespace(signs).take(signs, widths, axis=1)


@register(
    "tabm-mini", size=256, dial="width of the hidden layers", takes=(TableInputs, tuple),
    reference=_REFERENCE,
)  # fmt: skip
def tabm_mini(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    members: int = 16,
    depth: int = 2,
    dropout: float = 0.1,
    embedding: NumericEmbedding = "piecewise",
    embedding_width: int = 16,
    key: Any,
) -> Module:
    """Ensemble in one network, members told apart by one scaling: the best start on most tables."""
    features_key, scale_key, body_key, head_key = split(key, 4)
    features = TableFeatures(inputs, embedding=embedding, width=embedding_width, key=features_key)
    scale = MemberScale(_member_signs(features, members, scale_key))
    body = MLPBody(features.features, width=size, depth=depth, dropout=dropout, key=body_key)
    return TabM(features, scale, body, MemberLinear(size, outputs, members=members, key=head_key))


@register(
    "tabm", size=256, dial="width of the hidden layers", takes=(TableInputs, tuple), reference=_REFERENCE,
)  # fmt: skip
def tabm(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    members: int = 16,
    depth: int = 2,
    dropout: float = 0.1,
    embedding: NumericEmbedding = "piecewise",
    embedding_width: int = 16,
    key: Any,
) -> Module:
    """Ensemble in one network, members told apart in every layer: the parameter-efficient ensemble."""
    features_key, scale_key, body_key, head_key = split(key, 4)
    features = TableFeatures(inputs, embedding=embedding, width=embedding_width, key=features_key)
    scale = MemberScale(_member_signs(features, members, scale_key))
    body = BatchEnsembleBody(
        features.features, width=size, depth=depth, members=members, dropout=dropout, key=body_key
    )
    return TabM(features, scale, body, MemberLinear(size, outputs, members=members, key=head_key))
