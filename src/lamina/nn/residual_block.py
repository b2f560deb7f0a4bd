"""A layer over sequences beside a path that passes it by."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float
from lamina.nn.dropout import Dropout
from lamina.nn.normalization import RMSNorm
from lamina.nn.sequence import AbstractSequenceLayer


class ResidualBlock(AbstractSequenceLayer):
    """x + dropout(mixer(norm(x))): the block of networks whose layers mix positions and features alike.

    Args:
        mixer: a layer over sequences, such as `Mamba`.
        width: features of a position.
        dropout: probability in [0, 1) on what the layer adds.
        epsilon: of the root mean square.

    Shapes:
        (batch, time, width) → the same

    Example:
        >>> import jax.numpy as jnp
        >>> from lamina.nn import CausalConv
        >>> ResidualBlock(CausalConv(8, key=0), 8)(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)

    References:
        Gu, Dao. Mamba: linear-time sequence modeling with selective state spaces. 2023, figure 3.
    """

    norm: RMSNorm
    mixer: Any
    dropout: Dropout

    def __init__(
        self, mixer: AbstractSequenceLayer, width: int, *, dropout: float = 0.0, epsilon: float = 1e-5
    ):
        self.norm, self.mixer, self.dropout = RMSNorm(width, epsilon=epsilon), mixer, Dropout(dropout)

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        return x + self.dropout(self.mixer(self.norm(x), present=present, train=train), key=key, train=train)

    def init_cache(self, batch: int, length: int, dtype: Any) -> Any:
        """Return the state of the layer before the first position."""
        return self.mixer.init_cache(batch, length, dtype)

    def extend(self, x: Float[Array, "b t d"], cache: Any) -> tuple[Float[Array, "b t d"], Any]:
        """Return the next positions, and the state of the layer after them."""
        added, cache = self.mixer.extend(self.norm(x), cache)
        return x + added, cache
