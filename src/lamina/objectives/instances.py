"""From maps to instances: seeds where the distance map is high, and for each pixel its nearest seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

HALF = 128  # of 255: the foreground
LEVELS = (0.7, 0.6, 0.5, 0.4, 0.3)  # of an instance's largest distance, at which seeds are looked for
SMOOTHING = 1.0  # pixels
LEAST_SEED = 4  # pixels
LEAST_UNSEEDED = 20  # pixels of foreground without a seed that make an instance of their own


def instances_of(maps: np.ndarray, smallest: int = 8) -> np.ndarray:
    """Return the instances in a pair of maps.

    A pixel of the foreground belongs to the nearest seed, if its connected area holds any. An area without
    seeds is an instance if it is not tiny. Cost O(pixels) a level.

    Args:
        maps: uint8 (y, x, 2): foreground, and distance to the border, 0 to 255 each.
        smallest: pixels below which an instance is dropped.

    Returns:
        int32 (y, x): 0 is background, 1 and up are instances.

    Example:
        >>> maps = np.zeros((5, 12, 2), np.uint8)
        >>> maps[1:4, 1:5], maps[1:4, 7:11] = 255, 255
        >>> int(instances_of(maps).max())
        2
    """
    inside = maps[..., 0] >= HALF
    seeds = seeds_of(ndimage.gaussian_filter(maps[..., 1].astype(np.float32) / 255, SMOOTHING), inside)
    areas, count = connected(inside)
    seeded = np.isin(areas, np.unique(areas[seeds > 0]))
    found = np.zeros(inside.shape, np.int32)
    if seeds.any():
        nearest: Any = ndimage.distance_transform_edt(seeds == 0, return_distances=False, return_indices=True)
        found = np.where(seeded, count + seeds[tuple(nearest)], 0)
    sizes = np.bincount(areas.ravel())
    alone = inside & ~seeded & (sizes[areas] >= LEAST_UNSEEDED)
    return renumbered(np.where(alone, areas, found), smallest)


def seeds_of(distance: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the cores of instances, numbered from 1.

    Level after level from the highest, each connected area of pixels above it that holds no seed yet becomes
    one. So two that touch are parted where the map between them is low, and a faint one, which never reaches
    the upper levels, has a seed too.

    Args:
        distance: to the border, as a share of the largest of the instance (y, x).
        inside: the foreground (y, x).
    """
    seeds, count = np.zeros(inside.shape, np.int32), 0
    for level in LEVELS:
        areas, _ = connected((distance > level) & inside)
        sizes = np.bincount(areas.ravel())
        is_new = sizes >= LEAST_SEED
        is_new[np.unique(areas[seeds > 0])] = False
        is_new[0] = False
        numbers = count + np.cumsum(is_new)
        seeds = np.where(is_new[areas], numbers[areas], seeds)
        count = int(numbers[-1])
    return seeds


def connected(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the connected areas of a mask, numbered from 1, and how many there are.

    Args:
        mask: booleans (y, x); pixels touch by their sides.
    """
    found: Any = ndimage.label(mask)
    return found


def renumbered(labels: np.ndarray, smallest: int = 0) -> np.ndarray:
    """Return labels 1, 2, 3 … in the order of the old ones, those of few pixels dropped.

    Args:
        labels: whole numbers (y, x), 0 for background.
        smallest: pixels below which a label becomes background.
    """
    values, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    kept = (values > 0) & (sizes >= smallest)
    return np.where(kept, np.cumsum(kept), 0)[codes].reshape(labels.shape).astype(np.int32)


def distance_maps(labels: np.ndarray) -> np.ndarray:
    """Return what is learned of instances: uint8 (y, x, 2), foreground and distance to the border.

    The distance of each pixel to the nearest pixel outside its instance, divided by the largest of the
    instance, so that small ones have seeds too.

    Args:
        labels: whole numbers (y, x), 0 for background.
    """
    labels = renumbered(labels)
    found = np.zeros((*labels.shape, 2), np.uint8)
    found[..., 0] = np.where(labels > 0, 255, 0)
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        own = labels[place] == number
        distance = np.asarray(ndimage.distance_transform_edt(np.pad(own, 1)))  # the edge counts as outside
        distance = distance[1:-1, 1:-1]
        found[place][..., 1][own] = np.round(255 * distance / distance.max()).astype(np.uint8)[own]
    return found
