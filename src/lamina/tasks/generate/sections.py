"""What the report says of a generator."""

from __future__ import annotations

import numpy as np

from lamina.core.page import Bullets, Images, Paragraph, Plot, Section, Table
from lamina.modalities.base import Outcome
from lamina.tasks.generate.sampling import draw
from lamina.tasks.metric_table import metric_table, metric_tiles
from lamina.tasks.samples.images import ImageSamples
from lamina.tasks.samples.space import AbstractSamples
from lamina.tasks.samples.target import NO_LABEL

SHOWN = 36


def generate_sections(outcome: Outcome) -> list[Section]:
    """Return headline, samples, metrics and limits.

    Args:
        outcome: of the run.
    """
    return [_summary(outcome), _samples(outcome), *_quality(outcome), _limits()]


def _summary(outcome: Outcome) -> Section:
    lead = "The network draws new samples that are like its training data, as far as the figures below say."
    tiles = (metric_tiles(outcome, tuple(outcome.metrics)[:3]),) if outcome.metrics else ()
    return Section("In short", (Paragraph(lead, "lead"), *tiles))


def _samples(outcome: Outcome) -> Section:
    """Return new samples as they come, none left out."""
    note = "As they come, none left out."
    found = _drawn(outcome)
    if isinstance(found, ImageSamples):
        plot = Plot(
            "samples",
            "New samples",
            (Images(list(found.images)),),
            alt=f"{len(found)} new images.",
            note=note,
        )
        return Section("New samples", (plot,))
    lines = "".join(found.shown()).splitlines()
    cells = [tuple(line.split(",")) for line in lines]
    return Section("New samples", (Table(cells[0], tuple(cells[1:]), note=note),))


def _drawn(outcome: Outcome) -> AbstractSamples:
    from lamina.objectives.samples import Sampling

    labels = np.full(SHOWN, NO_LABEL, np.int32)
    target = outcome.target
    values = draw(outcome.objective, outcome.model, labels, Sampling(), seed=outcome.seed)
    return target.space.samples(values)


def _quality(outcome: Outcome) -> list[Section]:
    return [Section("How good it is", (metric_table(outcome),))] if outcome.metrics else []


def _limits() -> Section:
    sentences = (
        "Samples repeat what the training data have, their errors and their bias among it.",
        "A sample may be close to a training example: compare before it is given away as invented.",
    )
    return Section("Limits", (Bullets(sentences),))
