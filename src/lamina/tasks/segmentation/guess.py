"""What masks hold: classes or instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MOST_JUDGED = 64  # masks
LEAST_INSTANCES = 3  # in a mask, before its labels can be told from classes
PIECES = 1.2  # connected pieces of a label, on average: an instance is one, a class is many


def holds_instances(masks: Sequence[np.ndarray]) -> bool:
    """Return whether the labels of masks are instances.

    They are where masks number their labels 1, 2, 3 … up to a count of their own, and nearly every label is
    one connected piece. Classes have the same few labels everywhere, in many pieces.

    Args:
        masks: some masks, whole numbers (y, x).

    Example:
        >>> two = np.zeros((4, 9), int)
        >>> two[:, :2], two[:, 3:5], two[:, 6:8] = 1, 2, 3
        >>> three = np.where(two == 3, 0, two)
        >>> holds_instances([two, three]), holds_instances([two > 0, three > 0])
        (True, False)
    """
    from scipy import ndimage  # which runs without masks do not import

    counts, pieces, labels = [], 0, 0
    for mask in masks[:MOST_JUDGED]:
        values = np.unique(mask)
        values = values[values > 0]
        if not values.size:
            continue
        if values[-1] != values.size:
            return False  # labels with gaps name something
        counts.append(values.size)
        labels += values.size
        label: Any = ndimage.label
        pieces += sum(
            label(np.asarray(mask[place]) == value, np.ones((3, 3)))[1]
            for value, place in zip(values, ndimage.find_objects(np.asarray(mask, np.int32)), strict=True)
        )
    varied = len(set(counts)) > 1
    return varied and max(counts) >= LEAST_INSTANCES and pieces <= PIECES * labels
