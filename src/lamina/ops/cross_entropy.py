"""Cross-entropy of softmax, with its gradient.

On CPU rows of few classes are computed by a native kernel (`lamina.ops.dispatch`): XLA's sums over the
classes, forward and backward, take several times as long.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float, Int
from lamina.ops import dispatch
from lamina.ops.dispatch import by_members
from lamina.ops.native import library


def cross_entropy(
    logits: Float[Array, "*b c"], labels: Int[Array, "*b"], *, smoothing: float = 0.0
) -> Float[Array, "*b"]:
    """Return the negative log-likelihood of the label's class.

    -(1-s)·log p_label - (s/c)·Σ_j log p_j,  p = softmax(logits)

    Args:
        logits: one unbounded score a class.
        labels: class indices; checked on the host, since JAX clamps indices silently.
        smoothing: share s in [0, 1) of the target that is spread over all classes.

    Example:
        >>> round(float(cross_entropy(jnp.array([0.0, 0.0]), jnp.array(1))), 4)
        0.6931

    References:
        Szegedy et al. Rethinking the Inception architecture. CVPR 2016 (label smoothing).
    """
    found: Any = _cross_entropy(smoothing, logits, jnp.broadcast_to(labels, logits.shape[:-1]))
    return found


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _cross_entropy(smoothing: float, logits: Any, labels: Any) -> Any:
    return _loss(smoothing)(logits, labels)


@_cross_entropy.defjvp
def _along(smoothing: float, at: tuple[Any, Any], along: tuple[Any, Any]) -> tuple[Any, Any]:
    loss, slope = _loss_and_slope(smoothing, *at)
    return loss, (slope * along[0]).sum(-1)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _loss_and_slope(smoothing: float, logits: Any, labels: Any) -> tuple[Any, Any]:
    return _both(smoothing)(logits, labels)


@_loss_and_slope.defjvp
def _both_along(smoothing: float, at: tuple[Any, Any], along: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return both with their derivatives, by XLA: second derivatives are rare."""
    logits, labels = at
    plain = functools.partial(plain_loss_and_slope, labels=labels, smoothing=smoothing)
    return _loss_and_slope(smoothing, *at), jax.jvp(plain, (logits,), (along[0],))[1]


@functools.cache
def _loss(smoothing: float) -> Callable[..., Any]:
    return _by_members(native_loss, plain_loss, smoothing)


@functools.cache
def _both(smoothing: float) -> Callable[..., Any]:
    return _by_members(native_loss_and_slope, plain_loss_and_slope, smoothing)


def _by_members(native: Callable[..., Any], plain: Callable[..., Any], smoothing: float) -> Any:
    return by_members(
        functools.partial(native, smoothing=smoothing),
        functools.partial(plain, smoothing=smoothing),
        suits_kernel,
    )


def suits_kernel(members: int, logits: Any, labels: Any) -> bool:
    """Return whether the kernel computes the losses of so many members faster than XLA."""
    classes = logits.shape[-1]
    return labels.dtype == jnp.int32 and dispatch.suits(
        "cross_entropy", logits, numbers=members * labels.size * classes, classes=classes
    )


def plain_loss(logits: Any, labels: Any, *, smoothing: float) -> Any:
    """Return the losses as XLA computes them."""
    scores = jax.nn.log_softmax(logits, axis=-1)
    chosen = -jnp.where(is_label(labels, logits), scores, 0).sum(-1)
    return chosen if smoothing == 0.0 else (1 - smoothing) * chosen - smoothing * scores.mean(-1)


def plain_loss_and_slope(logits: Any, labels: Any, *, smoothing: float) -> tuple[Any, Any]:
    """Return the losses and softmax(z) - (1-s)·[label] - s/c as XLA computes them."""
    hit = is_label(labels, logits)
    loss = plain_loss(logits, labels, smoothing=smoothing)
    weight = jnp.where(hit.any(-1, keepdims=True), 1 - smoothing, 0) + smoothing
    target = jnp.where(hit, 1 - smoothing, 0) + smoothing / logits.shape[-1]
    return loss, jax.nn.softmax(logits, axis=-1) * weight - target


def is_label(labels: Array, logits: Array) -> Array:
    """Return a mask like ``logits`` that is True at each label's place."""
    places = jax.lax.broadcasted_iota(labels.dtype, logits.shape, logits.ndim - 1)
    return labels[..., None] == places


def native_loss(logits: Any, labels: Any, *, smoothing: float) -> Any:
    """Return the losses as the kernel computes them."""
    out = jax.ShapeDtypeStruct(labels.shape, logits.dtype)
    return library.call(
        "cross_entropy", out, logits, labels, vmap_method="broadcast_all", smoothing=float(smoothing)
    )


def native_loss_and_slope(logits: Any, labels: Any, *, smoothing: float) -> tuple[Any, Any]:
    """Return losses and gradients as the kernel computes them, in one pass."""
    out = [jax.ShapeDtypeStruct(a.shape, logits.dtype) for a in (labels, logits)]
    loss, slope = library.call(
        "cross_entropy", out, logits, labels, vmap_method="broadcast_all", smoothing=float(smoothing)
    )
    return loss, slope
