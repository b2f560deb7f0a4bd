"""PSNR and SSIM against their definitions, written out plainly."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pytest

from lamina.objectives.metrics.psnr import luminance, psnr
from lamina.objectives.metrics.ssim import ssim


def images(seed: int, height: int = 20, width: int = 17, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    clean = random.integers(0, 256, (height, width, channels)).astype(np.float64)
    return clean + random.normal(0, 20, clean.shape), clean


def test_psnr_is_the_logarithm_of_the_error():
    noisy, clean = images(0)
    expected = 10 * math.log10(255**2 / np.mean((noisy - clean) ** 2))
    assert psnr(noisy, clean) == pytest.approx(expected)
    inner = 10 * math.log10(255**2 / np.mean((noisy - clean)[2:-2, 2:-2] ** 2))
    assert psnr(noisy, clean, border=2) == pytest.approx(inner) and inner != pytest.approx(expected)
    assert psnr(noisy / 255, clean / 255, peak=1.0) == pytest.approx(expected)
    assert psnr(clean, clean) == math.inf


def test_bytes_do_not_wrap_around():
    assert psnr(np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)) == pytest.approx(0.0)


def test_images_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="images of one shape"):
        psnr(np.zeros((4, 4)), np.zeros((4, 5)))


def plain_ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Window by window, as Wang et al. define it."""
    places = np.arange(11) - 5
    weights = np.exp(-(places[:, None] ** 2 + places[None] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    found = []
    for y in range(one.shape[0] - 10):
        for x in range(one.shape[1] - 10):
            a, b = one[y : y + 11, x : x + 11], other[y : y + 11, x : x + 11]
            mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
            var_a, var_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
            both = (weights * (a - mean_a) * (b - mean_b)).sum()
            first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
            bright = (2 * mean_a * mean_b + first) / (mean_a**2 + mean_b**2 + first)
            found.append(bright * (2 * both + second) / (var_a + var_b + second))
    return float(np.mean(found))


def test_ssim_is_the_mean_over_windows():
    (noisy, clean), (color, true) = images(1), images(2, channels=3)
    assert ssim(noisy[None], clean[None])[0] == pytest.approx(plain_ssim(noisy[..., 0], clean[..., 0]))
    channels = [plain_ssim(color[..., c], true[..., c]) for c in range(3)]
    assert ssim(color[None], true[None])[0] == pytest.approx(np.mean(channels))
    assert ssim(clean[None], clean[None])[0] == pytest.approx(1.0)


def test_ssim_of_device_arrays_and_of_small_images():
    noisy, clean = (image[None].astype(np.float32) for image in images(3))
    found = ssim(jnp.asarray(noisy), jnp.asarray(clean))
    np.testing.assert_allclose(found, ssim(noisy, clean), rtol=1e-4)
    assert 0 < ssim(noisy[:, :5, :4], clean[:, :5, :4])[0] < 1


def test_luminance_is_that_of_video():
    black_and_white = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    assert luminance(black_and_white).tolist() == [[16.0, pytest.approx(235.0)]]
