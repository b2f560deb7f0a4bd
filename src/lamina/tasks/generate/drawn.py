"""The samples of a report: drawn in batches of one size, as many as there is time for."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from lamina.core.inputs import NO_LABEL, ImageSampleInputs
from lamina.modalities.base import Outcome
from lamina.tasks.generate.sampling import draw

BATCH, BATCH_OF_ROWS = 32, 256  # one compiled program draws them all, previews too
MOST_JUDGED = 1_024


class Drawn(NamedTuple):
    """Samples in the units of models.

    Args:
        values: (n, *shape).
        labels: class of each that was asked for, -1 for any.
    """

    values: np.ndarray
    labels: np.ndarray


def batch_size(target: Any) -> int:
    """Return how many samples are drawn at once: of rows more, which cost little.

    Args:
        target: knows the space.
    """
    return BATCH if isinstance(target.inputs, ImageSampleInputs) else BATCH_OF_ROWS


def first_batch(objective: Any, model: Any, target: Any, seed: int) -> Drawn:
    """Return a batch of samples, of each class as many as of any other.

    Args:
        objective: that draws them.
        model: trained.
        target: knows the classes.
        seed: decides the noise.
    """
    from lamina.objectives.samples import Sampling

    labels = np.full(batch_size(target), NO_LABEL, np.int32)
    if target.labels:
        labels = np.arange(len(labels), dtype=np.int32) % len(target.labels)
    return Drawn(draw(objective, model, labels, Sampling(), seed=seed), labels)


def drawn_to_judge(outcome: Outcome, seconds: float) -> Drawn:
    """Return samples whose classes are as frequent as in the training rows, up to 1,024 of them.

    Args:
        outcome: of the run.
        seconds: after which no other batch is begun.
    """
    from lamina.objectives.samples import Sampling

    began, generator = time.perf_counter(), np.random.default_rng(outcome.seed)
    known, size = outcome.target.known(outcome.training), batch_size(outcome.target)
    values, labels = [], []
    while len(values) * size < MOST_JUDGED and (not values or time.perf_counter() - began < seconds):
        labels.append(generator.choice(known, size).astype(np.int32))
        seed = outcome.seed + 1 + len(values)  # the first batch of the report has the seed itself
        values.append(draw(outcome.objective, outcome.model, labels[-1], Sampling(), seed=seed))
    return Drawn(np.concatenate(values), np.concatenate(labels))


def drawn_between(outcome: Outcome, count: int) -> np.ndarray:
    """Return samples between two, the first and the last of them, (count, *shape).

    Args:
        outcome: of the run.
        count: how many.
    """
    from lamina.objectives.samples import Sampling

    label = 0 if outcome.target.labels else NO_LABEL
    labels = np.full(count, label, np.int32)
    return draw(outcome.objective, outcome.model, labels, Sampling(between=True), seed=outcome.seed)
