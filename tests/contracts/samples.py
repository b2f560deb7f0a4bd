"""A small table for every registered modality and task: whoever registers a new one adds it here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from lamina.data import AbstractTable, read
from lamina.data.images.store import ArrayImages
from lamina.data.images.table import image_table

ROWS = 60


def columns(seed: int) -> AbstractTable:
    """A column of each kind, and labels."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=ROWS)
    values = {
        "number": numbers,
        "count": random.integers(0, 9, ROWS),
        "gap": [None if i % 7 == 0 else float(i * 11 % 17) for i in range(ROWS)],
        "flag": random.random(ROWS) < 0.5,
        "word": random.choice(["a", "b", "ü"], ROWS),
        "when": [f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}" for i in range(ROWS)],
        "y": np.where(numbers + random.normal(size=ROWS) > 0, "yes", "no"),
    }
    return read(pl.DataFrame(values))


def images(seed: int) -> AbstractTable:
    """Small images, and labels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (ROWS, 8, 6, 3), dtype=np.uint8)
    return image_table(ArrayImages(pixels), {"y": np.array(["yes", "no"] * (ROWS // 2))}, "<arrays>")


# modality → a maker of tables whose inputs are all its own, different for each seed; the target is "y"
MODALITY_SAMPLES: dict[str, Callable[[int], AbstractTable]] = {"image": images, "table": columns}

NUMBERS = np.random.default_rng(9).normal(size=(ROWS, 3))
TARGETS: dict[str, Any] = {
    "binary": np.where(NUMBERS[:, 0] > 0, "yes", "no"),
    "multiclass": np.random.default_rng(9).choice(["u", "v", "w"], ROWS),
    "multilabel": (NUMBERS[:, :2] > 0).astype(int),
    "regression": 100 + 7 * NUMBERS[:, 0] + NUMBERS[:, 1] ** 2,
}


def task_sample(name: str) -> tuple[AbstractTable, tuple[str, ...]]:
    """Return a table that a task learns from, and its targets."""
    table = read(NUMBERS, y=TARGETS[name], names=["a", "b", "c"])
    return table, table.names[3:]
