"""Where images are odd: the error of each pixel."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

BATCH = 64


def gathered(encoded: Any, rows: np.ndarray | None = None) -> np.ndarray:
    """Return some encoded images as one array.

    Args:
        encoded: an array, or a stream of images.
        rows: indices; all without.
    """
    chosen = np.arange(len(encoded)) if rows is None else rows
    return np.asarray(encoded[chosen] if isinstance(encoded, np.ndarray) else encoded.take(chosen))


def error_maps(objective: Any, model: Any, images: np.ndarray) -> np.ndarray:
    """Return the error of each pixel, float32 (n, y, x).

    Args:
        objective: that the network was trained by.
        model: in evaluation mode.
        images: bytes (n, y, x, channels).
    """
    import jax

    from lamina.core import runtime

    runtime.start()
    size = min(BATCH, 1 << max(0, len(images) - 1).bit_length())
    found = []
    for start in range(0, len(images), size):
        own = images[start : start + size]
        batch = np.concatenate([own, np.zeros((size - len(own), *own.shape[1:]), own.dtype)])
        found.append(np.asarray(jax.device_get(_errors()(objective, model, batch)), np.float32)[: len(own)])
    return np.concatenate([np.zeros((0, *images.shape[1:3]), np.float32), *found])


@functools.cache
def _errors() -> Any:
    import jax

    return jax.jit(lambda objective, model, x: objective.errors(model, {"sample": x}), static_argnums=0)
