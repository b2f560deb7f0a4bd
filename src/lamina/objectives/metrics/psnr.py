"""Peak signal-to-noise ratio: how far an image is from another, in decibels."""

from __future__ import annotations

import math

import numpy as np


def psnr(image: np.ndarray, clean: np.ndarray, *, peak: float = 255.0, border: int = 0) -> float:
    """Return the peak signal-to-noise ratio of an image.

    PSNR = 10 log₁₀(peak² / mean (image - clean)²)

    Args:
        image: (y, x) or (y, x, c).
        clean: what it should be, of the same shape.
        peak: difference of black and white.
        border: pixels on each side that do not count, as is usual in super-resolution.

    Returns:
        Decibels; infinity where both are equal. O(size).

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> round(psnr(np.full((8, 8), 110.0), np.full((8, 8), 100.0)), 2)
        28.13
    """
    image, clean = without_border(image, border), without_border(clean, border)
    if image.shape != clean.shape:
        raise ValueError(f"images of one shape are compared, not {image.shape} and {clean.shape}")
    error = float(np.square(image.astype(np.float64) - clean.astype(np.float64)).mean())
    return math.inf if error == 0 else 10 * math.log10(peak**2 / error)


def without_border(image: np.ndarray, border: int) -> np.ndarray:
    """Return an image without some pixels on each side.

    Args:
        image: (y, x) or (y, x, c).
        border: how many.
    """
    return image[border : image.shape[0] - border, border : image.shape[1] - border]


def luminance(image: np.ndarray) -> np.ndarray:
    """Return the luminance of a color image as super-resolution is measured on, float64 (y, x).

    Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255, from 16 to 235 (ITU-R BT.601, Matlab's rgb2ycbcr).

    Args:
        image: (y, x, 3), 0 to 255.

    Example:
        >>> luminance(np.full((1, 1, 3), 255, np.uint8)).round().tolist()
        [[235.0]]
    """
    return 16.0 + image.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255.0
