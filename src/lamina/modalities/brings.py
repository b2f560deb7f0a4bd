"""What each block of inputs brings to a network of several, measured by shuffling one after another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.core.inputs import PRESENT
from lamina.core.page import Paragraph, Section
from lamina.core.wording import plain
from lamina.modalities.base import Block, Outcome
from lamina.modalities.importance_plot import importance_plot
from lamina.modalities.permutation import Importance, permutation_importance, rows_of
from lamina.objectives.metrics import metric_words

SCORED_ROWS = 1000
TITLE = "What each block brings"


def block_sections(outcome: Outcome, blocks: Sequence[Block]) -> list[Section]:
    """Return how far the score gets worse when one block of a row comes from another row.

    A block that is shuffled says nothing of its row any more, yet looks as it always does: any network can be
    asked so, also one that knows no absent block.

    Args:
        outcome: of the run; with no score, no evaluated rows or no seconds left there is nothing to say.
        blocks: of the inputs.
    """
    found = [row for row in block_importance(outcome, blocks) if np.isfinite(row.mean)]
    if not found or outcome.score is None:
        return []
    read = "; ".join(f"{plain(block.name, 36)}: {_columns(block)}" for block in blocks)
    said = (
        "Each block was left out in turn: its values were shuffled among the evaluated rows, and the network "
        f"asked again. The worse it answers, the more this block brings. The blocks are {read}."
    )
    found.sort(key=lambda row: -row.mean)
    score = outcome.score[0]
    plot = importance_plot(found, score, name="block_importance", title=TITLE, when="without a block")
    return [Section(TITLE, (Paragraph(said), plot))]


def block_importance(outcome: Outcome, blocks: Sequence[Block]) -> list[Importance]:
    """Return for each block how far the score gets worse when it is shuffled; 1,000 rows are scored.

    Args:
        outcome: of which table, targets, weights, transform, outputs, score and seconds are used.
        blocks: of the inputs.
    """
    if outcome.table is None or outcome.targets is None or outcome.score is None or outcome.seconds <= 0:
        return []
    name, measure = outcome.score
    kept = np.arange(outcome.table.height)
    if len(kept) > SCORED_ROWS:
        kept = np.sort(np.random.default_rng(0).choice(kept, SCORED_ROWS, replace=False))
    targets = outcome.targets[kept]
    weights = None if outcome.weights is None else outcome.weights[kept]
    x = outcome.transform(outcome.table.take(kept))

    def score(rows: np.ndarray, block: str | None, source: np.ndarray) -> float:
        given = {other: rows_of(x[other], source if other == block else rows) for other in x}
        if PRESENT in x and block in x[PRESENT]:
            given[PRESENT] = {**given[PRESENT], block: x[PRESENT][block][source]}
        decoded = outcome.outputs(given)
        return measure(targets[rows], decoded, None if weights is None else weights[rows])

    return permutation_importance(
        score,
        [block.name for block in blocks],
        rows=len(kept),
        higher_is_better=metric_words(name).higher_is_better,
        seconds=outcome.seconds,
    )


def _columns(block: Block) -> str:
    names = [f"'{plain(column.name, 36)}'" for column in block.columns[:6]]
    more = f" and {len(block.columns) - 6} more columns" if len(block.columns) > 6 else ""
    return ", ".join(names) + more
