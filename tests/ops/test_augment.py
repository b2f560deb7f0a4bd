"""Random changes of pictures: what each does, and that nothing else happens."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.hashing import hashed_keys
from lamina.ops import augment
from lamina.ops.augment import CHANGES

KEY = hashed_keys(3, 1)[0]
EVERY = pytest.mark.parametrize("name", list(CHANGES))


def pictures(count: int = 16, side: int = 12, channels: int = 3) -> jax.Array:
    values = np.random.default_rng(0).uniform(0, 255, (count, side, side, channels))
    return jnp.asarray(values, jnp.float32)


@EVERY
@pytest.mark.parametrize("channels", [1, 3])
def test_size_and_range_stay(name: str, channels: int):
    x = pictures(channels=channels)
    change, strength = CHANGES[name]
    y = jax.jit(change, static_argnums=2)(x, KEY, strength)
    assert y.shape == x.shape and y.dtype == x.dtype
    assert 0 <= float(y.min()) and float(y.max()) <= 255.001


@EVERY
def test_the_key_decides(name: str):
    x = pictures()
    change, strength = CHANGES[name]
    assert bool((change(x, KEY, strength) == change(x, KEY, strength)).all())
    assert bool((change(x, KEY, strength) != change(x, hashed_keys(4, 1)[0], strength)).any())


@pytest.mark.parametrize("name", sorted(set(CHANGES) - {"crop", "randaugment", "cutout"}))
def test_strength_zero_changes_nothing(name: str):
    x = pictures()
    assert np.allclose(CHANGES[name][0](x, KEY, 0.0), x, atol=1e-3)


def test_flip_mirrors_some_and_leaves_the_others():
    x = pictures(200)
    y = augment.flip(x, KEY, 0.5)
    mirrored = (y == x[:, :, ::-1]).all((1, 2, 3))
    kept = (y == x).all((1, 2, 3))
    assert bool((mirrored ^ kept).all()) and 60 < int(mirrored.sum()) < 140
    assert bool((augment.turn_over(x, KEY, 1.0) == x[:, ::-1]).all())


def test_shift_moves_by_whole_pixels():
    x = pictures(100)
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    found = set()
    for picture, moved in zip(padded, augment.shift(x, KEY, 2.0), strict=True):
        (place,) = [
            (i, j) for i in range(5) for j in range(5) if (picture[i : i + 12, j : j + 12] == moved).all()
        ]
        found.add(place)
    assert len(found) > 18, "of the 25 places"


def test_a_quarter_turn():
    x = pictures(2)
    quarter = jnp.broadcast_to(jnp.array([[0.0, 1.0], [-1.0, 0.0]]), (2, 2, 2))
    turned = augment.warp(x, quarter, jnp.zeros((2, 2)))
    assert np.allclose(turned, np.rot90(x, axes=(1, 2)), atol=1e-3)


def test_half_a_pixel_is_the_mean_of_two():
    x = pictures(1)
    moved = augment.warp(x, jnp.eye(2)[None], jnp.array([[0.0, 0.5]]))
    assert np.allclose(moved[:, :, :-1], (x[:, :, :-1] + x[:, :, 1:]) / 2, atol=1e-3)
    assert np.allclose(moved[:, :, -1], x[:, :, -1], atol=1e-3), "the border repeats"


def test_cutout_paints_a_square_with_the_mean():
    x = pictures(50, side=20)
    y = augment.cutout(x, KEY, 6.0)
    mean = x.mean((1, 2), keepdims=True)
    painted = (y != x).all(-1)
    assert 9 <= int(painted.sum((1, 2)).min()) and int(painted.sum((1, 2)).max()) == 36
    assert np.allclose(jnp.where(painted[..., None], y - mean, 0), 0, atol=1e-3)


def test_saturation_of_gray_pictures():
    x = pictures(channels=1)
    assert augment.saturation(x, KEY, 0.9) is x
    gray = jnp.broadcast_to(x, (*x.shape[:3], 3))
    assert np.allclose(augment.saturation(gray, KEY, 0.9), gray, atol=0.1)


def test_one_row_of_pixels():
    x = pictures(3)[:, :1]
    for change, strength in CHANGES.values():
        assert change(x, KEY, strength).shape == x.shape
