"""Normalization: keeping the scale of the signals steady from layer to layer."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ShapeError
from lamina.core.module import Module, buffer, static
from lamina.core.shapes import Float
from lamina.nn.linear import aligned
from lamina.ops.layer_norm import layer_norm
from lamina.ops.rms_norm import rms_norm


class LayerNorm(Module):
    """Center and scale each example's features: y = (x - mean) / √(var + ε) · weight + bias.

    Independent of the batch; the default of transformers. O(size).

    Args:
        width: length of the last axis.
        epsilon: ε > 0, keeps the division finite.

    Shapes:
        (*batch, width) → the same

    Raises:
        ShapeError: the last axis is not ``width`` long.

    Example:
        >>> y = LayerNorm(4)(jnp.array([[1.0, 2.0, 3.0, 4.0]]))
        >>> bool(abs(y.mean()) < 1e-6)
        True

    References:
        Ba, Kiros, Hinton. Layer normalization. 2016.
    """

    weight: Float[Array, " d"]
    bias: Float[Array, " d"]
    epsilon: float = static()

    def __init__(self, width: int, *, epsilon: float = 1e-5):
        self.weight, self.bias = np.ones(width, np.float32), np.zeros(width, np.float32)
        self.epsilon = epsilon

    def __call__(
        self, x: Float[Array, "*b d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b d"]:
        width = self.weight.shape[-1]
        if x.shape[-1] != width:
            raise ShapeError(
                "wrong shape", where=self.path, expected=f"last axis {width}", received=tuple(x.shape)
            )
        return layer_norm(x, self.weight, self.bias, epsilon=self.epsilon)


class RMSNorm(Module):
    """Scale each example's features by their root mean square: y = x / √(mean x² + ε) · weight.

    LayerNorm without centering: cheaper, as good in language models. O(size).

    Args:
        width: length of the last axis.
        epsilon: ε > 0, keeps the division finite.

    Shapes:
        (*batch, width) → the same

    Raises:
        ShapeError: the last axis is not ``width`` long.

    Example:
        >>> y = RMSNorm(2)(jnp.array([[3.0, 4.0]]))
        >>> round(float((y**2).mean()), 3)
        1.0

    References:
        Zhang, Sennrich. Root mean square layer normalization. NeurIPS 2019.
    """

    weight: Float[Array, " d"]
    epsilon: float = static()

    def __init__(self, width: int, *, epsilon: float = 1e-6):
        self.weight, self.epsilon = np.ones(width, np.float32), epsilon

    def __call__(
        self, x: Float[Array, "*b d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b d"]:
        width = self.weight.shape[-1]
        if x.shape[-1] != width:
            raise ShapeError(
                "wrong shape", where=self.path, expected=f"last axis {width}", received=tuple(x.shape)
            )
        return rms_norm(x, self.weight, epsilon=self.epsilon)


class AbstractBatchNorm(Module):
    """Gain, shift and running averages of each feature; what they are averages of, the layer says.

    Args:
        width: length of the last axis.
        epsilon: ε > 0, keeps the division finite.
        momentum: share in (0, 1] of the newest batch in the running averages.
    """

    weight: Float[Array, " d"]
    bias: Float[Array, " d"]
    running_mean: Float[Array, " d"] = buffer()
    running_var: Float[Array, " d"] = buffer()
    epsilon: float = static()
    momentum: float = static()

    def __init__(self, width: int, *, epsilon: float = 1e-5, momentum: float = 0.1):
        self.weight, self.bias = np.ones(width, np.float32), np.zeros(width, np.float32)
        self.running_mean, self.running_var = np.zeros(width, np.float32), np.ones(width, np.float32)
        self.epsilon, self.momentum = epsilon, momentum

    def _scaled(self, x: Any, mean: Any, var: Any) -> Any:
        """Return (x - mean) / √(var + ε) · weight + bias."""
        scale = jax.lax.rsqrt(jnp.asarray(var) + self.epsilon) * self.weight
        shift = self.bias - mean * scale
        return x * aligned(scale, x) + aligned(shift, x)

    def _remember(self, mean: Any, unbiased: Any) -> None:
        """Tap the new running averages, by mean and unbiased variance of the batch."""
        keep = 1.0 - self.momentum
        self.tap("running_mean", jax.lax.stop_gradient(keep * self.running_mean + self.momentum * mean))
        self.tap("running_var", jax.lax.stop_gradient(keep * self.running_var + self.momentum * unbiased))


class BatchNorm(AbstractBatchNorm):
    """Center and scale each feature over the batch; at prediction, by running averages.

    Training: mean and variance over every axis but the last, and the new running averages
    go out through the taps ``running_mean`` and ``running_var``; the training step writes
    them back. Prediction: y = (x - running_mean) / √(running_var + ε) · weight + bias.
    O(size).

    Args:
        width: length of the last axis.
        epsilon: ε > 0, keeps the division finite.
        momentum: share in (0, 1] of the newest batch in the running averages.

    Shapes:
        (*batch, width) → the same

    Example:
        >>> from lamina.core.taps import observe
        >>> norm = BatchNorm(2, momentum=1.0)
        >>> y, seen = observe(norm, "running_*")(jnp.array([[1.0, 2.0], [3.0, 4.0]]), train=True)
        >>> seen["running_mean"].tolist()
        [2.0, 3.0]

    References:
        Ioffe, Szegedy. Batch normalization. ICML 2015. The running variance is the unbiased
        one, as in PyTorch.
    """

    def __call__(
        self, x: Float[Array, "*b d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b d"]:
        mean, var = self._batch_statistics(x) if train else (self.running_mean, self.running_var)
        return self._scaled(x, mean, var)

    def _batch_statistics(self, x: Array) -> tuple[Array, Array]:
        flat = x.astype(jnp.float32).reshape(-1, x.shape[-1])
        mean = flat.mean(0)
        centered = flat - aligned(jax.lax.stop_gradient(mean), flat)  # the slope of var in the mean is zero
        var = (centered * centered).mean(0)
        unbiased = var * (flat.shape[0] / max(1, flat.shape[0] - 1))
        self._remember(mean, unbiased)
        return mean, var
