"""The energy score: how near samples of a model come to examples that it has not seen."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.inputs import NO_LABEL
from lamina.core.random import make_key
from lamina.objectives.samples import AbstractGenerativeObjective, Sampling
from lamina.ops.pooling import sum_pool

JUDGED, LEAST = 256, 32  # samples that stand for the model, and for a class of it at least
_SEED = 0xE6E2  # of their noise, the same at every evaluation
_MOST_PIXELS = (
    32  # of a side: larger images are averaged down, since their finest pixels are noise to a distance
)


def energy_score(x: Array, samples: Array) -> Array:
    """Return 2·mean_j |x - g_j| - mean_{j ≠ k} |g_j - g_k| of each example.

    Its mean over data from p is least where the samples come from p too (a proper score), above by the
    energy distance of the two distributions; it needs no density. O(b·g·size + g²·size).

    Args:
        x: examples, (b, ...).
        samples: of the model, (g, ...), at least two.

    Returns:
        The scores, (b,).

    Example:
        >>> energy_score(jnp.array([[0.0], [3.0]]), jnp.array([[-1.0], [1.0]])).tolist()
        [0.0, 4.0]

    References:
        Gneiting, Raftery. Strictly proper scoring rules, prediction, and estimation. JASA 2007, section 4.3.
    """
    x, samples = _flat(x), _flat(samples)
    count = len(samples)
    among = _distances(samples, samples).sum() / (count * (count - 1))
    return 2 * _distances(x, samples).mean(axis=1) - among


def energy_score_of_class(x: Array, label: Array, samples: Array) -> Array:
    """Return the `energy_score` of each example against the samples of its class.

    Args:
        x: examples, (b, ...).
        label: their classes, -1 for any, (b,).
        samples: (classes + 1, g, ...), first those of any class; see `samples_to_judge`.

    Returns:
        The scores, (b,).

    Example:
        >>> samples = jnp.array([[[9.0], [9.0]], [[-1.0], [1.0]]])
        >>> energy_score_of_class(jnp.array([[0.0], [9.0]]), jnp.array([0, -1]), samples).tolist()
        [0.0, 0.0]
    """
    classes, count = samples.shape[:2]
    x, flat = _flat(x), samples.reshape(classes, count, -1).astype(jnp.float32)
    among = jax.lax.map(lambda own: _distances(own, own).sum() / (count * (count - 1)), flat)
    near = _distances(x, flat.reshape(classes * count, -1)).reshape(len(x), classes, count).mean(axis=2)
    return jnp.take_along_axis(2 * near - among[None], label[:, None] + 1, axis=1)[:, 0]


def samples_to_judge(objective: AbstractGenerativeObjective, model: Any) -> Array:
    """Return samples of any class and of each, made of the same noise whenever a model is judged.

    Args:
        objective: that draws samples.
        model: in evaluation mode.

    Returns:
        (classes + 1, g, ...), g being 256 without classes, and 32 a class at least.
    """
    classes = objective.space.labels + 1
    count = max(LEAST, JUDGED // classes)
    labels = jnp.repeat(jnp.arange(classes, dtype=jnp.int32) + NO_LABEL, count)
    samples = objective.sample(model, labels, Sampling(), key=make_key(_SEED))
    return samples.reshape(classes, count, *samples.shape[1:])


def shrunk(x: Array) -> Array:
    """Return images averaged over blocks of pixels down to 32 pixels a side; anything else as it is.

    Example:
        >>> shrunk(jnp.ones((1, 100, 64, 3))).shape
        (1, 25, 32, 3)
    """
    if x.ndim != 4:
        return x
    sizes = [-(-side // _MOST_PIXELS) for side in x.shape[1:3]]
    if max(sizes) == 1:
        return x
    whole = [side // size * size for side, size in zip(x.shape[1:3], sizes, strict=True)]
    kept = x[:, : whole[0], : whole[1]]
    return sum_pool(kept, kernel=sizes, stride=sizes, padding=((0, 0),) * 2) / float(np.prod(sizes))


def _flat(x: Array) -> Array:
    return x.reshape(len(x), -1).astype(jnp.float32)


def _distances(left: Array, right: Array) -> Array:
    """Return the distances of all pairs, by products: the squares of equal rows may miss zero by rounding."""
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1)[None]
    products = jnp.matmul(left, right.T, precision=jax.lax.Precision.HIGHEST)
    return jnp.sqrt(jnp.maximum(squares - 2 * products, 0.0))
