"""What a report says of tags: how good they are, type by type, and the worst sentences."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from lamina.core.page import Block, Bullets, Marked, Paragraph, Section, Table
from lamina.core.tag_scheme import NO_TAG, Scheme
from lamina.core.wording import counted
from lamina.modalities.base import Outcome
from lamina.modalities.text.encoder import texts_of
from lamina.objectives.metrics.entities import ratio, tag_counts, widened
from lamina.tasks.metric_table import metric_table, metric_tiles
from lamina.tasks.wording import metric_share

WORST, MOST_TYPES, MOST_CONFUSED = 12, 40, 20
LEADING = ("entity_f1", "token_accuracy", "sentence_accuracy")


def tag_sections(outcome: Outcome) -> list[Section]:
    """Return headline, metrics, scores of each type, confused tags, the worst sentences and limits.

    Args:
        outcome: of the run.
    """
    if outcome.decoded is None or outcome.targets is None or not outcome.count:
        return [Section("In short", (Paragraph("Nothing was measured: no text was held out.", "lead"),))]
    labels = tuple(map(str, outcome.labels))
    found = outcome.point(outcome.decoded)
    true = np.asarray(outcome.targets)
    found = widened(found, true.shape[1], NO_TAG)[:, : true.shape[1]]
    quality = (metric_table(outcome), _by_type(found, true, labels))
    return [
        _summary(outcome),
        Section("How good it is", quality),
        Section("Confused tags", _confused(found, true, labels)),
        Section("Worst sentences", _worst(outcome, found, true)),
        _limits(outcome),
    ]


def _summary(outcome: Outcome) -> Section:
    where = "of the test set" if outcome.evaluated == "test" else "held out for validation"
    right = metric_share(outcome, "token_accuracy")
    lead = f"On {counted(outcome.count, 'sentence')} {where}, {right} of the words get the right tag, and in "
    lead += f"{metric_share(outcome, 'sentence_accuracy')} of the texts every word does."
    if "entity_f1" in outcome.metrics:
        found, true = (metric_share(outcome, f"entity_{name}") for name in ("precision", "recall"))
        lead += f" {found} of the entities that it finds are right, and it finds {true} of the true ones."
    return Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING)))


def _by_type(found: np.ndarray, true: np.ndarray, labels: tuple[str, ...]) -> Table:
    """Return precision, recall and F1 of each type of entity, or of each tag, the frequent ones first."""
    scheme = Scheme(labels)
    if scheme.has_entities:
        counts, names = tag_counts(found, true, scheme), scheme.types
        sums = [counts[name].sum(axis=0) for name in ("both", "found", "true")]
    else:
        there, names = true != NO_TAG, labels
        columns = (true[there & (found == true)], found[there & (found >= 0)], true[there])
        sums = [np.bincount(column, minlength=len(labels)).astype(float) for column in columns]
    order = np.argsort(-sums[2], kind="stable")[:MOST_TYPES]
    rows: list[tuple[str, ...]] = []
    for index in order.tolist():
        both, guessed, wanted = (float(column[index]) for column in sums)
        shares = (ratio(both, guessed), ratio(both, wanted), ratio(2 * both, guessed + wanted))
        rows.append((names[index], *(f"{share:.3f}" for share in shares), f"{int(wanted):,}"))
    heads = ("entity" if scheme.has_entities else "tag", "precision", "recall", "F1", "true ones")
    return Table(heads, tuple(rows), numeric=(1, 2, 3, 4), kind="classes")


def _confused(found: np.ndarray, true: np.ndarray, labels: tuple[str, ...]) -> tuple[Block, ...]:
    """Return the pairs of tags that are taken for one another most often."""
    wrong = (true != NO_TAG) & (found != NO_TAG) & (found != true)
    pairs = Counter(zip(true[wrong].tolist(), found[wrong].tolist(), strict=True))
    if not pairs:
        return ()
    frequent = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:MOST_CONFUSED]
    rows = tuple((labels[wanted], labels[given], f"{number:,}") for (wanted, given), number in frequent)
    return (Table(("true tag", "given tag", "words"), rows, numeric=(2,)),)


def _worst(outcome: Outcome, found: np.ndarray, true: np.ndarray) -> tuple[Block, ...]:
    """Return the texts with the most wrong words, among these where the network was surest."""
    if outcome.table is None:
        return ()
    wrong = (true != NO_TAG) & (found != true)
    decoded: Any = outcome.decoded
    sure = widened(decoded[..., 1], true.shape[1], 0)[:, : true.shape[1]]
    badness = (wrong * (1.0 + sure)).sum(axis=1)
    rows = np.argsort(-badness, kind="stable")[:WORST]
    rows = rows[badness[rows] > 0]
    if not rows.size:
        return ()
    texts = texts_of(outcome.table, outcome.schema.inputs[0].name, verbatim=True)
    marked = (_marked(outcome, texts[row], found[row], true[row]) for row in rows.tolist())
    said = f"Of the {outcome.evaluated} texts. Orange words have a wrong tag, blue ones a right one, not O."
    return (Paragraph(said, "note"), *marked)


def _marked(outcome: Outcome, text: str, found: np.ndarray, true: np.ndarray) -> Marked:
    parts: list[tuple[str, float]] = []
    faults = []
    names = [*map(str, outcome.labels), "not read"]
    for word, given, wanted in zip(text.split(), found.tolist(), true.tolist(), strict=False):
        strength = 0.0 if names[wanted] == "O" else 0.5
        if given != wanted:
            strength = -1.0
            faults.append(f"{word}: {names[given]}, truth {names[wanted]}")
        parts += [(word, strength), (" ", 0.0)]
    more = f" and {len(faults) - 4} more" if len(faults) > 4 else ""
    return Marked(tuple(parts[:-1]), "; ".join(faults[:4]) + more)


def _limits(outcome: Outcome) -> Section:
    sentences = (
        "Tags hold for texts of the kind that training had: other topics bring words, and entities, that it "
        "never saw.",
        "An entity counts as found only if all of its words and its type are right.",
    )
    return Section("Limits", (Bullets(sentences),))
