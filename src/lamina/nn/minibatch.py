"""What a layer sees of the other examples of a batch: how much they differ."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.shapes import Float

_EPSILON = 1e-8


class MinibatchStd(Module):
    """Add a channel: the standard deviation over a few examples of the batch, averaged over all values.

    s = mean_{p, c} √(var_{i in group} x[i, p, c] + ε),  y = [x, s]

    A critic that sees it notices samples that are all alike. An example's output depends on its group, so it
    is for training critics, before their last layers. O(size).

    Args:
        group: examples that are compared, one behind another; of a batch that it does not divide, the
            largest divisor of the batch below it.

    Shapes:
        (batch, *space, channels) → (batch, *space, channels + 1)

    Raises:
        ConfigError: ``group`` is below one.

    Example:
        >>> MinibatchStd(2)(jnp.array([[1.0], [3.0], [5.0], [5.0]]))[:, 1].round(3).tolist()
        [1.0, 1.0, 0.0, 0.0]

    References:
        Karras, Aila, Laine, Lehtinen. Progressive growing of GANs for improved quality, stability, and
        variation. ICLR 2018, section 3.
    """

    group: int = static()

    def __init__(self, group: int = 4):
        if group < 1:
            raise ConfigError("group is out of range", expected=">= 1", received=group)
        self.group = group

    def __call__(
        self, x: Float[Array, "b *space c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b *space d"]:
        size = max(n for n in range(1, min(self.group, len(x)) + 1) if len(x) % n == 0)
        groups = x.reshape(len(x) // size, size, -1)
        spread = jnp.sqrt(groups.var(axis=1) + _EPSILON).mean(axis=-1)
        each = jnp.repeat(spread, size).reshape(-1, *(1,) * (x.ndim - 1))
        return jnp.concatenate([x, jnp.broadcast_to(each, (*x.shape[:-1], 1)).astype(x.dtype)], axis=-1)
