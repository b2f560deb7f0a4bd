"""The host's random numbers and JAX's are one and the same."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from lamina.core import random
from lamina.core.errors import ShapeError
from lamina.nn.initializers import INITIALIZERS


def test_make_key_is_that_of_jax():
    for seed in (0, 7, 2**31 - 1):
        np.testing.assert_array_equal(random.make_key(seed), np.asarray(jax.random.PRNGKey(seed)))


def test_keys_of_every_kind_are_the_same_key():
    expected = random.split(random.make_key(3), 2)
    for key in (3, jax.random.PRNGKey(3), jax.random.key(3)):
        np.testing.assert_array_equal(random.split(key, 2), expected)


def test_bits_are_threefry():
    """Test vectors of the Random123 distribution, kat_vectors: threefry 2x32, 20 rounds."""
    vectors = [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((2**32 - 1, 2**32 - 1), (2**32 - 1, 2**32 - 1), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ]
    for key, counter, expected in vectors:
        words = [np.array([word], np.uint32) for word in counter]
        found = random._threefry(np.array(key, np.uint32), *words, np)
        assert [int(word[0]) for word in found] == list(expected)


@pytest.mark.parametrize("draw", [random.uniform, random.normal, random.random_bits])
@pytest.mark.parametrize("shape", [(7,), (3, 5), (1,), (0,)])
def test_traced_and_concrete_keys_draw_the_same(draw, shape):
    keys = random.split(random.make_key(1), 3)
    traced = jax.jit(jax.vmap(lambda key: draw(key, shape)))(keys)
    concrete = np.stack([draw(key, shape) for key in keys])
    np.testing.assert_allclose(
        np.asarray(traced, np.float64), concrete.astype(np.float64), rtol=1e-5, atol=1e-6
    )


def test_moments_and_independence():
    first, second = random.split(random.make_key(0), 2)
    a, b = random.normal(first, (100_000,)), random.normal(second, (100_000,))
    assert abs(a.mean()) < 0.02 and abs(a.std() - 1) < 0.02
    assert abs((a**4).mean() - 3) < 0.15
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.02
    assert abs(np.corrcoef(a[:-1], a[1:])[0, 1]) < 0.02
    u = random.uniform(first, (100_000,), low=-1, high=3)
    assert u.min() >= -1 and u.max() < 3 and abs(u.mean() - 1) < 0.02


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_initializers_are_the_same_under_vmap(name):
    keys = random.split(random.make_key(2), 2)
    together = jax.vmap(lambda key: jax.numpy.asarray(INITIALIZERS[name](key, (6, 4))))(keys)
    for key, array in zip(keys, together, strict=True):
        np.testing.assert_allclose(array, INITIALIZERS[name](key, (6, 4)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name, variance",
    [("he_normal", 2 / 200), ("he_uniform", 2 / 200), ("lecun_normal", 1 / 200), ("glorot_uniform", 2 / 500),
     ("fan_in_uniform", 1 / 600), ("truncated_normal", 0.02**2 * 0.774)],
)  # fmt: skip
def test_variances_are_those_of_the_papers(name, variance):
    drawn = INITIALIZERS[name](0, (300, 200))
    assert drawn.var() == pytest.approx(variance, rel=0.03)
    assert abs(drawn.mean()) < 0.05 * drawn.std() + 1e-3


def test_a_blank_key_draws_nothing_and_no_more_than_allowed():
    blank = random.Blank(20)
    for draw in (random.uniform, random.normal, random.random_bits):
        assert not draw(random.fold_in(random.split(blank, 3)[2], 5), (5,)).any()
    assert blank.left == 5
    with pytest.raises(ShapeError, match="asks for more values than there are; expected 20 at most, got 21"):
        random.split(blank, 6)
    with pytest.raises(ShapeError, match="more values"):
        random.uniform(blank, (10**9, 10**9))


def test_a_blank_key_makes_no_endless_model(monkeypatch):
    monkeypatch.setattr(random, "_MOST_ARRAYS", 100)
    blank = random.Blank(1 << 20)
    with pytest.raises(ShapeError, match="asks for more arrays than a model has"):
        for _ in range(101):
            random.uniform(blank, (0,))


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_initializers_leave_a_blank_key_blank(name):
    blank = random.Blank(24)
    array = INITIALIZERS[name](blank, (6, 4))
    assert array.shape == (6, 4) and array.dtype == np.float32 and not array.any() and blank.left == 0
