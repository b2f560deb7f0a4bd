"""Losses of one example each; reduction and weights belong to the task.

Every function takes raw outputs (logits where a probability is meant), works over the
last axis and returns one number an example, so leading axes broadcast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.registry import Registry
from lamina.core.shapes import Float, Int
from lamina.ops.cross_entropy import cross_entropy, is_label


def binary_cross_entropy(
    logits: Float[Array, "*b"], targets: Float[Array, "*b"], *, smoothing: float = 0.0
) -> Float[Array, "*b"]:
    """Return the negative log-likelihood of a yes/no target.

    max(z, 0) - z·y + log(1 + e^-|z|), which never overflows

    Args:
        logits: unbounded score z of "yes".
        targets: y in [0, 1].
        smoothing: share in [0, 1) that pulls y towards one half.

    Example:
        >>> round(float(binary_cross_entropy(jnp.array(0.0), jnp.array(1.0))), 4)
        0.6931
    """
    targets = targets * (1 - smoothing) + 0.5 * smoothing
    return jnp.maximum(logits, 0) - logits * targets + jnp.log1p(jnp.exp(-jnp.abs(logits)))


def focal_loss(
    logits: Float[Array, "*b c"], labels: Int[Array, "*b"], *, gamma: float = 2.0
) -> Float[Array, "*b"]:
    """Return cross-entropy weighted down where the network is already right.

    -(1 - p_label)^γ · log p_label. Use it when easy examples outnumber hard ones.

    Args:
        logits: one unbounded score a class.
        labels: class indices.
        gamma: focus γ ≥ 0; 0 is cross-entropy.

    Example:
        >>> z = jnp.array([2.0, 0.0])
        >>> bool(focal_loss(z, jnp.array(0)) < cross_entropy(z, jnp.array(0)))
        True

    References:
        Lin et al. Focal loss for dense object detection. ICCV 2017.
    """
    loss = cross_entropy(logits, labels)
    wrong = jnp.maximum(-jnp.expm1(-loss), jnp.finfo(loss.dtype).tiny)  # 1 - p, with a finite gradient at 0
    return wrong**gamma * loss


def perceptron_loss(logits: Float[Array, "*b c"], labels: Int[Array, "*b"]) -> Float[Array, "*b"]:
    """Return by how much a wrong class beats the right one; zero where the right one wins.

    max_j z_j - z_label. Gradient descent on it is Rosenblatt's rule: only mistakes correct.

    Args:
        logits: one score a class.
        labels: class indices.

    Example:
        >>> float(perceptron_loss(jnp.array([3.0, 1.0]), jnp.array(1)))
        2.0

    References:
        Rosenblatt. The perceptron. Psychological Review 1958.
    """
    hit = is_label(labels, logits)
    return logits.max(-1) - jnp.where(hit, logits, 0).sum(-1)


def squared_error(outputs: Float[Array, "*b"], targets: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Return (output - target)².

    Example:
        >>> float(squared_error(jnp.array(3.0), jnp.array(1.0)))
        4.0
    """
    return (outputs - targets) ** 2


def absolute_error(outputs: Float[Array, "*b"], targets: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Return |output - target|.

    Example:
        >>> float(absolute_error(jnp.array(3.0), jnp.array(1.0)))
        2.0
    """
    error = outputs - targets
    return error * jnp.sign(jax.lax.stop_gradient(error))  # the slope of jnp.abs at zero is one, not zero


def huber_loss(
    outputs: Float[Array, "*b"], targets: Float[Array, "*b"], *, delta: float = 1.0
) -> Float[Array, "*b"]:
    """Return half the squared error near zero and a straight line beyond ``delta``.

    ½e² for |e| ≤ δ, else δ(|e| - ½δ). Use it when some targets are far off.

    Args:
        outputs: predictions.
        targets: what they should be, same unit.
        delta: where the line begins, > 0, in units of the (standardized) target.

    Example:
        >>> float(huber_loss(jnp.array(3.0), jnp.array(0.0)))
        2.5

    References:
        Huber. Robust estimation of a location parameter. Ann. Math. Stat. 1964.
    """
    size = jnp.abs(outputs - targets)
    near = jnp.minimum(size, delta)
    return near * (size - 0.5 * near)


def quantile_loss(
    outputs: Float[Array, "*b q"], targets: Float[Array, "*b 1"], *, quantiles: Sequence[float]
) -> Float[Array, "*b"]:
    """Return the pinball loss, mean over quantiles.

    max(τ·e, (τ-1)·e) with e = target - output

    Args:
        outputs: one prediction a quantile, last axis.
        targets: the value, last axis of length one.
        quantiles: levels τ in (0, 1), one an output.

    Example:
        >>> round(float(quantile_loss(jnp.zeros(1), jnp.ones(1), quantiles=(0.9,))), 2)
        0.9

    References:
        Koenker, Bassett. Regression quantiles. Econometrica 1978.
    """
    levels = jnp.asarray(quantiles, outputs.dtype)
    error = targets - outputs
    levels = levels.reshape((1,) * (error.ndim - 1) + (-1,))
    return jnp.maximum(levels * error, (levels - 1) * error).mean(-1)


Loss = Callable[..., Array]
LOSSES: Registry[Loss] = Registry("loss")
for _name, _loss in {
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "focal": focal_loss,
    "perceptron": perceptron_loss,
    "mse": squared_error,
    "mae": absolute_error,
    "huber": huber_loss,
    "quantile": quantile_loss,
}.items():
    LOSSES.add(_name, _loss)
