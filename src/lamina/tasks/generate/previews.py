"""Samples over training: what a generator draws while it still learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.page import Axis, Block, Images, Plot, Points, Section, Series
from lamina.modalities.base import Outcome
from lamina.tasks.generate.drawn import first_batch
from lamina.tasks.generate.shown import ACROSS, plane_points, said, table_of
from lamina.tasks.preview import AbstractWatcher, Preview, Previewer, note_of_previews
from lamina.tasks.samples.images import ImageSamples


def previewer(objective: Any, target: Any, seed: int) -> Previewer:
    """Return what draws a batch of samples, always from the same noise.

    Args:
        objective: that draws them.
        target: knows the space and the classes.
        seed: decides the noise.
    """

    def look(model: Any) -> Preview:
        values = first_batch(objective, model, target, seed).values
        samples = target.space.samples(values)
        if isinstance(samples, ImageSamples):
            return Preview(samples.images[:ACROSS])
        row = ", ".join(f"{name} {said(column[0])}" for name, column in list(samples.columns.items())[:6])
        return Preview(samples, row)

    return look


class DrawingWatcher(AbstractWatcher):
    """Lets a model draw a few samples."""

    def previewer(self, objective: Any, encoder: Any, target: Any, *, seed: int) -> Previewer:
        """Return what draws them."""
        return previewer(objective, target, seed)


def samples_over_training(outcome: Outcome) -> list[Section]:
    """Return samples of some epochs; nothing where nobody looked.

    Args:
        outcome: of the run.
    """
    seen = sorted(outcome.previews.items())
    if not seen:
        return []
    note = f"From the same noise each time. {note_of_previews(outcome)}".strip()
    values = [(epoch, own.value) for epoch, own in seen]
    blocks = _strips(values, note) if isinstance(values[0][1], np.ndarray) else _rows(values, note)
    return [Section("Samples over training", blocks)]


def _strips(values: list[tuple[int, np.ndarray]], note: str) -> tuple[Block, ...]:
    images = [image for _, strip in values for image in strip]
    captions = tuple(
        "" if place else f"epoch {epoch:,}" for epoch, strip in values for place in range(len(strip))
    )
    panel = Images(images, captions, across=ACROSS)
    alt = "Epochs " + ", ".join(str(epoch) for epoch, _ in values) + "."
    return (Plot("samples_over_training", "Samples over training", (panel,), alt=alt, note=note),)


def _planes(values: list[tuple[int, Any]], names: list[str]) -> tuple[Points, ...]:
    """Return the points of each epoch, all on the same axes."""
    points = [(epoch, plane_points(samples, names)) for epoch, samples in values]
    x, y = (
        Axis(name, ends=_ends(np.concatenate([own[place] for _, own in points])))
        for place, name in enumerate(names)
    )
    return tuple(
        Points((Series("", *own, color="orange"),), title=f"Epoch {epoch:,}", x=x, y=y)
        for epoch, own in points
    )


def _ends(values: np.ndarray) -> tuple[float, float] | None:
    """Return the least and the greatest value; None where they are one."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return (low, high) if low < high else None


def _rows(values: list[tuple[int, Any]], note: str) -> tuple[Block, ...]:
    columns = values[0][1].columns
    numbers = [name for name in columns if columns[name].dtype.kind in "iuf"]
    if len(columns) == len(numbers) == 2:
        panels = _planes(values, numbers)
        return (Plot("samples_over_training", "Samples over training", panels, note=note, across=3),)
    given = [(f"{epoch:,}", samples, np.array([0])) for epoch, samples in values]
    return (table_of(given, heads="epoch", note=f"The first sample. {note}"),)
