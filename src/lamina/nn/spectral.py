"""Spectral normalization: a weight divided by its largest singular value."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.module import Module, buffer, replace
from lamina.core.random import namespace, normal
from lamina.core.shapes import Float

_FIRST_ROUNDS = 16  # of the power iteration before the first step, in NumPy: so small networks start right
_SMALLEST = 1e-12


class SpectralNorm(Module):
    """Make a layer at most as steep as the identity: its weight is W / σ(W), σ the largest singular value.

    W is the weight as a matrix, the first axis against all others. One round of power iteration a training
    step keeps up with it,

    v = Wᵀu / |Wᵀu|,  u ← W v / |W v|,  σ ≈ uᵀ W v,

    whose vector u goes out by the tap ``running_left`` and is written back by the training step. Gradients
    take u and v as fixed. For critics of adversarial training. O(weights) beside the layer.

    Args:
        layer: with a field ``weight``, such as `Linear`, `Conv` or `Embedding`.
        key: random key or seed of the first vector.

    Shapes:
        those of the layer; ``running_left`` (outputs,)

    Example:
        >>> from lamina.nn import Linear
        >>> layer = SpectralNorm(Linear(3, 2, bias=False, key=0), key=1)
        >>> x = layer.layer.weight[:1] / np.linalg.norm(layer.layer.weight[:1])
        >>> bool(jnp.linalg.norm(layer(x)) <= 1.0001)
        True

    References:
        Miyato, Kataoka, Koyama, Yoshida. Spectral normalization for generative adversarial networks.
        ICLR 2018.
    """

    layer: Any
    running_left: Float[Array, " o"] = buffer()

    def __init__(self, layer: Any, *, key: Any):
        self.layer = layer
        left = normal(key, layer.weight.shape[:1])
        self.running_left = _first_vector(layer.weight, left)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        weight = jnp.asarray(self.layer.weight)
        norm, left = largest_singular_value(weight, self.running_left)
        if train:
            self.tap("running_left", left)
        return replace(self.layer, weight=weight / norm.astype(weight.dtype))(x, key=key, train=train)


def largest_singular_value(
    weight: Float[Array, "*s"], left: Float[Array, " o"]
) -> tuple[Float[Array, ""], Float[Array, " o"]]:
    """Return an estimate of the largest singular value of a weight, and a better left vector for the next.

    Args:
        weight: first axis against all others.
        left: a vector near the first left singular vector.

    Example:
        >>> norm, left = largest_singular_value(jnp.diag(jnp.array([3.0, 1.0])), jnp.array([1.0, 0.0]))
        >>> float(norm), left.tolist()
        (3.0, [1.0, 0.0])
    """
    matrix = weight.reshape(weight.shape[0], -1).astype(jnp.float32)
    fixed = jax.lax.stop_gradient(matrix)
    right = _unit(jax.lax.stop_gradient(jnp.asarray(left, jnp.float32)) @ fixed)
    left = _unit(fixed @ right)
    return (left @ matrix) @ right, left


def _unit(vector: Array) -> Array:
    return vector / jnp.maximum(jnp.linalg.norm(vector), _SMALLEST)


def _first_vector(weight: Any, left: Any) -> Any:
    """Return the left vector after some rounds, computed as the weight was: on the host as a rule."""
    xp = namespace(weight)
    matrix = weight.reshape(weight.shape[0], -1)
    for _ in range(_FIRST_ROUNDS):
        right = left @ matrix
        left = matrix @ (right / xp.maximum(xp.linalg.norm(right), np.float32(_SMALLEST)))
        left = left / xp.maximum(xp.linalg.norm(left), np.float32(_SMALLEST))
    return left
