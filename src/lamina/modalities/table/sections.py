"""Which columns of a table the network leans on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.page import Bullets, Paragraph, Section
from lamina.core.wording import counted
from lamina.modalities.base import Outcome
from lamina.modalities.importance_plot import importance_plot
from lamina.modalities.permutation import Importance, permutation_importance, rows_of
from lamina.modalities.table.importance import table_score
from lamina.objectives.metrics import metric_words

if TYPE_CHECKING:
    from lamina.modalities.table.encoder import TableEncoder

SCORED_ROWS = 2000
SCORED_ROWS_BESIDE = 500  # where other blocks, such as images, are computed with every row
MOST_COLUMNS = 20
CAUTION = (
    "Importance says what the network uses, not what causes the outcome. Columns that carry the same "
    "information share their importance, so each may look weaker than it is."
)


def column_sections(
    outcome: Outcome, columns: Sequence[str], encoder: TableEncoder, part: str | None = None
) -> list[Section]:
    """Return what the network leans on, measured by shuffling one column after another.

    Args:
        outcome: of the run; with no score, no evaluated rows or no seconds left there is nothing to say.
        columns: the inputs to shuffle.
        encoder: of these columns.
        part: which part of the model's input holds them; None: they are all of it.
    """
    if outcome.score is None:
        return []
    return importance_sections(column_importance(outcome, columns, encoder, part), outcome.score[0])


def column_importance(
    outcome: Outcome, columns: Sequence[str], encoder: TableEncoder, part: str | None = None
) -> list[Importance]:
    """Return how far the score gets worse when a column is shuffled, scored on 2,000 rows at most.

    Args:
        outcome: of which table, targets, weights, transform, outputs, score and seconds are used.
        columns: the inputs to shuffle.
        encoder: of these columns.
        part: which part of the model's input holds them; None: they are all of it.
    """
    if outcome.table is None or outcome.targets is None or outcome.score is None or outcome.seconds <= 0:
        return []
    name, measure = outcome.score
    table, targets, weights = outcome.table, outcome.targets, outcome.weights
    most = SCORED_ROWS if part is None else SCORED_ROWS_BESIDE
    if table.height > most:
        kept = np.sort(np.random.default_rng(0).choice(table.height, most, replace=False))
        table, targets = table.take(kept), targets[kept]
        weights = None if weights is None else weights[kept]
    x = outcome.transform(table)

    def score(batch: dict[str, np.ndarray], rows: np.ndarray) -> float:
        given: Any = batch if part is None else {n: batch if n == part else rows_of(x[n], rows) for n in x}
        decoded = outcome.outputs(given)
        return measure(targets[rows], decoded, None if weights is None else weights[rows])

    return permutation_importance(
        table_score(encoder, x if part is None else x[part], score),
        columns,
        rows=table.height,
        higher_is_better=metric_words(name).higher_is_better,
        most_rows=SCORED_ROWS,
        seconds=outcome.seconds,
    )


def importance_sections(found: Sequence[Importance], score: str) -> list[Section]:
    """Return importance as a plot of the 20 strongest columns, with what it does not say.

    Args:
        found: in any order; what is not finite is left out.
        score: name of what was lost.
    """
    known = [row for row in found if np.isfinite(row[1])]
    if not known:
        return []
    left = len(found) - MOST_COLUMNS
    more = f" The other {counted(left, 'column')} matter less." if left > 0 else ""
    said = (
        "Each column's values were shuffled among the evaluated rows, one column at a time, and the "
        f"network asked again. The worse it answers, the more the network relies on the column.{more}"
    )
    strongest = sorted(known, key=lambda row: -row[1])[:MOST_COLUMNS]
    plot = importance_plot(
        strongest,
        score,
        name="column_importance",
        title="Importance of the columns",
        when="when a column is shuffled",
    )
    blocks = (Paragraph(said), plot)
    return [Section("What it leans on", blocks), Section("Limits", (Bullets((CAUTION,)),))]
