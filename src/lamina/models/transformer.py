"""The transformer of 2017: an encoder that reads one text, a decoder that writes another."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs, PairInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Bool, Float, Int
from lamina.core.taps import FEATURES
from lamina.core.wanted import NEXT
from lamina.models.gpt import HEAD_WIDTH, MOST_UNROLLED
from lamina.models.registry import register
from lamina.models.sequence import heads_of, mean_of_present
from lamina.nn.causal_attention import CausalSelfAttention
from lamina.nn.chain import extended
from lamina.nn.cross_attention import CrossAttention
from lamina.nn.decoder_block import DecoderBlock
from lamina.nn.dropout import Dropout
from lamina.nn.embedding import Embedding
from lamina.nn.encoder_block import EncoderBlock
from lamina.nn.feed_forward import FeedForward
from lamina.nn.initializers import truncated_normal
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions
from lamina.nn.sinusoidal import SinusoidalPositions
from lamina.nn.stack import Stack
from lamina.ops.dense import dense

SINUSOIDAL, LEARNED = "sinusoidal", "learned"
EPSILON = 1e-6  # of all normalizations, as `EncoderBlock` has it


class Transformer(Module):
    """What is said next in one text, given the whole of another: p(y_t | y_1 … y_{t-1}, x).

    memory = norm(encoder(√d · E(x) + positions)),
    logits_t = head(norm(decoder(√d · D(y_0 … y_{t-1}) + positions, memory)))_t.
    O(batch · width · (time + length) · (width + time + length)).

    Args:
        inputs: of both texts.
        outputs: numbers that leave at each position: the symbols of the target.
        width: features of a symbol.
        depth: blocks of the encoder.
        decoder_depth: blocks of the decoder.
        heads: subspaces of every attention.
        dropout: probability in [0, 1) on what enters, and behind every branch.
        positions: ``"sinusoidal"``, or ``"learned"`` for as many symbols as the inputs have.
        is_shared: whether source and target have the same symbols and vectors.
        is_tied: whether the vectors of the target's symbols are the head too.
        key: random key or seed.

    Shapes:
        ``{"source": {"ids": (batch, length), "scale"}, "target": {"ids": (batch, time), "scale"}}`` →
        (batch, time, outputs)

    Raises:
        ConfigError: vectors are to be shared, and the texts have not the same number of symbols.

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017. Deviations: the norm stands before each
        branch (Xiong et al. On layer normalization in the transformer architecture. ICML 2020), and gelu
        in place of relu.
    """

    source_embedding: Embedding | None
    target_embedding: Embedding
    source_positions: Module
    target_positions: Module
    encoder: Stack
    encoder_norm: LayerNorm
    decoder: Stack
    decoder_norm: LayerNorm
    head: Linear | None
    dropout: Dropout
    width: int = static()

    def __init__(
        self,
        inputs: PairInputs,
        outputs: int,
        *,
        width: int,
        depth: int,
        decoder_depth: int,
        heads: int,
        dropout: float = 0.0,
        positions: str = SINUSOIDAL,
        is_shared: bool = False,
        is_tied: bool = True,
        key: Any,
    ):
        keys = split(key, 7)
        source, target = inputs.source, inputs.target
        if is_shared and source.symbols != target.symbols:
            raise ConfigError(
                "source and target cannot share their vectors: they have different symbols",
                expected=f"{target.symbols} symbols in both",
                received=source.symbols,
                fix="leave shared out",
            )
        begin = functools.partial(truncated_normal, std=1 / math.sqrt(width))
        embedding = functools.partial(Embedding, width=width, initializer=begin)
        self.source_embedding = None if is_shared else embedding(source.symbols, key=keys[0])
        self.target_embedding = embedding(target.symbols, key=keys[1])
        self.source_positions = make_positions(positions, source.length, width, key=keys[2])
        self.target_positions = make_positions(positions, target.length, width, key=keys[3])
        read = functools.partial(EncoderBlock, width, heads=heads, dropout=dropout)
        write = functools.partial(writing_block, width, heads=heads, dropout=dropout)
        self.encoder = _stack(read, depth, keys[4])
        self.decoder = _stack(write, decoder_depth, keys[5])
        self.encoder_norm, self.decoder_norm = (LayerNorm(width, epsilon=EPSILON) for _ in range(2))
        self.head = None if is_tied and outputs == target.symbols else Linear(width, outputs, key=keys[6])
        self.dropout, self.width = Dropout(dropout), width

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b t o"]:
        keys = (None,) * 3 if key is None else hashed_keys(key, 3)
        source, target = x["source"], x["target"]
        memory = self.encode(source, key=keys[0], train=train)
        y = self._embedded(self.target_embedding, target["ids"], self.target_positions, source["scale"].dtype)
        y = self.dropout(y, key=keys[1], train=train)
        y = self.decoder(
            y, memory=memory, memory_present=source["ids"] >= 0, key=keys[2], train=train
        )  # fmt: skip
        return self._outputs(y)

    def encode(
        self, source: dict[str, Array], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b s d"]:
        """Return one vector for each symbol of the source.

        Args:
            source: ``{"ids", "scale"}``.
            key: random key of dropout.
            train: training mode.
        """
        keys = (None, None) if key is None else hashed_keys(key, 2)
        ids, embedding = source["ids"], self.source_embedding or self.target_embedding
        y = self._embedded(embedding, ids, self.source_positions, source["scale"].dtype)
        y = self.dropout(y, key=keys[0], train=train)
        y = self.encoder_norm(self.encoder(y, present=ids >= 0, key=keys[1], train=train))
        if self.is_heard(FEATURES):
            self.tap(FEATURES, mean_of_present(y, ids >= 0))
        return y

    def init_cache(
        self, memory: Float[Array, "b s d"], present: Bool[Array, "b s"], length: int
    ) -> dict[str, Any]:
        """Return the state before the first symbol of the target.

        Args:
            memory: from `encode`.
            present: which symbols of the source are there.
            length: symbols of the target at most.
        """
        alike = {"memory": memory, "memory_present": present}
        layers = [block.init_cache(len(memory), length, memory.dtype, **alike) for block in self._blocks()]
        return {"position": jnp.zeros((), jnp.int32), "layers": layers}

    def extend(
        self, ids: Int[Array, "b t"], cache: dict[str, Any]
    ) -> tuple[Float[Array, "b t o"], dict[str, Any]]:
        """Return the outputs at the next symbols of the target, and the state behind them.

        Args:
            ids: the next symbols, all of them there.
            cache: the state before them.
        """
        embedding, start = self.target_embedding, cache["position"]
        y = self._embedded(embedding, ids, self.target_positions, embedding.weight.dtype, start=start)
        # One after another rather than by a scan, which would copy all caches at every symbol.
        y, layers = extended(self._blocks(), y, cache["layers"])
        return self._outputs(y), {"position": start + ids.shape[1], "layers": layers}

    def _blocks(self) -> list[Any]:
        """Return the blocks of the decoder, one by one."""
        blocks = self.decoder.blocks
        return [jax.tree.map(lambda array, i=i: array[i], blocks) for i in range(self.decoder.depth)]

    def reordered(self, cache: dict[str, Any], parents: Int[Array, "b k"]) -> dict[str, Any]:
        """Return the state where each of several targets of a source goes on from another of them.

        Args:
            cache: of `extend`; the targets of a source stand together.
            parents: for each target of each source the one that it goes on from.
        """
        batch, beams = parents.shape
        rows = (jnp.arange(batch)[:, None] * beams + parents).reshape(-1)

        def moved(leaf: Array) -> Array:  # the position has no rows
            return jnp.take(leaf, rows, axis=0, mode="clip") if leaf.ndim else leaf

        layers = [{**own, "self": jax.tree.map(moved, own["self"])} for own in cache["layers"]]
        return {**cache, "layers": layers}

    def _embedded(
        self, embedding: Embedding, ids: Array, positions: Any, dtype: Any, *, start: Any = 0
    ) -> Array:
        y = embedding(jnp.maximum(ids, 0)).astype(dtype) * math.sqrt(self.width)
        return positions(y, start=start)

    def _outputs(self, y: Array) -> Array:
        y = self.decoder_norm(y)
        return dense(y, self.target_embedding.weight.astype(y.dtype)) if self.head is None else self.head(y)


def _stack(make: Any, depth: int, key: Any) -> Stack:
    return Stack(lambda key: make(key=key), depth=depth, unroll=depth <= MOST_UNROLLED, key=key)


def make_positions(kind: str, length: int, width: int, *, key: Any) -> Module:
    """Return the layer that says where a symbol stands.

    Args:
        kind: ``"sinusoidal"`` or ``"learned"``.
        length: symbols of a text at most, where positions are learned.
        width: features of a symbol.
        key: random key or seed.

    Raises:
        ConfigError: there is no such kind.
    """
    if kind == LEARNED:
        return LearnedPositions(length, width, key=key)
    if kind != SINUSOIDAL:
        raise ConfigError(
            "positions is out of range", expected=f"{SINUSOIDAL} or {LEARNED}", received=repr(kind)
        )
    return SinusoidalPositions(width)


def writing_block(width: int, *, heads: int, dropout: float, key: Any) -> DecoderBlock:
    """Return a block of the decoder: causal attention, attention to the source, a feed-forward layer.

    Args:
        width: features of a symbol.
        heads: subspaces of both attentions.
        dropout: probability in [0, 1) behind each branch.
        key: random key or seed.
    """
    alike: dict[str, Any] = {"heads": heads, "rate": dropout}
    return DecoderBlock(
        width,
        norm=functools.partial(LayerNorm, epsilon=EPSILON),
        attention=functools.partial(CausalSelfAttention, **alike),
        cross=functools.partial(CrossAttention, **alike),
        feed_forward=functools.partial(FeedForward, rate=dropout),
        key=key,
    )


@register(
    "transformer", size=128, dial="features of a symbol", takes=(PairInputs,), gives=(NEXT,),
    reference="Vaswani et al. Attention is all you need. NeurIPS 2017",
)  # fmt: skip
def transformer(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 3,
    decoder_depth: int | None = None,
    heads: int | None = None,
    dropout: float = 0.1,
    positions: str = SINUSOIDAL,
    shared: bool = False,
    tied: bool = True,
    key: Any,
) -> Module:
    """Transformer: writes one text from another, as a translation; an encoder and a decoder."""
    if not isinstance(inputs, PairInputs):
        raise ConfigError("the inputs are no pair of texts", expected="PairInputs", received=inputs)
    if not (inputs.source.is_ordered and inputs.target.is_ordered):
        raise ConfigError(
            "this model needs the symbols of a text in their order",
            received="a bag of n-grams",
            fix="add tokens=bpe, or unigram, characters, bytes",
        )
    return Transformer(
        inputs,
        outputs,
        width=size,
        depth=depth,
        decoder_depth=depth if decoder_depth is None else decoder_depth,
        heads=heads or heads_of(size, head_width=HEAD_WIDTH),
        dropout=dropout,
        positions=positions,
        is_shared=shared,
        is_tied=tied,
        key=key,
    )
