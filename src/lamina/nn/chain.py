"""Blocks of a sequence network one by one, as suits writing with a cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module
from lamina.core.shapes import Bool, Float
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.nn.stack import Stack


class Chain(AbstractSequenceLayer):
    """Sequence layers in a row, each with a cache of its own.

    It computes what the `Stack` of the same blocks does. A loop that writes updates each cache in place,
    where a stack's scan copies weights and caches of every block at every position.

    Args:
        blocks: layers over a sequence.

    Shapes:
        (batch, time, width) → the same

    Example:
        >>> import jax.numpy as jnp
        >>> from lamina.nn import CausalSelfAttention
        >>> stack = Stack(lambda key: CausalSelfAttention(8, heads=2, key=key), depth=2, key=0)
        >>> chain, x = chain_of(stack), jnp.ones((1, 3, 8))
        >>> bool(jnp.allclose(chain(x), stack(x), atol=1e-6))
        True
    """

    blocks: list[Module]

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        keys = [None] * len(self.blocks) if key is None else hashed_keys(key, len(self.blocks))
        for block, own in zip(self.blocks, keys, strict=True):
            x = block(x, present=present, key=own, train=train)
        return x

    def init_cache(self, batch: int, length: int, dtype: Any) -> list[Any]:
        """Return the state of each block before the first position.

        Args:
            batch: sequences.
            length: positions at most.
            dtype: arithmetic of the blocks.
        """
        return first_caches(self.blocks, batch, length, dtype)

    def extend(self, x: Float[Array, "b t d"], cache: list[Any]) -> tuple[Float[Array, "b t d"], list[Any]]:
        """Return the outputs of the next positions, and the states behind them.

        Args:
            x: one vector for each of the next positions.
            cache: the states before them.
        """
        return extended(self.blocks, x, cache)


def first_caches(layers: Sequence[Any], batch: int, length: int, dtype: Any) -> list[Any]:
    """Return the state of each of several sequence layers before the first position.

    Args:
        layers: see `lamina.nn.sequence.AbstractSequenceLayer`.
        batch: sequences.
        length: positions at most.
        dtype: arithmetic of the layers.
    """
    return [layer.init_cache(batch, length, dtype) for layer in layers]


def extended(layers: Sequence[Any], x: Any, caches: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Return the next positions behind several sequence layers in a row, and the states of all.

    Args:
        layers: see `lamina.nn.sequence.AbstractSequenceLayer`.
        x: one vector for each of the next positions.
        caches: the states before them.
    """
    found = []
    for layer, cache in zip(layers, caches, strict=True):
        x, own = layer.extend(x, cache)
        found.append(own)
    return x, found


def chain_of(stack: Stack) -> Chain:
    """Return the blocks of a stack one by one, on the device; cut on the host, where nothing compiles.

    Args:
        stack: of layers over a sequence.
    """
    arrays = jax.tree.map(np.asarray, stack.blocks)

    def block(number: int) -> Module:
        return jax.device_put(jax.tree.map(lambda array: array[number], arrays))

    return Chain([block(number) for number in range(stack.depth)])
