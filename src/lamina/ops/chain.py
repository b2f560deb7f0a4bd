"""Linear chains: scores of a class at each position and of each pair of neighbors; sums and best paths.

A path y has the score S(y) = Σ_t s[t, y_t] + Σ_t a[y_{t-1}, y_t]. The sum over all paths and the best one
take O(time · classes²), by going from position to position.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float, Int

TINY = 1e-30  # of a sum whose parts are all too small for single precision


def log_partition(
    scores: Float[Array, "b t o"], transitions: Float[Array, "o o"], present: Bool[Array, "b t"]
) -> Float[Array, " b"]:
    """Return log Σ_y exp S(y) over all paths y, by the forward algorithm.

    The sum over the class before is a product of matrices: α_t = log(exp(α_{t-1} - m) @ exp(a)) + m + s_t,
    with m the largest α. Positions behind the end of a sequence are passed over.

    Args:
        scores: of each class at each position, float32.
        transitions: of each class behind another, (before, behind).
        present: which positions are there; the first one always counts.

    Returns:
        One number a sequence. O(b · t · o²)

    Example:
        >>> free = log_partition(jnp.zeros((1, 3, 2)), jnp.zeros((2, 2)), jnp.ones((1, 3), bool))
        >>> round(float(jnp.exp(free[0])))  # 2 · 2 · 2 paths
        8

    References:
        Rabiner. A tutorial on hidden Markov models. Proceedings of the IEEE 1989.
    """
    factors = jnp.exp(transitions)

    def step(before: Any, given: Any) -> Any:
        score, there = given
        most = lax.stop_gradient(before.max(axis=-1, keepdims=True))
        summed = jnp.log(jnp.exp(before - most) @ factors + TINY) + most + score
        return jnp.where(there[:, None], summed, before), None

    steps = (scores[:, 1:].swapaxes(0, 1), present[:, 1:].swapaxes(0, 1))
    last, _ = lax.scan(step, scores[:, 0], steps)
    return jax.nn.logsumexp(last, axis=-1)


def path_score(
    scores: Float[Array, "b t o"],
    transitions: Float[Array, "o o"],
    path: Int[Array, "b t"],
    present: Bool[Array, "b t"],
) -> Float[Array, " b"]:
    """Return S(y) of one path a sequence.

    Args:
        scores: of each class at each position.
        transitions: of each class behind another, (before, behind).
        path: a class at each position; what stands where nothing is present is passed over.
        present: which positions are there.

    Returns:
        One number a sequence. O(b · t)

    Example:
        >>> scores, pairs = jnp.array([[[1.0, 0.0], [0.0, 2.0]]]), jnp.array([[0.0, 5.0], [0.0, 0.0]])
        >>> path_score(scores, pairs, jnp.array([[0, 1]]), jnp.ones((1, 2), bool)).tolist()
        [8.0]
    """
    path = jnp.maximum(path, 0)
    single = jnp.take_along_axis(scores, path[..., None], axis=-1)[..., 0]
    pairs = transitions[path[:, :-1], path[:, 1:]]
    return jnp.where(present, single, 0).sum(axis=1) + jnp.where(present[:, 1:], pairs, 0).sum(axis=1)


def best_path(
    scores: Float[Array, "b t o"], transitions: Float[Array, "o o"], present: Bool[Array, "b t"]
) -> Int[Array, "b t"]:
    """Return the path of the largest score, by the Viterbi algorithm.

    Args:
        scores: of each class at each position.
        transitions: of each class behind another, (before, behind).
        present: which positions are there.

    Returns:
        A class at each position; behind the end of a sequence its last one is repeated. O(b · t · o²)

    Example:
        >>> forbidden = jnp.array([[0.0, -9.0], [0.0, 0.0]])  # class 1 never follows class 0
        >>> scores = jnp.array([[[1.0, 0.0], [0.0, 2.0]]])
        >>> best_path(scores, forbidden, jnp.ones((1, 2), bool)).tolist()
        [[1, 1]]

    References:
        Viterbi. Error bounds for convolutional codes and an asymptotically optimum decoding algorithm. IEEE
        Transactions on Information Theory 1967.
    """
    unmoved = jnp.arange(scores.shape[-1], dtype=jnp.int32)[None]

    def step(best: Any, given: Any) -> Any:
        score, there = given
        reached = best[:, :, None] + transitions[None]
        moved = jnp.where(there[:, None], reached.max(axis=1) + score, best)
        return moved, jnp.where(there[:, None], reached.argmax(axis=1).astype(jnp.int32), unmoved)

    steps = (scores[:, 1:].swapaxes(0, 1), present[:, 1:].swapaxes(0, 1))
    best, came_from = lax.scan(step, scores[:, 0], steps)
    last = best.argmax(axis=-1).astype(jnp.int32)

    def back(current: Any, origin: Any) -> Any:
        before = jnp.take_along_axis(origin, current[:, None], axis=1)[:, 0]
        return before, current

    first, path = lax.scan(back, last, came_from, reverse=True)
    return jnp.concatenate([first[:, None], path.swapaxes(0, 1)], axis=1)
