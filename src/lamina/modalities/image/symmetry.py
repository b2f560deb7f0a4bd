"""Whether images may be mirrored without becoming something else."""

from __future__ import annotations

import numpy as np

MOST_COMPARED = 4_000


def mirror_likeness(images: np.ndarray, codes: np.ndarray) -> float:
    """Return how alike the classes' mean images are to their mirror images, from -1 to 1.

    The mean over classes of the correlation between what sets a class's mean image apart from that
    of all images, and the same mirrored. Digits and letters, which have a direction, are below
    photographs, which have none.

    Args:
        images: (n, y, x, c).
        codes: class of each image.

    Returns:
        The mean correlation; 0 where there is but one class.

    Example:
        >>> left, right = np.zeros((4, 2, 2, 1)), np.zeros((4, 2, 2, 1))
        >>> left[:, :, 0], right[:, :, 1] = 1, 1
        >>> mirror_likeness(np.concatenate([left, right]), np.repeat([0, 1], 4))
        -1.0
    """
    overall = images.mean(0, dtype=np.float64)
    found = []
    for code in np.unique(codes):
        apart = images[codes == code].mean(0, dtype=np.float64) - overall
        apart = apart - apart.mean((0, 1))
        size = float((apart**2).sum())
        if size > 0:
            found.append(float((apart * apart[:, ::-1]).sum()) / size)
    return round(float(np.mean(found)), 6) if len(found) > 1 else 0.0
