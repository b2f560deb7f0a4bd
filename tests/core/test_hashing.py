"""Keys and bits from a hash: uniform, all different, and without anything in common."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.hashing import hashed_bits, hashed_key, hashed_keys
from lamina.core.random import make_key


def test_bits_are_uniform_in_every_place():
    bits = np.asarray(jax.jit(hashed_bits, static_argnums=1)(make_key(3), (100_000,)))
    shares = [((bits >> place) & 1).mean() for place in range(32)]
    assert np.abs(np.array(shares) - 0.5).max() < 0.01
    counts = np.bincount(bits >> np.uint32(26), minlength=64)
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 110  # chi-squared, 63 degrees: p = 0.0002


def test_keys_of_steps_and_of_uses_are_all_different():
    steps = jax.jit(jax.vmap(lambda step: hashed_key(7, step)))(np.arange(20_000, dtype=np.int32))
    uses = jax.jit(jax.vmap(lambda key: hashed_keys(key, 4)))(steps)
    every = np.concatenate([steps, np.asarray(uses).reshape(-1, 2)])
    assert len(np.unique(every, axis=0)) == len(every)


def test_the_words_of_a_key_are_uniform_and_apart():
    keys = np.asarray(jax.jit(hashed_keys, static_argnums=1)(make_key(11), 100_000))
    for word in keys.T:
        counts = np.bincount(word >> np.uint32(26), minlength=64)
        assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 110
    assert abs(np.corrcoef(keys.T.astype(float))[0, 1]) < 5 / np.sqrt(len(keys))


def test_a_key_is_a_function_of_its_seed_inside_a_program_too():
    inside = jax.jit(lambda key, step: hashed_key(key, step))(make_key(5), jnp.array(9))
    np.testing.assert_array_equal(inside, hashed_key(5, jnp.array(9)))
