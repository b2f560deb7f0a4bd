"""Cross-entropy of softmax where a question has several right answers, with its gradient."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float, Int


def answers_entropy(
    logits: Float[Array, "b n"], answers: Int[Array, "b k"], *, smoothing: float = 0.0
) -> Float[Array, " b"]:
    """Return the mean negative log-likelihood of the right answers of each question.

    (1/m)·Σ_k [-(1-s)·log p_{y_k}] - (s/n)·Σ_j log p_j,  p = softmax(logits), m = number of answers

    It is the mean of `lamina.ops.cross_entropy.cross_entropy` over the answers, with one softmax for all of
    them; the answers' share of the gradient is added to it in place. O(b·(n + k)).

    Args:
        logits: one unbounded score a candidate.
        answers: numbers of the right candidates, filled up by -1; checked on the host.
        smoothing: share s in [0, 1) of the target that is spread over all candidates.

    Returns:
        One number a question; zero where there is no answer.

    Example:
        >>> round(float(answers_entropy(jnp.zeros((1, 4)), jnp.array([[0, 2, -1]]))[0]), 4)
        1.3863

    References:
        Szegedy et al. Rethinking the Inception architecture. CVPR 2016 (label smoothing).
    """
    found: Any = _entropy(smoothing, logits, answers)
    return found


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _entropy(smoothing: float, logits: Any, answers: Any) -> Any:
    return _forward(smoothing, logits, answers)[0]


def _forward(smoothing: float, logits: Any, answers: Any) -> tuple[Any, tuple[Any, Any, Any]]:
    share = shares(answers, logits.dtype)
    level = jax.nn.logsumexp(logits, axis=1)
    chosen = jnp.take_along_axis(logits, jnp.maximum(answers, 0), axis=1, mode="clip")
    right = (1 - smoothing) * (chosen * share).sum(1)
    loss = level - right - (smoothing * logits.mean(1) if smoothing else 0.0)
    return jnp.where((answers >= 0).any(1), loss, 0.0), (logits, answers, level)


def _backward(smoothing: float, saved: tuple[Any, Any, Any], change: Any) -> tuple[Any, None]:
    """Return softmax(z) - s/n, less (1-s)/m at each answer."""
    logits, answers, level = saved
    there = answers >= 0
    change = jnp.where(there.any(1), change, 0.0)[:, None]
    slope = change * (jnp.exp(logits - level[:, None]) - smoothing / logits.shape[1])
    share = change * (1 - smoothing) * shares(answers, logits.dtype)
    rows = jnp.arange(len(answers), dtype=answers.dtype)[:, None]
    places = jnp.where(there, answers, logits.shape[1])  # what is out of range is dropped
    return slope.at[rows, places].add(-share, mode="drop"), None


def shares(answers: Array, dtype: Any) -> Any:
    """Return 1/m at each of the m answers of a question, zero where it is filled up.

    Args:
        answers: (b, k), filled up by -1.
        dtype: of the result.

    Example:
        >>> shares(jnp.array([[3, 0, -1]]), jnp.float32).tolist()
        [[0.5, 0.5, 0.0]]
    """
    there = (answers >= 0).astype(dtype)
    return there / jnp.maximum(there.sum(1, keepdims=True), 1)


_entropy.defvjp(_forward, _backward)
