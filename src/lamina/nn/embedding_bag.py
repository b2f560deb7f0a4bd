"""One vector for many symbols: a weighted sum of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.core.arrays import Array
from lamina.core.module import Module, static
from lamina.core.shapes import Float
from lamina.nn.initializers import Initializer, truncated_normal


class EmbeddingBag(Module):
    """A weighted sum of the learned vectors of a row's symbols: y_b = Σ_t scale_bt · weight[ids_bt].

    What a text, or a set of anything, is to a network that does not ask for the order. Negative ids are
    padding and add nothing; so do ids out of range, which the data room refuses on the host. Only ``weight``
    has a gradient. O(batch · entries · width).

    Args:
        symbols: how many different symbols there are, ≥ 1.
        width: length of each vector.
        initializer: how the vectors begin.
        key: random key or seed.

    Shapes:
        {"ids": (batch, entries) integers, "scale": (batch, entries)} → (batch, width);
        ``weight`` (symbols, width)

    Example:
        >>> import jax.numpy as jnp
        >>> x = {"ids": jnp.array([[3, 1, -1]]), "scale": jnp.array([[0.5, 0.5, 0.0]])}
        >>> EmbeddingBag(10, 4, key=0)(x).shape
        (1, 4)
    """

    weight: Float[Array, "v d"]
    symbols: int = static()
    width: int = static()

    def __init__(self, symbols: int, width: int, *, initializer: Initializer = truncated_normal, key: Any):
        self.symbols, self.width = symbols, width
        self.weight = initializer(key, (symbols, width))

    def __call__(
        self, x: Mapping[str, Array], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b d"]:
        from lamina.ops.embedding_bag import embedding_bag

        return embedding_bag(self.weight, x["ids"], x["scale"])
