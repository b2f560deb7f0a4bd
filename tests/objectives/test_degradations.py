"""How clean images are degraded: strength, randomness, what is kept."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from lamina.core.inputs import DegradedImageInputs
from lamina.objectives.degradations import LEVEL, Gray, Holes, Noise, Reduction, luma


def clean(height: int = 32, width: int = 32, channels: int = 1, count: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, height, width, channels)).astype(np.float32)


def test_noise_has_the_strength_asked_for_and_is_not_cut_off():
    images = jnp.ones((4, 64, 64, 1))
    given = np.asarray(Noise((25.0,)).degrade(images, key=0))
    assert (given - 1).std() / LEVEL == pytest.approx(25, rel=0.03)
    assert (given > 1).mean() == pytest.approx(0.5, abs=0.03)
    again, other = (np.asarray(Noise((25.0,)).degrade(images, key=key)) for key in (0, 1))
    np.testing.assert_array_equal(given, again)
    assert not np.isclose(given, other).mean() > 0.01
    assert abs(np.corrcoef(given[0].ravel(), given[1].ravel())[0, 1]) < 0.05


def test_noise_of_a_range_differs_between_images():
    given = np.asarray(Noise((5.0, 50.0)).degrade(jnp.zeros((16, 32, 32, 1)), key=0))
    strengths = given.std(axis=(1, 2, 3)) / LEVEL
    assert strengths.min() > 4 and strengths.max() < 55 and np.ptp(strengths) > 20


@pytest.mark.slow
def test_holes_hide_their_share_and_keep_the_rest():
    images, holes = clean(64, 48, count=16), Holes(0.25)
    given = np.asarray(holes.degrade(images, key=0))
    known = given[..., 1:]
    assert set(np.unique(known)) == {0.0, 1.0} and 1 - known.mean() == pytest.approx(0.25, abs=0.05)
    np.testing.assert_array_equal(given[..., :1], images * known)
    pairs = known[:, ::2] == known[:, 1::2]  # the smallest squares have two pixels
    assert pairs.all() and not (known[:, 1:-1:2] == known[:, 2::2]).all()
    assert holes.inputs(3) == DegradedImageInputs(4, 3)
    estimate = np.full_like(images, 0.5)
    np.testing.assert_array_equal(holes.finish(estimate, given), np.where(known > 0, images, 0.5))


@pytest.mark.parametrize("factor", [2, 4])
def test_a_reduction_is_that_of_pillow(factor: int):
    levels = np.random.default_rng(0).integers(0, 256, (32, 24), dtype=np.uint8)
    reduction = Reduction(factor)
    given = np.asarray(reduction.degrade(levels[None, ..., None] * LEVEL - 1, key=0))[0, ..., 0]
    small = Image.fromarray(levels).resize((24 // factor, 32 // factor), Image.Resampling.BICUBIC)
    np.testing.assert_allclose((given + 1) / LEVEL, np.asarray(small, np.float32), atol=1.01)
    assert reduction.inputs(1) == DegradedImageInputs(1, 1, factor) and reduction.scale == factor
    large = np.asarray(reduction.start(given[None, ..., None]))
    assert large.shape == (1, 32, 24, 1)
    whole = small.resize((24, 32), Image.Resampling.BICUBIC)
    found = (large[0, ..., 0] + 1) / LEVEL
    np.testing.assert_allclose(found.clip(0, 255), np.asarray(whole, np.float32), atol=3)


def test_gray_keeps_the_brightness():
    images, gray = clean(channels=3), Gray()
    given = gray.degrade(images, key=0)
    np.testing.assert_allclose(given[..., 0], images @ np.array([0.299, 0.587, 0.114], np.float32), atol=1e-6)
    assert gray.start(given).shape == images.shape and gray.inputs(3) == DegradedImageInputs(1, 3)
    finished = gray.finish(gray.start(given) + 0.3 * images, given)
    np.testing.assert_allclose(luma(finished), given, atol=1e-6)
    assert np.ptp(np.asarray(finished), axis=-1).max() > 0.1
