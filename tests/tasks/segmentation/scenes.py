"""Small images of bright disks on dark noise, with masks of them, in folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 32


def scene(random: np.random.Generator, disks: int, *, height: int = SIDE, width: int = SIDE) -> np.ndarray:
    """Return instances of up to so many disks, numbered 1, 2, 3 …"""
    y, x = np.mgrid[:height, :width]
    labels = np.zeros((height, width), np.uint8)
    for _ in range(disks):
        middle, radius = random.integers(5, (height - 4, width - 4)), random.integers(3, 6)
        place = (y - middle[0]) ** 2 + (x - middle[1]) ** 2 <= radius**2
        if not labels[place].any():  # they do not overlap
            labels[place] = labels.max() + 1
    return labels


def write_scenes(
    root: Path, count: int = 24, *, kind: str = "instances", height: int = SIDE, width: int = SIDE
) -> Path:
    """Write images and masks: ``instances`` as they are numbered, ``classes`` as 0 and 255."""
    random = np.random.default_rng(0)
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        labels = scene(random, 3 + number % 4, height=height, width=width)
        image = np.where(labels > 0, 180, 50) + random.normal(0, 12, labels.shape)
        mask = labels if kind == "instances" else np.where(labels > 0, 255, 0).astype(np.uint8)
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(root / "images" / f"{number:02}.png")
        Image.fromarray(mask).save(root / "masks" / f"{number:02}.png")
    return root


def mask_of(root: Path, number: int) -> np.ndarray:
    """Return a mask as it was written."""
    return np.asarray(Image.open(root / "masks" / f"{number:02}.png"))


def replace_mask(root: Path, number: int, mask: np.ndarray) -> Path:
    """Write another mask in the place of one."""
    path = root / "masks" / f"{number:02}.png"
    Image.fromarray(mask).save(path)
    return path
