"""Layers in a row: unlike ones (`Sequential`), and equal ones compiled once (`Stack`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from lamina.core import random, taps
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module, static
from lamina.core.tree import stack_modules


class Sequential(Module):
    """Apply layers one after another; each gets its own random key.

    Args:
        layers: modules, or plain functions of one array.

    Shapes:
        those of the first layer's input → those of the last layer's output

    Example:
        >>> import jax.numpy as jnp
        >>> from lamina.nn import Linear, relu
        >>> net = Sequential([Linear(3, 8, key=0), relu, Linear(8, 2, key=1)])
        >>> net(jnp.ones((4, 3))).shape
        (4, 2)
    """

    layers: list[Module]
    functions: tuple[Callable[..., Any] | None, ...] = static()

    def __init__(self, layers: Sequence[Callable[..., Any]]):
        self.layers = [layer for layer in layers if isinstance(layer, Module)]
        self.functions = tuple(None if isinstance(layer, Module) else layer for layer in layers)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        modules = iter(self.layers)
        keys = [None] * len(self.layers) if key is None else list(hashed_keys(key, len(self.layers)))
        place = iter(keys)
        for function in self.functions:
            x = next(modules)(x, key=next(place), train=train) if function is None else function(x)
        return x


class Stack(Module):
    """``depth`` equal blocks, stored stacked and run by a scan: compiled once, whatever the depth.

    Every array of ``blocks`` has a leading axis of length ``depth``. Taps inside the blocks
    come out stacked along that axis.

    Args:
        make: builds one block from a key.
        depth: how many, ≥ 0; with 0 the stack is the identity.
        unroll: write the blocks out instead of scanning (for inspection, or when depth is
            small and a faster program is worth a longer compilation).
        key: random key or seed.

    Shapes:
        what one block takes → the same; further keyword arguments go to every block alike

    Example:
        >>> import jax.numpy as jnp
        >>> from lamina.nn import Linear
        >>> stack = Stack(lambda key: Linear(4, 4, key=key), depth=3, key=0)
        >>> stack(jnp.ones((2, 4))).shape, stack.blocks.weight.shape
        ((2, 4), (3, 4, 4))
    """

    blocks: Module | None
    depth: int = static()
    unroll: bool = static()

    def __init__(self, make: Callable[[Any], Module], *, depth: int, unroll: bool = False, key: Any):
        if depth < 0:
            raise ConfigError("depth is out of range", expected=">= 0", received=depth)
        self.depth, self.unroll = depth, unroll
        self.blocks = stack_modules([make(k) for k in random.split(key, depth)]) if depth else None

    def __call__(self, x: Any, *, key: Any = None, train: bool = False, **alike: Any) -> Any:
        if self.blocks is None:
            return x
        keys = None if key is None else hashed_keys(key, self.depth)

        def block(x: Any, block_and_key: tuple[Module, Any]) -> Any:
            module, block_key = block_and_key
            return module(x, key=block_key, train=train, **alike)

        listened, hand_on = taps.carried(block)
        x, values = jax.lax.scan(listened, x, (self.blocks, keys), unroll=self.depth if self.unroll else 1)
        hand_on(values)
        return x

    def init_cache(self, batch: int, length: int, dtype: Any) -> Any:
        """Return the states of all blocks before the first position, stacked."""
        if self.blocks is None:
            return None
        blocks: Any = self.blocks  # of `AbstractSequenceLayer`
        return jax.vmap(lambda block: block.init_cache(batch, length, dtype))(blocks)

    def extend(self, x: Any, cache: Any) -> tuple[Any, Any]:
        """Return the outputs of the next positions, and the states behind them."""
        if self.blocks is None:
            return x, cache

        def block(x: Any, block_and_cache: Any) -> Any:
            return block_and_cache[0].extend(x, block_and_cache[1])

        return jax.lax.scan(block, x, (self.blocks, cache))
