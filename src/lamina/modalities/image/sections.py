"""What the network saw, where it was most wrong, and what its first layer looks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.core.inputs import PRESENT
from lamina.core.page import Images, Plot, Section
from lamina.data.table import AbstractTable
from lamina.modalities.base import Outcome

TITLE = "What it saw"
SAMPLES, MISTAKES, FILTERS = 27, 18, 64
FILTERS_ACROSS = 16
Shown = Sequence[tuple[np.ndarray, str]]


def image_sections(outcome: Outcome, part: str | None = None) -> list[Section]:
    """Return the surest mistakes, some training images as they were changed, and the first kernels.

    Args:
        outcome: of the run.
        part: which part of the model's input are the images; None: they are all of it.
    """
    blocks = (
        mistakes_plot(mistakes(outcome, part), outcome.evaluated),
        samples_plot(samples(outcome, part)),
        filters_plot(first_filters(outcome.model, part)),
    )
    title = TITLE if part is None else f"{TITLE}: {part}"
    return [Section(title, tuple(block for block in blocks if block is not None))]


def samples(outcome: Outcome, part: str | None = None) -> Shown:
    """Return some training images as training changed them, with captions; each class as often as can be.

    Args:
        outcome: of which training, measured, transform, augment and caption are used.
        part: which part of the model's input are the images; None: they are all of it.
    """
    table = outcome.training.take(np.arange(min(outcome.training.height, 40 * SAMPLES)))
    if not table.height:
        return []
    targets = outcome.measured(table)
    rows = np.arange(table.height)
    if _is_code(targets):  # the first of each class, the second of each …
        order = np.argsort(targets, kind="stable")
        starts = np.searchsorted(targets[order], targets[order])
        rows = order[np.lexsort((targets[order], np.arange(len(order)) - starts))]
    rows = rows[:SAMPLES]
    images, there = _images(outcome, table.take(rows), part)
    rows = rows[there]
    if outcome.augment is not None and len(images):
        given = images if part is None else {part: images}
        changed = outcome.augment(given)
        images = np.asarray(changed if part is None else changed[part]).clip(0, 255)
    return [(image, outcome.caption(targets[row])) for image, row in zip(images, rows, strict=True)]


def mistakes(outcome: Outcome, part: str | None = None) -> Shown:
    """Return the images of which the network was surest and wrong; none where no class is named.

    Args:
        outcome: of which table, decoded, targets and caption are used.
        part: which part of the model's input are the images; None: they are all of it.
    """
    decoded, targets = outcome.decoded, outcome.targets
    if outcome.table is None or decoded is None or targets is None or not _is_code(targets):
        return []
    chosen, sure = decoded.argmax(-1), decoded.max(-1)
    wrong = np.flatnonzero(chosen != targets)
    rows = wrong[np.argsort(-sure[wrong], kind="stable")][:MISTAKES]
    if not len(rows):
        return []
    images, there = _images(outcome, outcome.table.take(rows), part)
    return [
        (image, f"{outcome.caption(chosen[row])}\n{sure[row]:.0%}\n({outcome.caption(targets[row])})")
        for image, row in zip(images, rows[there], strict=True)
    ]


def first_filters(model: Any, part: str | None = None) -> np.ndarray | None:
    """Return the kernels of the first convolution, (n, y, x, c); None unless they can be seen as images.

    Args:
        model: the trained model.
        part: which part of the model's input are the images; only parameters on a path of that name count.
    """
    from lamina.core.tree import named_arrays

    for name, array in named_arrays(model).items():
        mine = part is None or f".{part}." in f".{name}"
        if mine and name.endswith("weight") and array.ndim == 4:
            kernels = np.asarray(array, np.float32).transpose(0, 2, 3, 1)
            return kernels if kernels.shape[-1] in (1, 3) and min(kernels.shape[1:3]) > 1 else None
    return None


def samples_plot(shown: Shown) -> Plot | None:
    """Return training images as a plot, or None without any.

    Args:
        shown: images with captions.
    """
    return _plot("image_samples", "Training images", shown, "As the network saw them in training")


def mistakes_plot(shown: Shown, evaluated: str) -> Plot | None:
    """Return the worst mistakes as a plot, or None without any.

    Args:
        shown: images with captions.
        evaluated: which rows they are of.
    """
    said = "Surest and wrong: answer, how sure, and (truth)"
    return _plot("worst_mistakes", "Worst mistakes", shown, said, f"Images of the {evaluated} rows.")


def filters_plot(kernels: np.ndarray | None) -> Plot | None:
    """Return kernels as a plot, 64 at most, or None without any.

    Args:
        kernels: (n, y, x, c), or None.
    """
    if kernels is None:
        return None
    shown = np.asarray(kernels, np.float64)[:FILTERS]
    most = np.abs(shown).max(axis=(1, 2, 3), keepdims=True)
    gray = 127.5 + 127.5 * shown / np.where(most > 0, most, 1.0)
    title = "Kernels of the first convolution"
    panel = Images(list(gray), across=FILTERS_ACROSS, title=title)
    note = "Mid gray is zero; each kernel is scaled by itself."
    return Plot("first_filters", title, (panel,), alt=f"{len(shown)} kernels.", note=note)


def _plot(name: str, title: str, shown: Shown, said: str, note: str = "") -> Plot | None:
    if not shown:
        return None
    captions = tuple(caption for _, caption in shown)
    panel = Images([image for image, _ in shown], captions, title=said)
    listed = "; ".join(caption.replace("\n", " ") for caption in captions[:9])
    return Plot(name, title, (panel,), alt=f"{len(shown)} images: {listed}.", note=note)


def _is_code(targets: np.ndarray) -> bool:
    """Return whether each row has one class."""
    return targets.ndim == 1 and np.issubdtype(targets.dtype, np.integer)


def _images(outcome: Outcome, table: AbstractTable, part: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of those rows that have one, and which rows these are."""
    arrays = outcome.transform(table)
    there = np.ones(table.height, bool)
    if part is not None:
        there = arrays.get(PRESENT, {}).get(part, there)
        arrays = arrays[part]
    rows = np.flatnonzero(there)
    return (arrays[rows] if isinstance(arrays, np.ndarray) else arrays.take(rows)), there
