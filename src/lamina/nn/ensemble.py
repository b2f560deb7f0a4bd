"""Layers that hold many networks at once and share most of their weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module, static
from lamina.core.random import namespace, random_bits, split, uniform
from lamina.core.shapes import Float
from lamina.core.taps import carried
from lamina.core.tree import stack_modules
from lamina.nn.initializers import ones
from lamina.nn.linear import Linear, aligned
from lamina.ops.dense import member_dense


def random_signs(key: Any, shape: tuple[int, ...]) -> Array:
    """Draw +1 or -1 with equal chance: members that begin far apart at equal scale.

    Example:
        >>> sorted(set(random_signs(0, (50,)).tolist()))
        [-1.0, 1.0]
    """
    bits = random_bits(key, shape)
    xp = namespace(bits)
    return xp.where(bits >> np.uint32(31), np.float32(1), np.float32(-1))


class MemberScale(Module):
    """Give each of k members its own scaling of the same features: y_k = x · weight_k.

    The whole adapter of a "mini" TabM: everything after it is shared. O(batch · k · width).

    Args:
        members: number of members k.
        weight: the scales, (k, width).

    Shapes:
        (*batch, width) → (*batch, k, width)

    Example:
        >>> import jax.numpy as jnp
        >>> MemberScale(random_signs(0, (3, 4)))(jnp.ones((2, 4))).shape
        (2, 3, 4)

    References:
        Gorishniy, Kotelnikov, Babenko. TabM: advancing tabular deep learning with
        parameter-efficient ensembling. ICLR 2025.
    """

    weight: Float[Array, "k d"]

    def __init__(self, weight: Any):
        self.weight = weight

    def __call__(
        self, x: Float[Array, "*b d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b k d"]:
        return x[..., None, :] * aligned(self.weight, x[..., None, :])


class BatchEnsembleLinear(Module):
    """One shared weighted sum with a scaling before and after for each member.

    y_k = ((x_k ∘ r_k) · Wᵀ) ∘ s_k + b_k. O(batch · k · in · out), one product for all members.

    Args:
        inputs: features that come.
        outputs: features that leave.
        members: number of members k.
        key: random key or seed.

    Shapes:
        (*batch, k, inputs) → (*batch, k, outputs)

    Example:
        >>> import jax.numpy as jnp
        >>> BatchEnsembleLinear(4, 5, members=3, key=0)(jnp.ones((2, 3, 4))).shape
        (2, 3, 5)

    References:
        Wen, Tran, Ba. BatchEnsemble. ICLR 2020. The scalings begin at one, as in TabM.
    """

    linear: Linear
    r: Float[Array, "k i"]
    s: Float[Array, "k o"]
    bias: Float[Array, "k o"]

    def __init__(self, inputs: int, outputs: int, *, members: int, key: Any):
        weight_key, bias_key = split(key, 2)
        bound = 1.0 / math.sqrt(inputs)
        self.linear = Linear(inputs, outputs, bias=False, key=weight_key)
        self.r, self.s = ones(key, (members, inputs)), ones(key, (members, outputs))
        self.bias = uniform(bias_key, (members, outputs), low=-bound, high=bound)

    def __call__(
        self, x: Float[Array, "*b k i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b k o"]:
        y = self.linear(x * aligned(self.r, x))
        return y * aligned(self.s, y) + aligned(self.bias, y)


class MemberLinear(Module):
    """A weighted sum of its own for each member: y_k = x_k · W_kᵀ + b_k. O(batch · k · in · out).

    Args:
        inputs: features that come.
        outputs: features that leave.
        members: number of members k.
        key: random key or seed.

    Shapes:
        (*batch, k, inputs) → (*batch, k, outputs)

    Example:
        >>> import jax.numpy as jnp
        >>> MemberLinear(4, 5, members=3, key=0)(jnp.ones((2, 3, 4))).shape
        (2, 3, 5)
    """

    weight: Float[Array, "k o i"]
    bias: Float[Array, "k o"]
    members: int = static()

    def __init__(self, inputs: int, outputs: int, *, members: int, key: Any):
        weight_key, bias_key = split(key, 2)
        bound = 1.0 / math.sqrt(inputs)
        self.members = members
        self.weight = uniform(weight_key, (members, outputs, inputs), low=-bound, high=bound)
        self.bias = uniform(bias_key, (members, outputs), low=-bound, high=bound)

    def __call__(
        self, x: Float[Array, "*b k i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b k o"]:
        y = member_dense(x, self.weight.astype(x.dtype))
        return y + aligned(self.bias, y)


class Ensemble(Module):
    """Several independent networks of one architecture, computed as one.

    Outputs get a member axis after the batch. Each member's gradient is that of its own
    loss, as if it were trained alone: the mean over members in the task is undone.

    Args:
        models: equal architectures with their own weights.

    Shapes:
        what one model takes → (batch, members, outputs)

    Example:
        >>> import jax.numpy as jnp
        >>> Ensemble([Linear(3, 2, key=seed) for seed in range(4)])(jnp.ones((5, 3))).shape
        (5, 4, 2)
    """

    model: Module
    members: int = static()

    def __init__(self, models: Sequence[Module]):
        self.members = len(models)
        self.model = stack_modules(models)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b k o"]:
        keys = None if key is None else hashed_keys(key, self.members)

        def one(model: Module, member_key: Any) -> Any:
            return model(x, key=member_key, train=train)

        listened, hand_on = carried(one)
        y, values = jax.vmap(listened, in_axes=(0, None if keys is None else 0), out_axes=(1, 0))(
            self.model, keys
        )
        hand_on(values)
        y = y * self.members - jax.lax.stop_gradient(y * (self.members - 1))
        return y.reshape(y.shape[0], -1, y.shape[-1])  # members of members stand in one row
