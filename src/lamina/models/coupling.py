"""Invertible layers: some numbers are transformed as the others say."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.nn.activation import relu
from lamina.nn.adaptive import without_bias
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import he_normal, truncated_normal
from lamina.nn.linear import Linear
from lamina.ops.rational_spline import knots_of, rational_spline, rational_spline_inverse

_MOST_LOG_SCALE = 3.0  # a layer scales by e³ at most
_SMALL = 1e-3  # std of weights that begin close to zero


class AbstractTransform(abc.ABC):
    """An increasing function of one number with some parameters; of zeros it is the identity."""

    @property
    @abc.abstractmethod
    def parameters(self) -> int:
        """How many there are."""

    @abc.abstractmethod
    def forward(self, x: Array, raw: Array) -> tuple[Array, Array]:
        """Return values and the logarithms of the slopes.

        Args:
            x: (*b).
            raw: (*b, parameters).
        """

    @abc.abstractmethod
    def inverse(self, y: Array, raw: Array) -> Array:
        """Return the numbers whose values these are."""


@dataclass(frozen=True)
class Affine(AbstractTransform):
    """y = x · exp(3 tanh(a / 3)) + b.

    References:
        Dinh, Sohl-Dickstein, Bengio. Density estimation using Real NVP. ICLR 2017.
    """

    @property
    def parameters(self) -> int:
        """Scale and shift."""
        return 2

    def forward(self, x: Array, raw: Array) -> tuple[Array, Array]:
        """Return values and the logarithms of the slopes."""
        log_scale = self._log_scale(raw)
        return x * jnp.exp(log_scale) + raw[..., 1], log_scale

    def inverse(self, y: Array, raw: Array) -> Array:
        """Return the numbers whose values these are."""
        return (y - raw[..., 1]) * jnp.exp(-self._log_scale(raw))

    def _log_scale(self, raw: Array) -> Array:
        return _MOST_LOG_SCALE * jnp.tanh(raw[..., 0] / _MOST_LOG_SCALE)


@dataclass(frozen=True)
class Spline(AbstractTransform):
    """A monotone spline of rational quadratic pieces within ±bound, the identity beyond.

    Args:
        bins: pieces.
        bound: above the numbers that training has.

    References:
        Durkan, Bekasov, Murray, Papamakarios. Neural spline flows. NeurIPS 2019.
    """

    bins: int = 8
    bound: float = 6.0

    @property
    def parameters(self) -> int:
        """Widths, heights and slopes."""
        return 3 * self.bins - 1

    def forward(self, x: Array, raw: Array) -> tuple[Array, Array]:
        """Return values and the logarithms of the slopes."""
        return rational_spline(x, knots_of(raw, bound=self.bound))

    def inverse(self, y: Array, raw: Array) -> Array:
        """Return the numbers whose values these are."""
        return rational_spline_inverse(y, knots_of(raw, bound=self.bound))[0]


class Residual(Module):
    """x + W₂ · dropout(relu(W₁ · relu(x))).

    Shapes:
        (batch, width) → the same
    """

    first: Linear
    second: Linear
    dropout: Dropout

    def __init__(self, width: int, *, dropout: float, key: Any):
        keys = split(key, 2)
        self.first = Linear(width, width, initializer=he_normal, key=keys[0])
        self.second = without_bias(Linear(width, width, initializer=close_to_zero, key=keys[1]))
        self.dropout = Dropout(dropout)

    def __call__(
        self, x: Float[Array, "b d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b d"]:
        return x + self.second(self.dropout(self.first(relu(x), activation="relu"), key=key, train=train))


class Coupling(Module):
    """Some numbers stay; each other one is transformed as they and a context say.

    y_kept = x_kept, y_moved = f(x_moved; net(x_kept, context)). The Jacobian is triangular, so its
    determinant is the product of the slopes of f. The layer begins close to the identity.
    O(batch · depth · width²).

    Args:
        features: numbers of a row.
        kept: positions of those that stay, perhaps none, never all.
        transform: f.
        width: features of the network, and of the context.
        depth: residual blocks of the network.
        dropout: probability in [0, 1) inside each block.
        key: random key or seed.

    Shapes:
        (batch, features) and a context (batch, width) → (batch, features) and (batch,), log |det|
    """

    stem: Linear | None
    blocks: list[Residual]
    head: Linear
    transform: AbstractTransform = static()
    kept: tuple[int, ...] = static()
    moved: tuple[int, ...] = static()

    def __init__(
        self,
        features: int,
        kept: tuple[int, ...],
        transform: AbstractTransform,
        *,
        width: int,
        depth: int,
        dropout: float = 0.0,
        key: Any,
    ):
        keys = split(key, 3)
        self.transform, self.kept = transform, kept
        self.moved = tuple(i for i in range(features) if i not in kept)
        self.stem = Linear(len(kept), width, key=keys[0]) if kept else None
        self.blocks = [Residual(width, dropout=dropout, key=k) for k in split(keys[1], depth)]
        outputs = len(self.moved) * transform.parameters
        self.head = without_bias(Linear(width, outputs, initializer=close_to_zero, key=keys[2]))

    def __call__(
        self, x: Float[Array, "b d"], context: Float[Array, "b w"], *, key: Any = None, train: bool = False
    ) -> tuple[Float[Array, "b d"], Float[Array, " b"]]:
        raw = self._raw(x, context, key=key, train=train)
        moved, log_slope = self.transform.forward(_some(x, self.moved), raw)
        return self._whole(x, moved), log_slope.sum(axis=1)

    def inverse(self, y: Float[Array, "b d"], context: Float[Array, "b w"]) -> Float[Array, "b d"]:
        """Return the numbers that the layer maps to ``y``."""
        raw = self._raw(y, context)
        return self._whole(y, self.transform.inverse(_some(y, self.moved), raw))

    def _raw(self, x: Array, context: Array, *, key: Any = None, train: bool = False) -> Array:
        """Return the parameters of the transform, float32 (batch, moved, parameters)."""
        hidden = context
        if self.stem is not None:
            hidden = hidden + self.stem(_some(x, self.kept).astype(context.dtype))
        keys = [None] * len(self.blocks) if key is None else list(hashed_keys(key, len(self.blocks)))
        for block, own in zip(self.blocks, keys, strict=True):
            hidden = block(hidden, key=own, train=train)
        raw = self.head(relu(hidden)).astype(jnp.float32)
        return raw.reshape(len(raw), len(self.moved), self.transform.parameters)

    def _whole(self, x: Array, moved: Array) -> Array:
        """Return all numbers in their places."""
        order = np.argsort((*self.kept, *self.moved))
        return jnp.concatenate([_some(x, self.kept), moved], axis=1)[:, order]


def _some(x: Array, places: tuple[int, ...]) -> Array:
    return x[:, np.array(places, np.int32)]


def close_to_zero(key: Any, shape: tuple[int, ...]) -> Any:
    """Return weights so small that a layer gives nearly zero, and yet all before it has a gradient."""
    return truncated_normal(key, shape, std=_SMALL)
