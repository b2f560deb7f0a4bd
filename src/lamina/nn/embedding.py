"""Vectors for symbols."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.module import Module, static
from lamina.core.shapes import Float, Int
from lamina.nn.initializers import Initializer, truncated_normal


class Embedding(Module):
    """A learned vector for each symbol: y = weight[x].

    Indices are checked on the host by the data room: inside a compiled program JAX clamps
    what is out of range. O(batch · width).

    Args:
        symbols: how many different symbols there are, ≥ 1.
        width: length of each vector.
        initializer: how the vectors begin.
        key: random key or seed.

    Shapes:
        (*batch) integers → (*batch, width); ``weight`` (symbols, width)

    Example:
        >>> import jax.numpy as jnp
        >>> Embedding(10, 4, key=0)(jnp.array([1, 2])).shape
        (2, 4)
    """

    weight: Float[Array, "v d"]
    symbols: int = static()
    width: int = static()

    def __init__(self, symbols: int, width: int, *, initializer: Initializer = truncated_normal, key: Any):
        self.symbols, self.width = symbols, width
        self.weight = initializer(key, (symbols, width))

    def __call__(self, x: Int[Array, "*b"], *, key: Any = None, train: bool = False) -> Float[Array, "*b d"]:
        import jax.numpy as jnp

        return jnp.take(jnp.asarray(self.weight), x, axis=0, mode="clip")
