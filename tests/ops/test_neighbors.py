"""Drawn neighbors: each edge with the same chance, none twice, none of another node."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.hashing import hashed_keys
from lamina.core.random import make_key
from lamina.ops.neighbors import sample_neighbors

DEGREES = np.array([0, 1, 3, 4, 17], np.int32)
STARTS = (np.cumsum(DEGREES) - DEGREES).astype(np.int32)
SENDERS = np.arange(DEGREES.sum(), dtype=np.int32) + 100  # each edge has a sender of its own


def drawn(count: int, key: int | None = None) -> np.ndarray:
    own = None if key is None else make_key(key)
    return np.asarray(sample_neighbors(jnp.arange(5), STARTS, DEGREES, SENDERS, count, key=own))


def test_few_edges_are_all_taken():
    found = drawn(4, 0)
    assert found[0].tolist() == [-1] * 4 and found[1].tolist() == [100, -1, -1, -1]
    assert found[2].tolist() == [101, 102, 103, -1] and found[3].tolist() == [104, 105, 106, 107]


def test_of_many_each_is_drawn_as_often_and_none_twice():
    keys = hashed_keys(make_key(0), 4000)
    found = np.asarray(
        jax.vmap(lambda key: sample_neighbors(jnp.array([4]), STARTS, DEGREES, SENDERS, 5, key=key))(keys)
    )[:, 0]
    assert all(len(set(own)) == 5 for own in found[:500].tolist())
    counts = np.bincount(found.reshape(-1) - STARTS[4] - 100, minlength=17)
    assert len(counts) == 17 and np.abs(counts / 4000 - 5 / 17).max() < 0.03


def test_without_a_key_always_the_same_are_taken():
    np.testing.assert_array_equal(drawn(5), drawn(5))
    assert (drawn(5)[4] != drawn(5, 3)[4]).any()
    assert sample_neighbors(jnp.array([[3, -1]]), STARTS, DEGREES, SENDERS, 2).shape == (1, 2, 2)
