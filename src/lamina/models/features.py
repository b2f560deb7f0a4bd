"""The front of every tabular model: encoded columns in, features or tokens out."""

from __future__ import annotations

import math
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, ShapeError
from lamina.core.inputs import Inputs, TableInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.nn.embedding import Embedding
from lamina.nn.initializers import truncated_normal
from lamina.nn.numeric import LinearEmbedding, PeriodicEmbedding, PiecewiseLinearEmbedding

NumericEmbedding = Literal["none", "linear", "piecewise", "periodic"]


class TableFeatures(Module):
    """Embed numeric and category columns: flat features (call) or one token a column (`tokens`).

    Args:
        inputs: ``(features,)`` for plain arrays, or the encoded columns of a table.
        embedding: how numbers are embedded; ``"none"`` passes them on as they are;
            ``"piecewise"`` falls back to ``"periodic"`` when no bin edges are known.
        width: length of each embedding vector.
        key: random key or seed.

    Shapes:
        array (batch, n) or ``{"numeric": (batch, n), "category": (batch, c)}`` → (batch, features)

    Raises:
        ShapeError: the columns are not as many as announced.
    """

    numeric: Module | None
    category: Embedding | None
    columns: int = static()
    offsets: tuple[int, ...] = static()
    width: int = static()
    features: int = static()

    def __init__(self, inputs: Inputs, *, embedding: NumericEmbedding = "none", width: int = 16, key: Any):
        if not isinstance(inputs, TableInputs | tuple):
            expected = "TableInputs, or the shape of a vector"
            raise ConfigError("the inputs are no table", expected=expected, received=inputs)
        table = inputs if isinstance(inputs, TableInputs) else TableInputs(math.prod(inputs))
        numeric_key, category_key = split(key, 2)
        self.columns, self.width = table.numeric, width
        self.numeric = _numeric_embedding(table, embedding, width, numeric_key)
        ends = np.cumsum((0, *table.cardinalities))
        self.offsets = tuple(int(end) for end in ends[:-1])
        self.category = (
            Embedding(int(ends[-1]), width, initializer=_unit_rows, key=category_key)
            if table.cardinalities
            else None
        )
        per_number = 1 if self.numeric is None else width
        self.features = table.numeric * per_number + len(self.offsets) * width

    def _columns(self, x: Any) -> tuple[Any, Any]:
        if not isinstance(x, dict):
            x = {"numeric": x.reshape(x.shape[0], -1), "category": None}
        numbers, codes = x["numeric"], x["category"]
        found = (numbers.shape[-1], 0 if codes is None else codes.shape[-1])
        if found != (self.columns, len(self.offsets)):
            expected = f"{self.columns} numeric and {len(self.offsets)} category columns"
            raise ShapeError(
                "wrong shape", where=self.path, expected=expected, received=f"{found[0]} and {found[1]}"
            )
        return jnp.asarray(numbers), codes

    def _codes(self, codes: Any) -> Array:
        assert self.category is not None  # noqa: S101 - offsets exist only with an embedding
        places = codes + jnp.asarray(self.offsets, codes.dtype)[None, :]
        return self.category(places)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b f"]:
        numbers, codes = self._columns(x)
        parts = [numbers if self.numeric is None else self.numeric(numbers).reshape(numbers.shape[0], -1)]
        if self.offsets and codes is not None:
            parts.append(self._codes(codes).reshape(numbers.shape[0], -1).astype(numbers.dtype))
        return parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=-1)

    def tokens(self, x: Any) -> Float[Array, "b n d"]:
        """Return one vector a column; numbers must have an embedding."""
        numbers, codes = self._columns(x)
        if self.numeric is None:
            raise ConfigError("tokens need an embedding of numbers", where=self.path)
        parts = [self.numeric(numbers)]
        if self.offsets and codes is not None:
            parts.append(self._codes(codes).astype(numbers.dtype))
        return jnp.concatenate(parts, axis=-2)


def _unit_rows(key: Any, shape: tuple[int, ...]) -> Any:
    return truncated_normal(key, shape, std=shape[1] ** -0.5)


def _numeric_embedding(table: TableInputs, embedding: str, width: int, key: Any) -> Module | None:
    if embedding == "none" or table.numeric == 0:
        return None if embedding == "none" else LinearEmbedding(0, width, key=key)
    if embedding == "piecewise" and table.bins:
        return PiecewiseLinearEmbedding(table.bins, width, key=key)
    if embedding in ("piecewise", "periodic"):
        return PeriodicEmbedding(table.numeric, width, key=key)
    if embedding == "linear":
        return LinearEmbedding(table.numeric, width, key=key)
    raise ConfigError(
        "unknown embedding of numbers", expected="none, linear, piecewise or periodic", received=embedding
    )
