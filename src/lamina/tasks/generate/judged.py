"""What samples are worth: figures beside those of real examples, and whether training examples are copied."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lamina.core.errors import LaminaError
from lamina.core.page import Block, Cell, Paragraph, Section, Table
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import metric_number
from lamina.objectives.metrics.features import Features, component_features
from lamina.objectives.metrics.judge import FEWEST, Judged, judge
from lamina.objectives.metrics.memorization import Memorization, memorization
from lamina.tasks.generate.drawn import drawn_to_judge
from lamina.tasks.generate.real import all_training, held_out, some_training
from lamina.tasks.generate.shown import beside, plain_data

SHARE = 0.6  # of the seconds of the report, for drawing
MOST_COMPARED = 500  # held-out examples whose nearest training examples are looked for
_WORDS = {
    "frechet": ("Fréchet distance ↓", "how far mean and spread of the features lie apart"),
    "precision": ("Precision ↑", "share of the samples that look real"),
    "recall": ("Recall ↑", "share of what is real that samples show too"),
    "density": ("Density ↑", "how deep samples lie among real examples; 1 as real ones"),
    "coverage": ("Coverage ↑", "share of the real examples that have a sample near"),
}


class Evidence(NamedTuple):
    """What is compared, in the units of models.

    Args:
        samples: (n, *shape).
        training: (m, *shape).
        held_out: (k, *shape).
    """

    samples: np.ndarray
    training: np.ndarray
    held_out: np.ndarray


def judged_sections(outcome: Outcome) -> list[Section]:
    """Return the table of the judge and the nearest training examples; nothing where there is no time for it.

    Args:
        outcome: of the run.
    """
    real = held_out(outcome) if outcome.seconds > 0 else None
    if real is None or len(real) < 2 * FEWEST:
        return []
    samples = drawn_to_judge(outcome, SHARE * outcome.seconds).values
    evidence = Evidence(samples, all_training(outcome), real)
    found = memorization(samples, evidence.training, real[:MOST_COMPARED])
    quality: tuple[Block, ...] = _quality(outcome, evidence)
    return [
        Section("How good it is", quality),
        Section("Is it copied?", (*_verdict(found, evidence), *beside(outcome, found, evidence))),
    ]


def features_of(outcome: Outcome) -> Features:
    """Return the features in which samples are compared: of the classifier that was named, or components.

    Args:
        outcome: of the run.

    Raises:
        LaminaError: the classifier cannot be loaded any more.
    """
    folder = outcome.keys.get("judge")
    if folder is None or outcome.features_of is None:
        return component_features(some_training(outcome))
    found = outcome.features_of(folder)
    space = outcome.target.space
    return Features(lambda values: found(plain_data(space.samples(values))), found.words, found.sha256)


def judge_table(found: Judged) -> Table:
    """Return the figures of samples beside those of real examples.

    Args:
        found: from the judge.
    """
    rows = tuple(
        (Cell(*_WORDS[name]), metric_number(found.samples[name]), metric_number(found.real[name]))
        for name in found.samples
    )
    note = (
        f"{found.count:,} samples against as many held-out examples, in {found.features}. The last column "
        "compares held-out examples with other held-out examples: a perfect generator scores as much. The "
        f"Fréchet distance is {found.ratio:.2f} times that of real examples. All figures depend on the "
        "features and the number of examples: compare them only where both are the same. ↑ higher is better, "
        "↓ lower."
    )
    return Table(("measure", "samples", "real examples"), rows, numeric=(1, 2), kind="metrics", note=note)


def _quality(outcome: Outcome, evidence: Evidence) -> tuple[Block, ...]:
    try:
        features = features_of(outcome)
        ours, theirs = features(evidence.samples), features(evidence.held_out)
    except LaminaError as error:
        return (Paragraph(f"Samples were not judged: {error}", "note"),)
    return (judge_table(judge(ours, theirs, features=features.words, seed=outcome.seed)),)


def _verdict(found: Memorization, evidence: Evidence) -> tuple[Block, ...]:
    words = found.verdict[0].upper() + found.verdict[1:]
    counts = f"{len(found.distances):,} samples and {len(found.held_out):,} held-out examples"
    note = (
        f"Each of {counts} was compared with {len(evidence.training):,} training examples, by Euclidean "
        "distance of their values. Median distance to the nearest one: "
        f"{np.median(found.distances):.3g} of samples, {np.median(found.held_out):.3g} of held-out examples; "
        f"{found.close_share:.1%} of the samples are nearer than 99 % of the held-out examples (p = "
        f"{found.p_value:.2g} for being as far, Mann-Whitney). A sample counts as a copy where its nearest "
        "training example is at most a third as far as the second nearest."
    )
    return Paragraph(f"{words}."), Paragraph(note, "note")
