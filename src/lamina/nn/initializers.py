"""Initializers: how weights begin, so that signals neither fade nor explode.

Each is ``initializer(key, shape) -> float32 array`` with ``shape = (out, in, ...)``, as in
PyTorch. Drawn with NumPy unless the key is traced, so building a model compiles nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.core import random
from lamina.core.arrays import Array
from lamina.core.registry import Registry

Initializer = Callable[[Any, tuple[int, ...]], Any]


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    out, field = shape[0], math.prod(shape[2:])
    into = shape[1:2] or (out,)
    return into[0] * field, out * field


def zeros(key: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return zeros: biases, and last layers of residual branches (the block starts as identity).

    Example:
        >>> zeros(0, (2,)).tolist()
        [0.0, 0.0]
    """
    return key.zeros(shape) if isinstance(key, random.Blank) else np.zeros(shape, np.float32)


def ones(key: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return ones: the gains of normalization.

    Example:
        >>> ones(0, (2,)).tolist()
        [1.0, 1.0]
    """
    return key.zeros(shape) if isinstance(key, random.Blank) else np.ones(shape, np.float32)


def glorot_uniform(key: Any, shape: tuple[int, ...]) -> Array:
    """Draw from U(-a, a), a = √(6 / (in + out)): keeps variance both ways through tanh layers.

    Example:
        >>> bool(abs(glorot_uniform(0, (300, 300))).max() <= 0.1)
        True

    References:
        Glorot, Bengio. Understanding the difficulty of training deep feedforward networks. AISTATS 2010.
    """
    bound = math.sqrt(6.0 / sum(_fans(shape)))
    return random.uniform(key, shape, low=-bound, high=bound)


def he_normal(key: Any, shape: tuple[int, ...]) -> Array:
    """Draw from N(0, 2/in): ReLU halves the variance, the 2 gives it back.

    Example:
        >>> round(float(he_normal(0, (500, 200)).std()), 2)
        0.1

    References:
        He et al. Delving deep into rectifiers. ICCV 2015.
    """
    return random.normal(key, shape) * np.float32(math.sqrt(2.0 / _fans(shape)[0]))


def he_uniform(key: Any, shape: tuple[int, ...]) -> Array:
    """Draw from U(-a, a), a = √(6/in): `he_normal` without tails.

    Example:
        >>> bool(abs(he_uniform(0, (10, 600))).max() <= 0.1)
        True
    """
    bound = math.sqrt(6.0 / _fans(shape)[0])
    return random.uniform(key, shape, low=-bound, high=bound)


def lecun_normal(key: Any, shape: tuple[int, ...]) -> Array:
    """Draw from N(0, 1/in): keeps variance through linear and self-normalizing layers.

    Example:
        >>> round(float(lecun_normal(0, (500, 100)).std()), 2)
        0.1

    References:
        LeCun et al. Efficient BackProp. 1998, section 4.6.
    """
    return random.normal(key, shape) * np.float32(math.sqrt(1.0 / _fans(shape)[0]))


def fan_in_uniform(key: Any, shape: tuple[int, ...]) -> Array:
    """Draw from U(-1/√in, 1/√in): the default of PyTorch's Linear, and ours.

    Example:
        >>> bool(abs(fan_in_uniform(0, (10, 100))).max() <= 0.1)
        True
    """
    bound = 1.0 / math.sqrt(max(1, _fans(shape)[0]))
    return random.uniform(key, shape, low=-bound, high=bound)


def partial_identity(key: Any, shape: tuple[int, ...]) -> Array:
    """Draw as `fan_in_uniform`, then let the first outputs, as many as there are inputs, pass these through.

    Output i < in is input i at the middle of the kernel, all else zero: signals arrive whole at first.

    Example:
        >>> partial_identity(0, (3, 2, 3))[:2].tolist()
        [[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]

    References:
        Jordan. 94% on CIFAR-10 in 3.29 seconds on a single GPU. 2024, section 3.3.
    """
    drawn = fan_in_uniform(key, shape)
    if isinstance(key, random.Blank):
        return drawn
    passed = np.zeros(shape, np.float32)
    both = np.arange(min(shape[:2]))
    passed[(both, both, *(size // 2 for size in shape[2:]))] = 1.0
    is_passed = (np.arange(shape[0]) < len(both)).reshape(-1, *(1,) * (len(shape) - 1))
    return random.namespace(drawn).where(is_passed, passed, drawn)


def truncated_normal(key: Any, shape: tuple[int, ...], *, std: float = 0.02) -> Array:
    """Draw from N(0, σ²) cut at ±2σ: embeddings and transformers.

    A value beyond the cut is drawn again up to seven times (one in 10⁹ is left), then clipped.

    Args:
        key: random key.
        shape: shape of the array.
        std: σ before the cut.

    Example:
        >>> bool(abs(truncated_normal(0, (1000,))).max() <= 0.04)
        True
    """
    if isinstance(key, random.Blank):
        return key.zeros(shape)
    drawn = random.normal(random.fold_in(key, 0), shape)
    xp = random.namespace(drawn)
    for attempt in range(1, 8):
        drawn = xp.where(xp.abs(drawn) > 2, random.normal(random.fold_in(key, attempt), shape), drawn)
    return xp.clip(drawn, -2, 2) * np.float32(std)


def orthogonal(key: Any, shape: tuple[int, ...]) -> Array:
    """Draw a random matrix with orthonormal rows or columns: keeps norms exactly in deep linear chains.

    Example:
        >>> w = orthogonal(0, (3, 5))
        >>> bool(np.allclose(w @ w.T, np.eye(3), atol=1e-5))
        True

    References:
        Saxe, McClelland, Ganguli. Exact solutions to the nonlinear dynamics of learning. ICLR 2014.
    """
    if isinstance(key, random.Blank):
        return key.zeros(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    drawn = random.normal(key, (max(rows, columns), min(rows, columns)))
    xp = random.namespace(drawn)
    q, r = xp.linalg.qr(drawn)
    q = q * xp.sign(xp.diagonal(r))[None, :]  # makes the draw uniform over rotations
    return (q.T if rows < columns else q).reshape(shape)


INITIALIZERS: Registry[Initializer] = Registry("initializer")
for _function in (
    zeros, ones, glorot_uniform, he_normal, he_uniform, lecun_normal, fan_in_uniform,
    truncated_normal, orthogonal,
):  # fmt: skip
    INITIALIZERS.add(_function.__name__, _function)
