"""Activations: the nonlinearity between two weighted sums."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.registry import Registry
from lamina.core.shapes import Float
from lamina.ops.gelu import gelu as ops_gelu

Activation = Callable[[Array], Array]


def relu(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return max(x, 0): the default; cheap, and sparse.

    Example:
        >>> relu(jnp.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]

    References:
        Nair, Hinton. Rectified linear units improve restricted Boltzmann machines. ICML 2010.
    """
    return jax.nn.relu(x)


def leaky_relu(x: Float[Array, "*s"], *, slope: float = 0.01) -> Float[Array, "*s"]:
    """Return x above zero and slope·x below, so that no unit dies.

    Example:
        >>> leaky_relu(jnp.array([-1.0, 2.0]), slope=0.5).tolist()
        [-0.5, 2.0]

    References:
        Maas, Hannun, Ng. Rectifier nonlinearities improve neural network acoustic models. ICML 2013.
    """
    return jnp.where(x >= 0, x, slope * x)


def elu(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return x above zero and e^x - 1 below.

    Example:
        >>> round(float(elu(jnp.array(-1.0))), 4)
        -0.6321

    References:
        Clevert, Unterthiner, Hochreiter. Fast and accurate deep network learning by ELUs. ICLR 2016.
    """
    return jax.nn.elu(x)


def selu(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return ELU of x scaled so that activations keep mean 0 and variance 1.

    Example:
        >>> round(float(selu(jnp.array(1.0))), 4)
        1.0507

    References:
        Klambauer et al. Self-normalizing neural networks. NeurIPS 2017.
    """
    return jax.nn.selu(x)


def gelu(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return x·Φ(x), exact: transformers.

    Example:
        >>> round(float(gelu(jnp.array(1.0))), 4)
        0.8413

    References:
        Hendrycks, Gimpel. Gaussian error linear units. 2016.
    """
    return ops_gelu(x)


def gelu_tanh(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return GELU of x by its tanh approximation, as GPT-2 was trained with.

    Example:
        >>> round(float(gelu_tanh(jnp.array(1.0))), 4)
        0.8412
    """
    return jax.nn.gelu(x, approximate=True)


def silu(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return x·sigmoid(x), also called Swish.

    Example:
        >>> round(float(silu(jnp.array(1.0))), 4)
        0.7311

    References:
        Elfwing, Uchibe, Doya. Sigmoid-weighted linear units. Neural Networks 2018.
    """
    return jax.nn.silu(x)


def mish(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return x·tanh(softplus(x)).

    Example:
        >>> round(float(mish(jnp.array(1.0))), 4)
        0.8651

    References:
        Misra. Mish: a self regularized non-monotonic activation function. BMVC 2020.
    """
    return x * jnp.tanh(jax.nn.softplus(x))


def sigmoid(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return 1 / (1 + e^-x): a probability, or a gate.

    Example:
        >>> float(sigmoid(jnp.array(0.0)))
        0.5
    """
    return jax.nn.sigmoid(x)


def tanh(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return the hyperbolic tangent of x: bounded, odd; recurrent nets.

    Example:
        >>> float(tanh(jnp.array(0.0)))
        0.0
    """
    return jnp.tanh(x)


def softplus(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return log(1 + e^x): a positive number, such as a scale.

    Example:
        >>> round(float(softplus(jnp.array(0.0))), 4)
        0.6931
    """
    return jax.nn.softplus(x)


def softmax(x: Float[Array, "*s c"]) -> Float[Array, "*s c"]:
    """Return probabilities over the last axis: e^x_j / Σ e^x.

    Example:
        >>> softmax(jnp.zeros(2)).tolist()
        [0.5, 0.5]
    """
    return jax.nn.softmax(x, axis=-1)


def hard_swish(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return x·clip(x + 3, 0, 6)/6: Swish for small devices.

    Example:
        >>> float(hard_swish(jnp.array(3.0)))
        3.0

    References:
        Howard et al. Searching for MobileNetV3. ICCV 2019.
    """
    return x * jnp.clip(x + 3, 0, 6) / 6


def identity(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return x.

    Example:
        >>> float(identity(jnp.array(3.0)))
        3.0
    """
    return x


def step(x: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return 1 where x > 0, else 0: Rosenblatt's unit. Its gradient is zero everywhere.

    Example:
        >>> step(jnp.array([-1.0, 2.0])).tolist()
        [0.0, 1.0]
    """
    return (x > 0).astype(x.dtype)


ACTIVATIONS: Registry[Activation] = Registry("activation")
for _function in (
    relu, leaky_relu, elu, selu, gelu, gelu_tanh, silu, mish, sigmoid, tanh, softplus, softmax,
    hard_swish, identity, step,
):  # fmt: skip
    ACTIVATIONS.add(_function.__name__, _function)
