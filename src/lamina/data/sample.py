"""Rows that encoders are fitted on, where there are more than it takes."""

from __future__ import annotations

import numpy as np


def sample_indices(size: int, most: int) -> np.ndarray:
    """Return at most ``most`` positions among ``size``, increasing, the same ones every time.

    Example:
        >>> sample_indices(3, 10), len(sample_indices(1000, 10))
        (array([0, 1, 2]), 10)
    """
    if size <= most:
        return np.arange(size)
    random = np.random.Generator(np.random.Philox(key=0))
    return np.sort(random.choice(size, most, replace=False, shuffle=False))
