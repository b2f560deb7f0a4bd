"""What is chosen for images where the user leaves it open: model, size, epochs, augmentation."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.inputs import ImageInputs
from lamina.core.wanted import ONE
from lamina.data.sample import sample_indices
from lamina.data.schema import CLASSES
from lamina.modalities.base import Choice, Learned, Situation
from lamina.modalities.image.symmetry import MOST_COMPARED, mirror_likeness

# Operations of a run: one, four and thirty minutes at 4.5e10 a second, which two slow cores were seen to do
# with narrow networks; wide ones reach three times that.
BUDGETS = {"fast": 3.0e12, "balanced": 1.0e13, "best": 8.0e13}
SPEED = 9.0e10  # operations a second with a time limit: a schedule that was planned too long ends in time
FEWEST_EPOCHS, MOST_EPOCHS = 6, 60
SIZES = (64, 48, 32, 24, 16)  # of airbench
# Where every pixel has a target: operations of a training pixel of U-Net 16, the share of a preset's budget.
MAPS_WORK, MAPS_SHARE = 1.6e5, 4.0
FEWEST_MAP_EPOCHS, MOST_MAP_EPOCHS = 20, 200
MAPS_MODEL = "unet"
FOLDED_SIDE = 128  # pixels of a side from which blocks of 2 x 2 become channels
LEAST_COMPARED, UPRIGHT = 8, 0.5  # images, and likeness of profiles, before top and bottom are told apart
_MAP_KEYS: dict[str, Any] = {
    "optimizer": "adamw",
    "lr": 2e-3,
    "weight_decay": 1e-4,
    "schedule": "cosine",
    "warmup": 0.05,
    "batch_size": 4,
    "patience": 1000,
}
LARGE_SIDE = 96  # from here on a network with a stem that shrinks is cheaper
MIRRORED = 0.65  # likeness from which images may be mirrored; docs/log.md
_KEYS: dict[str, Any] = {
    "optimizer": "muon",
    "lr": 6e-3,
    "schedule": "linear",
    "warmup": 0.1,
    "patience": 1000,  # the rate falls to zero: the last epochs are the best
}


def choose(situation: Situation) -> Choice:
    """Return model, size and training keys for a computing budget.

    Args:
        situation: what the model is chosen for.
    """
    inputs: Any = situation.inputs
    if situation.wants != ONE:
        return choose_for_maps(situation, inputs)
    budget = budget_of(situation.preset, situation.seconds)
    name, reason, options = situation.model, "you asked for it", {}
    if name in ("auto", ""):
        name, reason, options = model_for(budget, inputs, situation.examples)
    smoothed = situation.target_kind == CLASSES and situation.classes > 2
    keys = keys_for(budget, inputs, situation.examples, size=options.get("size", 64), smoothed=smoothed)
    return Choice(name, options, keys, reason)


def choose_for_maps(situation: Situation, inputs: ImageInputs) -> Choice:
    """Return a U-Net and its training keys, as measured on nuclei (docs/log.md).

    Args:
        situation: what the model is chosen for.
        inputs: size of the images.
    """
    budget = budget_of(situation.preset, situation.seconds) * MAPS_SHARE
    name, reason, options = situation.model, "you asked for it", {}
    if name in ("auto", "", MAPS_MODEL):
        fold = 2 if min(inputs.height, inputs.width) >= FOLDED_SIDE else 1
        options = {"size": 16, "depth": 3, "fold": fold, "standardize": "each"}
        if name != MAPS_MODEL:
            reason = "a U-Net sees the whole and says where"
            reason += "; folded, it does so at a quarter of the work" if fold > 1 else ""
        name = MAPS_MODEL
    pixels = inputs.height * inputs.width / options.get("fold", 1) ** 2
    epochs = budget / max(1.0, situation.examples * MAPS_WORK * pixels)
    epochs = int(np.clip(epochs, FEWEST_MAP_EPOCHS, MOST_MAP_EPOCHS))
    return Choice(name, options, {**_MAP_KEYS, "epochs": epochs}, reason)


def augment_for_maps(learned: Learned) -> tuple[str, ...]:
    """Return the random changes that suit images whose pixels have targets.

    Args:
        learned: data, encoder and training rows.
    """
    turned = ("flip",) if has_up(learned) else ("flip", "turn-over", "transpose")
    return (*turned, "zoom:0.2", "gamma:0.5", "saturation:0.3")


def has_up(learned: Learned) -> bool:
    """Return whether top and bottom of the images differ in the same manner throughout.

    The profile of brightness from top to bottom of one half of the images is compared with that of the
    other half, and with the same turned over.

    Args:
        learned: data, encoder and training rows.
    """
    chosen = learned.rows[sample_indices(len(learned.rows), MOST_COMPARED)]
    images = learned.encoder.transform(learned.table, chosen)
    images = images if isinstance(images, np.ndarray) else images.take(np.arange(len(chosen)))
    if len(images) < LEAST_COMPARED:
        return True
    profiles = images.mean(axis=(2, 3), dtype=np.float64)
    one, two = (profiles[start::2].mean(axis=0) for start in (0, 1))
    one, two = one - one.mean(), two - two.mean()
    size = float(np.sqrt((one @ one) * (two @ two)))
    if size == 0:
        return False
    return float(one @ two - one @ two[::-1]) / size > UPRIGHT


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


def keys_for(budget: float, inputs: ImageInputs, rows: int, *, size: int, smoothed: bool) -> dict[str, Any]:
    """Return training keys for images.

    Args:
        budget: operations that training may take.
        inputs: size of the images.
        rows: training rows.
        size: of the model.
        smoothed: whether labels are smoothed, as suits many classes.
    """
    epochs = budget / (max(rows, 1) * work(inputs, size))
    smoothing = {"label_smoothing": 0.1} if smoothed else {}
    return {**_KEYS, **smoothing, "epochs": int(np.clip(epochs, FEWEST_EPOCHS, MOST_EPOCHS))}


def augment_for(learned: Learned) -> tuple[str, ...]:
    """Return the random changes that suit the images: a shift, and mirroring where nothing speaks against.

    Args:
        learned: data, encoder and training rows.
    """
    inputs = learned.encoder.inputs
    most = max(1, round(min(inputs.height, inputs.width) / 16))
    changes = (f"shift:{most}",)
    return ("flip", *changes) if may_mirror(learned) else changes


def may_mirror(learned: Learned) -> bool:
    """Return whether the classes' images are like their mirror images.

    Args:
        learned: data, encoder and training rows.
    """
    if not learned.schema.has_classes:
        return False
    chosen = learned.rows[sample_indices(len(learned.rows), MOST_COMPARED)]
    codes = learned.table.labels(learned.schema.targets[0]).distinct().codes[chosen]
    images = learned.encoder.transform(learned.table, chosen)
    images = images if isinstance(images, np.ndarray) else images.take(np.arange(len(chosen)))
    return mirror_likeness(images, codes) >= MIRRORED


def test_time_for(augment: tuple[str, ...]) -> str:
    """Return what is averaged at prediction: mirror images too, where training saw them."""
    return "flip" if any(word.partition(":")[0] in ("flip", "alternate-flip") for word in augment) else "none"
