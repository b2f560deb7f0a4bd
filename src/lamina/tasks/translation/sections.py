"""What a report says of translations."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.page import Bullets, Paragraph, Section, Table
from lamina.core.wording import plain
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import metric_number
from lamina.objectives.metrics.bleu import chrf_counts, chrf_of
from lamina.tasks.metric_table import metric_table, metric_tiles

SHOWN = 12
LONGEST = 300  # characters of a text in a table
LEADING = ("bleu", "chrf", "perplexity")


def translation_sections(outcome: Outcome) -> list[Section]:
    """Return headline, metrics, translations and limits.

    Args:
        outcome: of the run.
    """
    if outcome.decoded is None or outcome.targets is None or not len(outcome.targets):
        lead = "Nothing was measured: no pair was held out."
        return [Section("In short", (Paragraph(lead, "lead"),)), _limits()]
    quality = Section("How good it is", (metric_table(outcome),))
    return [_summary(outcome), quality, *_shown(outcome), _limits()]


def _summary(outcome: Outcome) -> Section:
    where = "of the test set" if outcome.evaluated == "test" else "held out for validation"
    value = metric_number(outcome.metrics["bleu"], outcome.intervals.get("bleu"))
    lead = (
        f"On {outcome.count:,} texts {where}, BLEU is {value}: 100 would be the references word by word; "
        "above 50 most sentences can be used as they are."
    )
    return Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING)))


def _shown(outcome: Outcome) -> list[Section]:
    """Return the worst translations, and some drawn at random."""
    written, given = np.asarray(outcome.decoded), np.asarray(outcome.targets)
    each = chrf_of(chrf_counts(written["output"].tolist(), given["reference"].tolist()))
    worst = np.argsort(each, kind="stable")[:SHOWN]
    some = np.random.default_rng(outcome.seed).permutation(len(given))[:SHOWN]
    words = f"By chrF, of the {outcome.evaluated} rows; a good translation may differ from its reference."
    return [
        Section("Worst translations", (Paragraph(words, "note"), _table(worst, written, given, each))),
        Section("Translations drawn at random", (_table(some, written, given, each),)),
    ]


def _table(rows: np.ndarray, written: Any, given: Any, each: np.ndarray) -> Table:
    heads = ("source", "reference", "output", "chrF")
    lines = [
        (
            plain(given["source"][row], LONGEST),
            plain(given["reference"][row], LONGEST),
            plain(written["output"][row], LONGEST),
            f"{each[row]:.0f}",
        )
        for row in rows.tolist()
    ]
    return Table(heads, tuple(lines), numeric=(3,))


def _limits() -> Section:
    sentences = (
        "BLEU and chrF compare with one reference each; several translations of a sentence may be right.",
        "Names, numbers and words that hardly stood in the training texts are where errors hide: read those.",
        "Texts longer than those of training are cut off; translate them sentence by sentence.",
    )
    return Section("Limits", (Bullets(sentences),))
