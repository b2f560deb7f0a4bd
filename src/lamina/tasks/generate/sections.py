"""What the report says of a generator."""

from __future__ import annotations

import time

import numpy as np

from lamina.core.inputs import ImageSampleInputs
from lamina.core.page import Axis, Bullets, Images, Line, Paragraph, Plot, Section, Series
from lamina.modalities.base import Outcome
from lamina.tasks.generate.drawn import drawn_between, first_batch
from lamina.tasks.generate.judged import judged_sections
from lamina.tasks.generate.previews import samples_over_training
from lamina.tasks.generate.shown import ACROSS, samples_blocks
from lamina.tasks.metric_table import metric_table, metric_tiles

MOST_SECONDS = 2.0  # of the first batch that leave time for another program that draws
TRAINED = "How it was trained"


def generate_sections(outcome: Outcome) -> list[Section]:
    """Return headline, samples, their quality, losses by part and limits.

    Args:
        outcome: of the run.
    """
    objective, model, target = outcome.objective, outcome.model, outcome.target
    began = time.perf_counter()
    drawn = first_batch(objective, model, target, outcome.seed)
    is_quick = time.perf_counter() - began < MOST_SECONDS
    found = [_summary(outcome), Section("New samples", samples_blocks(outcome, drawn))]
    found += samples_over_training(outcome) + (_between(outcome) if is_quick else []) + _measured(outcome)
    return [*found, *judged_sections(outcome), *_parts(outcome), _limits(outcome)]


def _summary(outcome: Outcome) -> Section:
    lead = "The network draws new samples that are like its training data, as far as the figures below say."
    tiles = (metric_tiles(outcome, tuple(outcome.metrics)[:3]),) if outcome.metrics else ()
    return Section("In short", (Paragraph(lead, "lead"), *tiles))


def _between(outcome: Outcome) -> list[Section]:
    """Return images on the way from one sample to another; of rows nothing, which cannot be seen so."""
    space = outcome.target.space
    if outcome.seconds <= 0 or not isinstance(space.inputs(0), ImageSampleInputs):
        return []
    images = space.samples(drawn_between(outcome, ACROSS)).images
    note = (
        "The noise of the first and of the last image, and mixtures of the two, all equally probable. Where "
        "the network has learned the distribution rather than examples, each step between is an image too."
    )
    plot = Plot("between", "From one sample to another", (Images(list(images), across=ACROSS),), note=note)
    return [Section("New samples", (plot,))]


def _measured(outcome: Outcome) -> list[Section]:
    return [Section("How good it is", (metric_table(outcome),))] if outcome.metrics else []


def _parts(outcome: Outcome) -> list[Section]:
    """Return the loss of each part, where there are several, such as critic and generator."""
    names = [name for name in outcome.objective.parts if f"train_{name}_loss" in outcome.history]
    if len(names) < 2:
        return []
    colors = ("blue", "orange", "green", "violet", "red")
    curves = [np.asarray(outcome.history[f"train_{name}_loss"], np.float64) for name in names]
    series = tuple(
        Series(name, np.arange(1.0, len(values) + 1), values, color=color)
        for name, values, color in zip(names, curves, colors, strict=False)
    )
    panel = Line(series, title="Loss by part", x=Axis("epoch", "integer"), y=Axis("loss"))
    note = "The losses of a game say how even it is and not how good samples are."
    return [Section(TRAINED, (Plot("loss_by_part", "Loss by part", (panel,), note=note),))]


def _limits(outcome: Outcome) -> Section:
    sentences = (
        "Samples repeat what the training data have, their errors and their bias among it.",
        "A sample may be close to a training example: compare before it is given away as invented.",
        "Figures in features see what the features see; look at the samples too.",
    )
    return Section("Limits", (Bullets(sentences),))
