"""What is chosen for images where the user leaves it open: model, size, epochs, augmentation, views."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.inputs import ImageInputs
from lamina.data.encoders import ImageEncoder
from lamina.data.encoders.sample import sample_indices
from lamina.data.images.symmetry import MOST_COMPARED, mirror_likeness
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable

# Operations of a run: one, four and thirty minutes at 4.5e10 a second, which two slow cores were seen to do
# with narrow networks; wide ones reach three times that.
BUDGETS = {"fast": 3.0e12, "balanced": 1.0e13, "best": 8.0e13}
SPEED = 9.0e10  # operations a second with a time limit: a schedule that was planned too long ends in time
FEWEST_EPOCHS, MOST_EPOCHS = 6, 60
SIZES = (64, 48, 32, 24, 16)  # of airbench
LARGE_SIDE = 96  # from here on a network with a stem that shrinks is cheaper
MIRRORED = 0.65  # likeness from which images may be mirrored; docs/log.md
_KEYS: dict[str, Any] = {
    "optimizer": "muon",
    "lr": 6e-3,
    "schedule": "linear",
    "warmup": 0.1,
    "patience": 1000,  # the rate falls to zero: the last epochs are the best
}


def work(inputs: ImageInputs, size: int) -> float:
    """Return the operations of one training example through ``airbench`` of a size.

    At 32 x 32 and size 64 its convolutions, two a group, take 118 million multiplications forward, and
    twice as many backward.
    """
    return 0.71e9 * (inputs.height * inputs.width / 1024) * (size / 64) ** 2


def budget_of(preset: str, seconds: float | None) -> float:
    """Return the operations a run may take: fewer where its time limit is short, for ``best`` as many as fit.

    Args:
        preset: ``fast``, ``balanced`` or ``best``.
        seconds: the time limit, or None.

    Example:
        >>> budget_of("balanced", None) == BUDGETS["balanced"], budget_of("best", 100.0) == 100 * SPEED
        (True, True)
    """
    if seconds is None:
        return BUDGETS[preset]
    return SPEED * seconds if preset == "best" else min(BUDGETS[preset], SPEED * seconds)


def model_for(budget: float, inputs: ImageInputs, rows: int) -> tuple[str, str, dict[str, Any]]:
    """Return the model's name, why, and its options.

    Args:
        budget: operations that training may take.
        inputs: size of the images.
        rows: training rows.
    """
    side = max(inputs.height, inputs.width)
    if side >= LARGE_SIDE:
        return "resnet", f"images of {side} pixels: a residual network is the standard", {}
    fits = [size for size in SIZES if FEWEST_EPOCHS * rows * work(inputs, size) <= budget]
    size = fits[0] if fits else SIZES[-1]
    reason = "small images: the most accuracy for little computing, as wide as preset and time limit allow"
    return "airbench", reason, {"size": size}


def keys_for(budget: float, inputs: ImageInputs, rows: int, *, size: int, task: str) -> dict[str, Any]:
    """Return training keys for images.

    Args:
        budget: operations that training may take.
        inputs: size of the images.
        rows: training rows.
        size: of the model.
        task: kind of the task.
    """
    epochs = budget / (max(rows, 1) * work(inputs, size))
    smoothing = {"label_smoothing": 0.1} if task == "multiclass" else {}
    return {**_KEYS, **smoothing, "epochs": int(np.clip(epochs, FEWEST_EPOCHS, MOST_EPOCHS))}


def augment_for(
    table: AbstractTable, schema: Schema, encoder: ImageEncoder, rows: np.ndarray
) -> tuple[str, ...]:
    """Return the random changes that suit the images: a shift, and mirroring where nothing speaks against.

    Args:
        table: the data.
        schema: which columns are what.
        encoder: the fitted encoder.
        rows: training rows.
    """
    inputs = encoder.inputs
    most = max(1, round(min(inputs.height, inputs.width) / 16))
    changes = (f"shift:{most}",)
    return ("flip", *changes) if may_mirror(table, schema, encoder, rows) else changes


def may_mirror(table: AbstractTable, schema: Schema, encoder: ImageEncoder, rows: np.ndarray) -> bool:
    """Return whether the classes' images are like their mirror images.

    Args:
        table: the data.
        schema: which columns are what.
        encoder: the fitted encoder.
        rows: training rows.
    """
    if schema.task not in ("binary", "multiclass"):
        return False
    chosen = rows[sample_indices(len(rows), MOST_COMPARED)]
    codes = table.labels(schema.targets[0]).distinct().codes[chosen]
    images = encoder.transform(table, chosen)
    images = images if isinstance(images, np.ndarray) else images.take(np.arange(len(chosen)))
    return mirror_likeness(images, codes) >= MIRRORED


def test_time_for(augment: tuple[str, ...]) -> str:
    """Return what is averaged at prediction: mirror images too, where training saw them."""
    return "flip" if any(word.partition(":")[0] in ("flip", "alternate-flip") for word in augment) else "none"
