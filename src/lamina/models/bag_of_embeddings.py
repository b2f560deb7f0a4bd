"""A weighted bag of embeddings: the sum of a vector for each symbol of a text."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.registry import register
from lamina.nn.activation import ACTIVATIONS
from lamina.nn.dropout import Dropout
from lamina.nn.embedding_bag import EmbeddingBag
from lamina.nn.linear import Linear, aligned


class BagOfEmbeddings(Module):
    """y = head(dropout(activation(Σ_t m_t · scale_t · E[id_t] + bias))), where m_t drops symbols in training.

    Where the scales are weights of n-grams, this is a network with one hidden layer over a very long and
    sparse vector, of which only what stands in the text is computed.

    Args:
        inputs: of the texts.
        outputs: numbers that leave.
        width: length of a symbol's vector.
        activation: name in `lamina.nn.ACTIVATIONS`.
        dropout: probability in [0, 1) that a value of the sum is switched off in training.
        symbol_dropout: … that a symbol of the text is left out.
        key: random key or seed.

    Shapes:
        ``{"ids": (batch, time), "scale": (batch, time)}`` → (batch, outputs). O(batch · time · width)

    References:
        Iyyer, Manjunatha, Boyd-Graber, Daumé. Deep unordered composition rivals syntactic methods for text
        classification. ACL 2015.
    """

    embedding: EmbeddingBag
    bias: Float[Array, " d"]
    symbol_dropout: Dropout
    dropout: Dropout
    head: Linear
    activation: str = static()

    def __init__(
        self,
        inputs: TextInputs,
        outputs: int,
        *,
        width: int,
        activation: str,
        dropout: float,
        symbol_dropout: float,
        key: Any,
    ):
        bag_key, head_key = split(key, 2)
        self.embedding = EmbeddingBag(inputs.symbols, width, key=bag_key)
        self.bias = np.zeros((width,), np.float32)
        self.symbol_dropout, self.dropout = Dropout(symbol_dropout), Dropout(dropout)
        self.head = Linear(width, outputs, key=head_key)
        self.activation = activation
        ACTIVATIONS[activation]  # an unknown name is refused here, not while compiling

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        keys = (None, None) if key is None else hashed_keys(key, 2)
        scale = self.symbol_dropout(x["scale"], key=keys[0], train=train)
        y = self.embedding({"ids": x["ids"], "scale": scale}).astype(scale.dtype)
        y = self.tap(FEATURES, ACTIVATIONS[self.activation](y + aligned(self.bias, y)))
        return self.head(self.dropout(y, key=keys[1], train=train))


@register(
    "bag-of-embeddings", size=128, dial="length of a symbol's vector", takes=(TextInputs,),
    reference="Joulin, Grave, Bojanowski, Mikolov. Bag of tricks for efficient text classification. "
    "EACL 2017",
)  # fmt: skip
def bag_of_embeddings(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    activation: str = "relu",
    dropout: float = 0.3,
    symbol_dropout: float = 0.2,
    key: Any,
) -> Module:
    """Bag of embeddings: n-grams of words and characters, summed; fast, and hard to beat on short texts."""
    if not isinstance(inputs, TextInputs):
        raise ConfigError("the inputs are no texts", expected="TextInputs", received=inputs)
    return BagOfEmbeddings(
        inputs,
        outputs,
        width=size,
        activation=activation,
        dropout=dropout,
        symbol_dropout=symbol_dropout,
        key=key,
    )
