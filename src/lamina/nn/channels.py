"""Layers that weigh channels against each other."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.nn.activation import ACTIVATIONS, relu, sigmoid, silu
from lamina.nn.linear import Linear
from lamina.ops.group_norm import group_norm


class GroupNorm(Module):
    """Center and scale each example over space and a group of channels.

    y = (x - mean) / √(var + ε) · weight + bias, mean and variance over all places and the
    width / groups channels of a group, in float32. Independent of the batch: for small batches
    of large images. O(size).

    Args:
        groups: number of groups, a divisor of ``width``; 1 is a LayerNorm over everything,
            ``width`` an instance normalization.
        width: number of channels.
        epsilon: ε > 0, keeps the division finite.

    Called with ``gain`` and ``shift``, (batch, width), it returns y · (1 + gain) + shift; with
    ``activation="silu"``, or another name in `lamina.nn.ACTIVATIONS`, that of the result; silu in the same
    pass over the numbers.

    Shapes:
        (batch, *space, width) → the same

    Raises:
        ConfigError: ``width`` is not a multiple of ``groups``.

    Example:
        >>> y = GroupNorm(2, 4)(jnp.arange(16.0).reshape(1, 2, 2, 4))
        >>> bool(abs(y[..., :2].mean()) < 1e-6)
        True

    References:
        Wu, He. Group normalization. ECCV 2018.
    """

    weight: Float[Array, " c"]
    bias: Float[Array, " c"]
    groups: int = static()
    epsilon: float = static()

    def __init__(self, groups: int, width: int, *, epsilon: float = 1e-5):
        if groups < 1 or width % groups:
            raise ConfigError("groups is out of range", expected=f"a divisor of {width}", received=groups)
        self.weight, self.bias = np.ones(width, np.float32), np.zeros(width, np.float32)
        self.groups, self.epsilon = groups, epsilon

    def __call__(
        self,
        x: Float[Array, "b *space c"],
        *,
        gain: Float[Array, "b c"] | None = None,
        shift: Float[Array, "b c"] | None = None,
        activation: str = "identity",
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b *space c"]:
        images = (x.shape[0], x.shape[-1])
        scale = jnp.broadcast_to(self.weight.astype(x.dtype)[None], images)
        offset = jnp.broadcast_to(self.bias.astype(x.dtype)[None], images)
        if gain is not None:
            scale, offset = scale * (1 + gain), offset * (1 + gain)
        offset = offset if shift is None else offset + shift
        function = ACTIVATIONS[activation]
        fuses = function is silu
        y = group_norm(x, scale, offset, groups=self.groups, epsilon=self.epsilon, silu=fuses)
        return y if fuses else function(y)


class LocalResponseNorm(Module):
    """Divide each channel by the strength of its neighbors: y_c = x_c / (k + α Σ_{|j-c| ≤ n/2} x_j²)^β.

    Historical: AlexNet's. PyTorch's and Caffe's α is ours times n. O(size · n).

    Args:
        size: channels n in the neighborhood, odd.
        alpha: α ≥ 0.
        beta: β > 0.
        k: k > 0.

    Shapes:
        (batch, *space, channels) → the same

    Example:
        >>> float(LocalResponseNorm(1, alpha=1.0, beta=1.0, k=1.0)(jnp.ones((1, 1)))[0, 0])
        0.5

    References:
        Krizhevsky, Sutskever, Hinton. ImageNet classification with deep convolutional neural
        networks. NeurIPS 2012, section 3.3.
    """

    size: int = static()
    alpha: float = static()
    beta: float = static()
    k: float = static()

    def __init__(self, size: int = 5, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0):
        if size < 1 or size % 2 == 0:
            raise ConfigError("size is out of range", expected="an odd number", received=size)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def __call__(
        self, x: Float[Array, "*b c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b c"]:
        reach, channels = self.size // 2, x.shape[-1]
        square = jnp.square(x.astype(jnp.float32))
        wide = jnp.pad(square, [(0, 0)] * (x.ndim - 1) + [(reach, reach)])
        energy = sum((wide[..., j : j + channels] for j in range(1, self.size)), wide[..., :channels])
        return x * ((self.k + self.alpha * energy) ** -self.beta).astype(x.dtype)


class SqueezeExcitation(Module):
    """Weigh channels by what the whole image shows: y = x · σ(W₂ · relu(W₁ · mean_p x[p])).

    A small gain for almost no cost in any convolutional network. O(size + width · hidden).

    Args:
        width: number of channels.
        hidden: features of the bottleneck; a sixteenth of the channels is the paper's.
        key: random key or seed.

    Shapes:
        (batch, *space, width) → the same

    Example:
        >>> SqueezeExcitation(16, hidden=4, key=0)(jnp.ones((2, 8, 8, 16))).shape
        (2, 8, 8, 16)

    References:
        Hu, Shen, Sun. Squeeze-and-excitation networks. CVPR 2018.
    """

    fc1: Linear
    fc2: Linear

    def __init__(self, width: int, *, hidden: int, key: Any):
        first_key, second_key = split(key, 2)
        self.fc1 = Linear(width, hidden, key=first_key)
        self.fc2 = Linear(hidden, width, key=second_key)

    def __call__(
        self, x: Float[Array, "b *space c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b *space c"]:
        mean = jnp.mean(x, axis=range(1, x.ndim - 1), dtype=jnp.float32).astype(x.dtype)
        gate = sigmoid(self.fc2(relu(self.fc1(mean))))
        return x * gate.reshape(x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1])
