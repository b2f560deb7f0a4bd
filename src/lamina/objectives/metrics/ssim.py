"""Structural similarity: how alike two images are in brightness, contrast and structure, place by place."""

from __future__ import annotations

from typing import Any

import numpy as np

WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03


def ssim(images: Any, clean: Any, *, peak: float = 255.0) -> Any:
    """Return the mean structural similarity of each image.

    SSIM = (2 μ_x μ_y + C₁)(2 σ_xy + C₂) / ((μ_x² + μ_y² + C₁)(σ_x² + σ_y² + C₂)),  C₁ = (.01 peak)²,
    C₂ = (.03 peak)², with moments under a Gaussian window of 11 x 11 pixels and σ = 1.5, averaged over all
    positions where the window lies inside the image, and over the channels. Smaller images get a window as
    large as their shorter side.

    Args:
        images: (b, y, x, c) of NumPy or JAX, floats.
        clean: what they should be, of the same shape.
        peak: difference of black and white.

    Returns:
        (b,), 1 for equal images. O(size · window).

    Example:
        >>> image = np.random.default_rng(0).random((1, 16, 16, 1)) * 255
        >>> round(float(ssim(image, image)[0]), 6)
        1.0

    References:
        Wang, Bovik, Sheikh, Simoncelli. Image quality assessment: from error visibility to structural
        similarity. IEEE Transactions on Image Processing 2004.
    """
    first, second = (K1 * peak) ** 2, (K2 * peak) ** 2
    mean_x, mean_y = _blurred(images), _blurred(clean)
    var_x = _blurred(images * images) - mean_x * mean_x
    var_y = _blurred(clean * clean) - mean_y * mean_y
    both = _blurred(images * clean) - mean_x * mean_y
    bright = (2 * mean_x * mean_y + first) / (mean_x * mean_x + mean_y * mean_y + first)
    structure = (2 * both + second) / (var_x + var_y + second)
    return (bright * structure).mean(axis=(1, 2, 3))


def _blurred(x: Any) -> Any:
    """Return weighted means under the window, where it lies inside: NumPy and JAX slice alike."""
    weights = _window(min(WINDOW, *x.shape[1:3]))
    height, width = x.shape[1] - len(weights) + 1, x.shape[2] - len(weights) + 1
    x = sum(weight * x[:, n : n + height] for n, weight in enumerate(weights))
    return sum(weight * x[:, :, n : n + width] for n, weight in enumerate(weights))


def _window(length: int) -> list[float]:
    """Return a Gaussian window whose weights sum to one."""
    places = np.arange(length) - (length - 1) / 2
    weights = np.exp(-np.square(places) / (2 * SIGMA**2))
    return (weights / weights.sum()).tolist()
