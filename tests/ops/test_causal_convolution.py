"""Convolutions along time, short with a state and long by spectra, against NumPy's."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.causal_convolution import causal_convolution
from lamina.ops.long_convolution import long_convolution, modes_kernel

RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> jax.Array:
    return jnp.asarray(RANDOM.normal(size=shape), jnp.float32)


@pytest.mark.parametrize("features", [3, 16])  # the second is computed by the kernel where there is one
def test_each_position_sees_itself_and_those_before(features: int):
    x, weight, bias = normal(2, 7, features), normal(features, 1, 4), normal(features)
    y, state = jax.jit(causal_convolution)(x, weight, bias)
    for one in range(features):
        wanted = np.convolve(x[1, :, one], weight[one, 0, ::-1])[:7] + bias[one]
        np.testing.assert_allclose(y[1, :, one], wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(state, x[:, -3:])


@pytest.mark.parametrize("features", [3, 16])
def test_in_pieces_is_as_a_whole(features: int):
    x, weight = normal(2, 7, features), normal(features, 1, 4)

    @jax.jit
    def in_pieces() -> tuple[jax.Array, jax.Array]:
        pieces, state = [], None
        for begin, end in [(0, 1), (1, 2), (2, 7)]:
            y, state = causal_convolution(x[:, begin:end], weight, state=state)
            pieces.append(y)
        return jnp.concatenate(pieces, axis=1), state

    whole, last = jax.jit(causal_convolution)(x, weight)
    found, state = in_pieces()
    np.testing.assert_allclose(found, whole, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(state, last)


def test_long_convolution_is_numpys():
    x, kernel = normal(2, 9, 3), normal(3, 9)
    y = jax.jit(long_convolution)(x, kernel)
    for one in range(3):
        np.testing.assert_allclose(y[0, :, one], np.convolve(x[0, :, one], kernel[one])[:9], atol=1e-5)


@pytest.mark.parametrize("time", [1, 7, 12])
def test_kernel_of_waves_is_their_sum(time: int):
    exponent = jax.lax.complex(-jnp.abs(normal(3, 4)), normal(3, 4))
    output = jax.lax.complex(normal(3, 4), normal(3, 4))
    powers = np.exp(np.asarray(exponent)[..., None] * np.arange(time))
    wanted = (np.asarray(output)[..., None] * powers).sum(1).real
    np.testing.assert_allclose(modes_kernel(exponent, output, time), wanted, rtol=1e-5, atol=1e-5)
