"""Where images are odd: the error of each pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.tasks.samples.answers import Errors
from lamina.tasks.samples.task import SAMPLE


def gathered(encoded: Any, rows: np.ndarray | None = None) -> np.ndarray:
    """Return some encoded images as one array.

    Args:
        encoded: an array, or a stream of images.
        rows: indices; all without.
    """
    chosen = np.arange(len(encoded)) if rows is None else rows
    return np.asarray(encoded[chosen] if isinstance(encoded, np.ndarray) else encoded.take(chosen))


def error_maps(outputs: Callable[..., np.ndarray], objective: Any, images: np.ndarray) -> np.ndarray:
    """Return the error of each pixel, float32 (n, y, x).

    Args:
        outputs: what a network answers, as `lamina.network.network.Network.decoded`.
        objective: that the network was trained by.
        images: bytes (n, y, x, channels).
    """
    if not len(images):
        return np.zeros(images.shape[:3], np.float32)
    return outputs({SAMPLE: images}, by=Errors(objective))
