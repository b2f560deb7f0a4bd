"""Paths from a sample to noise: both ends, slopes, and the way back from λ."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.objectives.noise_path import AbstractPath, CosinePath, LinearPath

paths = pytest.mark.parametrize("path", [CosinePath(), LinearPath()], ids=lambda path: type(path).__name__)
LEVELS = np.linspace(0.02, 0.98, 25)


@paths
def test_ends_are_the_sample_and_the_noise(path: AbstractPath):
    alpha, sigma = path.gains(np.array([0.0, 1.0]))
    np.testing.assert_allclose(alpha, [1, 0], atol=1e-15)
    np.testing.assert_allclose(sigma, [0, 1], atol=1e-15)


@paths
def test_slopes_are_the_derivatives_of_the_gains(path: AbstractPath):
    step = 1e-6
    differences = [
        (after - before) / (2 * step)
        for after, before in zip(path.gains(LEVELS + step), path.gains(LEVELS - step), strict=True)
    ]
    np.testing.assert_allclose(path.slopes(LEVELS), differences, rtol=1e-7)


@paths
def test_level_of_a_ratio_and_its_speed(path: AbstractPath):
    alpha, sigma = path.gains(LEVELS)
    log_snr = np.log(alpha**2 / sigma**2)
    np.testing.assert_allclose(path.level_of(log_snr), LEVELS)
    np.testing.assert_allclose(np.asarray(path.level_of(np.float32(log_snr))), LEVELS, rtol=1e-5)
    step = 1e-5
    speed = (path.level_of(log_snr - step) - path.level_of(log_snr + step)) / (2 * step)
    np.testing.assert_allclose(path.speed(LEVELS), speed, rtol=1e-6)


def test_the_cosine_keeps_the_variance():
    alpha, sigma = CosinePath().gains(LEVELS)
    np.testing.assert_allclose(alpha**2 + sigma**2, 1)
