"""Random changes of images: what each does, and that nothing else happens."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.hashing import hashed_keys
from lamina.ops import augment
from lamina.ops.augment import CHANGES, Change

KEY, OTHER_KEY = (np.asarray(hashed_keys(seed, 1))[0] for seed in (3, 4))
EVERY = pytest.mark.parametrize("name", list(CHANGES))


def images(count: int = 16, side: int = 12, channels: int = 3) -> np.ndarray:
    values = np.random.default_rng(0).uniform(0, 255, (count, side, side, channels))
    return values.astype(np.float32)


@functools.cache
def compiled(change: Change) -> Callable[[np.ndarray, Any, float], jax.Array]:
    return jax.jit(change, static_argnums=2)


@EVERY
@pytest.mark.parametrize("channels", [1, 3])
def test_size_and_range_stay(name: str, channels: int):
    x = images(channels=channels)
    change, strength, _ = CHANGES[name]
    y = compiled(change)(x, KEY, strength)
    assert y.shape == x.shape and y.dtype == x.dtype
    assert 0 <= np.min(y) and np.max(y) <= 255.001


@EVERY
def test_the_key_decides(name: str):
    x = images()
    change, strength, _ = CHANGES[name]
    found, again, other = (np.asarray(compiled(change)(x, key, strength)) for key in (KEY, KEY, OTHER_KEY))
    assert (found == again).all() and (found != other).any()


@pytest.mark.parametrize("name", sorted(set(CHANGES) - {"crop", "randaugment", "cutout"}))
def test_strength_zero_changes_nothing(name: str):
    x = images()
    assert np.allclose(compiled(CHANGES[name][0])(x, KEY, 0.0), x, atol=1e-3)


def test_flip_mirrors_some_and_leaves_the_others():
    x = images(200)
    y = np.asarray(compiled(augment.flip)(x, KEY, 0.5))
    mirrored = (y == x[:, :, ::-1]).all((1, 2, 3))
    kept = (y == x).all((1, 2, 3))
    assert (mirrored ^ kept).all() and 60 < mirrored.sum() < 140
    assert (np.asarray(compiled(augment.turn_over)(x, KEY, 1.0)) == x[:, ::-1]).all()


def test_shift_moves_by_whole_pixels():
    x = images(100)
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    found = set()
    for image, moved in zip(padded, np.asarray(compiled(augment.shift)(x, KEY, 2.0)), strict=True):
        (place,) = [
            (i, j) for i in range(5) for j in range(5) if (image[i : i + 12, j : j + 12] == moved).all()
        ]
        found.add(place)
    assert len(found) > 18, "of the 25 places"


def test_a_quarter_turn():
    x = images(2)
    quarter = np.array([[[0.0, 1.0], [-1.0, 0.0]]] * 2, np.float32)
    turned = jax.jit(augment.warp)(x, quarter, np.zeros((2, 2), np.float32))
    assert np.allclose(turned, np.rot90(x, axes=(1, 2)), atol=1e-3)


def test_half_a_pixel_is_the_mean_of_two():
    x = images(1)
    straight, right = np.eye(2, dtype=np.float32)[None], np.array([[0.0, 0.5]], np.float32)
    moved = np.asarray(jax.jit(augment.warp)(x, straight, right))
    assert np.allclose(moved[:, :, :-1], (x[:, :, :-1] + x[:, :, 1:]) / 2, atol=1e-3)
    assert np.allclose(moved[:, :, -1], x[:, :, -1], atol=1e-3), "the border repeats"


def test_cutout_paints_a_square_with_the_mean():
    x = images(50, side=20)
    y = np.asarray(compiled(augment.cutout)(x, KEY, 6.0))
    mean = x.mean((1, 2), keepdims=True)
    painted = (y != x).all(-1)
    assert 9 <= painted.sum((1, 2)).min() and painted.sum((1, 2)).max() == 36
    assert np.allclose(np.where(painted[..., None], y - mean, 0), 0, atol=1e-3)


def test_transposition_mirrors_some_along_the_diagonal():
    x = images(200)
    y = np.asarray(compiled(augment.transpose)(x, KEY, 0.5))
    mirrored = (y == x.swapaxes(1, 2)).all((1, 2, 3))
    kept = (y == x).all((1, 2, 3))
    assert (mirrored ^ kept).all() and 60 < mirrored.sum() < 140
    turned = np.asarray(compiled(augment.turn_over)(compiled(augment.transpose)(x, KEY, 1.0), KEY, 1.0))
    assert (turned == np.rot90(x, axes=(1, 2))).all(), "with a mirror it is a quarter turn"
    wide = jnp.array(x[:, :8])
    assert augment.transpose(wide, KEY, 1.0) is wide


def test_gamma_is_one_power_for_each_image():
    x = np.clip(images(50), 5, 250)
    y = np.asarray(compiled(augment.gamma)(x, KEY, 0.5))
    powers = np.log(y / 255) / np.log(x / 255)
    each = powers.mean((1, 2, 3))
    assert np.allclose(powers, each[:, None, None, None], atol=1e-2)
    assert (np.abs(np.log(each)) <= 0.5 + 1e-2).all() and each.min() < 0.75 and each.max() > 1.3
    ends = np.array([0.0, 255.0], np.float32).reshape(2, 1, 1, 1)
    assert np.allclose(compiled(augment.gamma)(ends, KEY, 0.5), ends, atol=3), "black and white stay"


def test_saturation_of_gray_images():
    x = jnp.array(images(channels=1))
    assert augment.saturation(x, KEY, 0.9) is x
    gray = np.repeat(x, 3, axis=-1)
    assert np.allclose(compiled(augment.saturation)(gray, KEY, 0.9), gray, atol=0.1)


def test_one_row_of_pixels():
    x = images(3)[:, :1]
    for change, strength, _ in CHANGES.values():
        assert jax.eval_shape(functools.partial(change, key=KEY, strength=strength), x).shape == x.shape
