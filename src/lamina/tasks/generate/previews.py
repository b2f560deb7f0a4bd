"""Samples over training: what a generator draws while it still learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.page import Axis, Block, Images, Plot, Points, Section, Series
from lamina.modalities.base import Outcome
from lamina.tasks.generate.drawn import BATCH, first_batch
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
            return Preview(samples.images[:: BATCH // ACROSS])
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


def _rows(values: list[tuple[int, Any]], note: str) -> tuple[Block, ...]:
    columns = values[0][1].columns
    numbers = [name for name in columns if columns[name].dtype.kind in "iuf"]
    if len(columns) == len(numbers) == 2:
        panels = tuple(
            Points(
                (Series("", *plane_points(samples, numbers), color="orange"),),
                title=f"Epoch {epoch:,}",
                x=Axis(numbers[0]),
                y=Axis(numbers[1]),
            )
            for epoch, samples in values
        )
        return (Plot("samples_over_training", "Samples over training", panels, note=note, across=3),)
    given = [(f"{epoch:,}", samples, np.array([0])) for epoch, samples in values]
    return (table_of(given, heads="epoch", note=f"The first sample. {note}"),)
