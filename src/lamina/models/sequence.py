"""What the networks over texts share: symbols as vectors, a body that reads them, outputs."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module, replace, static
from lamina.core.random import split
from lamina.core.shapes import Float, Int
from lamina.core.taps import FEATURES
from lamina.core.wanted import EACH, NEXT, ONE
from lamina.models.word_parts import WordParts
from lamina.nn.chain import chain_of
from lamina.nn.dropout import Dropout
from lamina.nn.embedding import Embedding
from lamina.nn.linear import Linear
from lamina.nn.stack import Stack
from lamina.ops.dense import dense

MOST_UNSTACKED = 32  # blocks: each is compiled by itself

WORD_DROPOUT = 0.2


class SequenceModel(Module):
    """Symbols as vectors, a body over the sequence, and a head at each position or on their mean.

    h = body(embedding(ids) + positions),  y_t = head(norm(h_t)),  or y = head(mean_t norm(h_t)) where one
    output an example is wanted; positions behind the end of a text take no part.

    Args:
        inputs: of texts whose symbols stand in their order.
        outputs: numbers that leave.
        width: features of a symbol.
        body: a layer over sequences, see `lamina.nn.sequence`.
        wants: the outputs, one of `lamina.core.wanted.WANTED`.
        positions: adds what says where a symbol stands, or None where the body knows.
        norm: before the head, or None.
        dropout: probability in [0, 1) on the vectors that enter, and before the head unless it is NEXT.
        word_dropout: probability in [0, 1) that a word which is told by its parts too is told by them alone.
        is_tied: whether the vectors of the symbols are the head too, where the outputs are the symbols.
        key: random key or seed.

    Shapes:
        ``{"ids": (batch, time), "scale": (batch, time)}`` → (batch, outputs) or (batch, time, outputs);
        with ``"at": (batch, places)`` where EACH is wanted → (batch, places, outputs)

    Raises:
        ConfigError: the symbols are a bag.

    References:
        Press, Wolf. Using the output embedding to improve language models. EACL 2017: tied vectors.
    """

    embedding: Embedding
    parts: WordParts | None
    positions: Module | None
    dropout: Dropout
    body: Any
    norm: Module | None
    head: Linear | None
    wants: str = static()

    def __init__(
        self,
        inputs: TextInputs,
        outputs: int,
        *,
        width: int,
        body: Any,
        wants: str,
        positions: Module | None = None,
        norm: Module | None = None,
        dropout: float = 0.0,
        word_dropout: float = WORD_DROPOUT,
        is_tied: bool = False,
        key: Any,
    ):
        if not inputs.is_ordered:
            raise ConfigError(
                "this model needs the symbols of a text in their order",
                received="a bag of n-grams",
                fix="add tokens=bpe, or unigram, characters, bytes",
            )
        embedding_key, head_key = split(key, 2)
        self.embedding = Embedding(inputs.symbols, width, key=embedding_key)
        self.parts = None
        if inputs.parts:
            _check_not_next(wants)
            part_key = split(embedding_key, 1)[0]
            self.parts = WordParts(inputs.parts, width, rate=word_dropout, key=part_key)
        self.positions, self.dropout, self.body, self.norm = positions, Dropout(dropout), body, norm
        tied = is_tied and wants != ONE and outputs == inputs.symbols
        self.head = None if tied else Linear(width, outputs, key=head_key)
        self.wants = wants

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "*b o"]:
        keys = (None, None, None, None) if key is None else hashed_keys(key, 4)
        ids, present = x["ids"], x["ids"] >= 0
        y = self.embedding(jnp.maximum(ids, 0)).astype(x["scale"].dtype)
        y = y if self.parts is None else self.parts(y, x["parts"], key=keys[3], train=train)
        y = y if self.positions is None else self.positions(y)
        y = self.dropout(y, key=keys[0], train=train)
        y = self._normalized(self.body(y, present=present, key=keys[1], train=train))
        if self.wants == ONE:
            y = self.tap(FEATURES, mean_of_present(y, present))
        elif self.is_heard(FEATURES):
            self.tap(FEATURES, mean_of_present(y, present))
        if self.wants == NEXT:
            return self._outputs(y)
        if self.wants == EACH and "at" in x:
            y = jnp.take_along_axis(y, x["at"][..., None], axis=1)
        return self._outputs(self.dropout(y, key=keys[2], train=train))

    def init_cache(self, batch: int, length: int) -> dict[str, Any]:
        """Return the state before the first symbol.

        Args:
            batch: texts.
            length: symbols of a text at most.
        """
        dtype = self.embedding.weight.dtype
        return {"position": jnp.zeros((), jnp.int32), "body": self.body.init_cache(batch, length, dtype)}

    def extend(
        self, ids: Int[Array, "b t"], cache: dict[str, Any]
    ) -> tuple[Float[Array, "b t o"], dict[str, Any]]:
        """Return the outputs at the next symbols, and the state behind them.

        Args:
            ids: the next symbols, all of them there.
            cache: the state before them.
        """
        y = self.embedding(ids)
        y = y if self.positions is None else self.positions(y, start=cache["position"])
        y, body = self.body.extend(y, cache["body"])
        found = {"position": cache["position"] + ids.shape[1], "body": body}
        return self._outputs(self._normalized(y)), found

    def step(
        self, ids: Int[Array, " b"], cache: dict[str, Any]
    ) -> tuple[Float[Array, "b o"], dict[str, Any]]:
        """Return the outputs at the next symbol of each text, and the state behind it."""
        found, cache = self.extend(ids[:, None], cache)
        return found[:, 0], cache

    def unstacked(self) -> SequenceModel:
        """Return the same network with its blocks one by one, whose caches a loop writes in place."""
        if not isinstance(self.body, Stack) or not 0 < self.body.depth <= MOST_UNSTACKED:
            return self
        return replace(self, body=chain_of(self.body))

    def _normalized(self, y: Array) -> Array:
        return y if self.norm is None else self.norm(y)

    def _outputs(self, y: Array) -> Array:
        if self.head is not None:
            return self.head(y)
        return dense(y, self.embedding.weight.astype(y.dtype))


def _check_not_next(wants: str) -> None:
    """Refuse words that are told by their parts where words have to be written: there are others."""
    if wants == NEXT:
        raise ConfigError(
            "what comes next in a text is no word of a list", received="tokens=words",
            fix="add tokens=bpe, or unigram, characters, bytes",
        )  # fmt: skip


def mean_of_present(y: Array, present: Array) -> Array:
    """Return the mean over the positions that are there, (batch, width); zeros where there are none.

    Args:
        y: (batch, time, width).
        present: which positions are there, (batch, time).

    Example:
        >>> mean_of_present(jnp.arange(4.0).reshape(1, 2, 2), jnp.array([[True, False]])).tolist()
        [[0.0, 1.0]]
    """
    weight = present.astype(y.dtype)[..., None]
    return (y * weight).sum(1) / jnp.maximum(weight.sum(1), 1)


def text_inputs(inputs: Inputs) -> TextInputs:
    """Return the inputs of a model of texts.

    Raises:
        ConfigError: they are no texts.
    """
    if not isinstance(inputs, TextInputs):
        raise ConfigError("the inputs are no texts", expected="TextInputs", received=inputs)
    return inputs


def heads_of(width: int, *, head_width: int) -> int:
    """Return the most heads that divide a width, each at least so wide.

    Example:
        >>> heads_of(128, head_width=32), heads_of(100, head_width=32)
        (4, 2)
    """
    return max(heads for heads in range(1, max(1, width // head_width) + 1) if width % heads == 0)
