"""Blocks of transformers, made of parts: a normalization, an attention, a feed-forward layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Bool, Float
from lamina.nn.cross_attention import CrossAttention
from lamina.nn.sequence import AbstractSequenceLayer

MakePart = Callable[..., Module]  # ``make(width, key=key)``


class DecoderBlock(AbstractSequenceLayer):
    """x + attention(norm(x)), then x + cross(norm(x), memory) if there is one, x + feed_forward(norm(x)).

    The parts say which transformer it is: GPT-2 takes `LayerNorm`, `CausalSelfAttention`, `FeedForward`;
    Llama `RMSNorm`, `CausalSelfAttention` with `Rotary`, `GatedFeedForward`. O(those of the parts).

    Args:
        width: features of each position.
        norm: makes a normalization from a width.
        attention: makes the attention, of which `extend` needs one with a cache.
        feed_forward: makes the layer for each position, which is told which of them are ``present``:
            `FeedForward`, `GatedFeedForward`, `MixtureOfExperts`.
        cross: makes the attention to another sequence, a `CrossAttention`; None for a decoder alone.
        key: random key or seed.

    Shapes:
        (batch, time, width) → the same; ``memory`` (batch, length, width) is the other sequence

    Example:
        >>> import functools, jax.numpy as jnp
        >>> from lamina.nn import CausalSelfAttention, FeedForward, LayerNorm
        >>> attention = functools.partial(CausalSelfAttention, heads=2)
        >>> block = DecoderBlock(8, norm=LayerNorm, attention=attention, feed_forward=FeedForward, key=0)
        >>> block(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)

    References:
        Radford et al. Language models are unsupervised multitask learners. 2019. Xiong et al. On layer
        normalization in the transformer architecture. ICML 2020: the norm before each branch.
    """

    ln_1: Module
    self_attention: Module
    ln_cross: Module | None
    cross_attention: CrossAttention | None
    ln_2: Module
    feed_forward: Module

    def __init__(
        self,
        width: int,
        *,
        norm: Callable[[int], Module],
        attention: MakePart,
        feed_forward: MakePart,
        cross: Callable[..., CrossAttention] | None = None,
        key: Any,
    ):
        keys = split(key, 3)
        self.ln_1, self.self_attention = norm(width), attention(width, key=keys[0])
        self.ln_2, self.feed_forward = norm(width), feed_forward(width, key=keys[1])
        self.ln_cross = None if cross is None else norm(width)
        self.cross_attention = None if cross is None else cross(width, key=keys[2])

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        memory: Float[Array, "b s d"] | None = None,
        memory_present: Bool[Array, "b s"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        keys = (None, None, None) if key is None else hashed_keys(key, 3)
        x = x + self.self_attention(self.ln_1(x), present=present, key=keys[0], train=train)
        if self.cross_attention is not None and self.ln_cross is not None:
            x = x + self.cross_attention(
                self.ln_cross(x), memory, present=memory_present, key=keys[2], train=train
            )
        return x + self.feed_forward(self.ln_2(x), present=present, key=keys[1], train=train)

    def init_cache(
        self,
        batch: int,
        length: int,
        dtype: Any,
        *,
        memory: Float[Array, "b s d"] | None = None,
        memory_present: Bool[Array, "b s"] | None = None,
    ) -> dict[str, Any]:
        """Return the state before the first position.

        Args:
            batch: sequences.
            length: positions at most.
            dtype: arithmetic of the block.
            memory: the other sequence, where there is one.
            memory_present: which of its positions are there; all without.
        """
        attention: Any = self.self_attention
        found = {"self": attention.init_cache(batch, length, dtype)}
        if self.cross_attention is None or memory is None:
            return found
        return {**found, "cross": self.cross_attention.init_cache(memory, present=memory_present)}

    def extend(
        self, x: Float[Array, "b t d"], cache: dict[str, Any]
    ) -> tuple[Float[Array, "b t d"], dict[str, Any]]:
        """Return the outputs of the next positions, and the state behind them.

        Args:
            x: one vector for each of the next positions.
            cache: the state before them.
        """
        attention: Any = self.self_attention
        mixed, kept = attention.extend(self.ln_1(x), cache["self"])
        x, cache = x + mixed, {**cache, "self": kept}
        if self.cross_attention is not None and self.ln_cross is not None:
            x = x + self.cross_attention.extend(self.ln_cross(x), cache["cross"])[0]
        return x + self.feed_forward(self.ln_2(x)), cache


class PostNormBlock(Module):
    """norm(x + attention(x)), then norm(x + feed_forward(x)): the block of BERT.

    Args:
        width: features of each position.
        norm: makes a normalization from a width.
        attention: makes the attention, such as `MultiHeadAttention`.
        feed_forward: makes the layer for each position.
        key: random key or seed.

    Shapes:
        (batch, time, width) → the same; ``present`` (batch, time) says which positions are there

    Example:
        >>> import functools, jax.numpy as jnp
        >>> from lamina.nn import FeedForward, LayerNorm, MultiHeadAttention
        >>> attention = functools.partial(MultiHeadAttention, heads=2)
        >>> block = PostNormBlock(8, norm=LayerNorm, attention=attention, feed_forward=FeedForward, key=0)
        >>> block(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017. Devlin et al. BERT. NAACL 2019.
    """

    self_attention: Module
    ln_1: Module
    feed_forward: Module
    ln_2: Module

    def __init__(
        self,
        width: int,
        *,
        norm: Callable[[int], Module],
        attention: MakePart,
        feed_forward: MakePart,
        key: Any,
    ):
        attention_key, feed_forward_key = split(key, 2)
        self.self_attention, self.ln_1 = attention(width, key=attention_key), norm(width)
        self.feed_forward, self.ln_2 = feed_forward(width, key=feed_forward_key), norm(width)

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        keys = (None, None) if key is None else hashed_keys(key, 2)
        x = self.ln_1(x + self.self_attention(x, present=present, key=keys[0], train=train))
        return self.ln_2(x + self.feed_forward(x, present=present, key=keys[1], train=train))
