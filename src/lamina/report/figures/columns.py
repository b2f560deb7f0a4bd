"""Which columns the network leans on."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from lamina.core.wording import plain
from lamina.objectives.metrics import metric_words
from lamina.report.content import ReportContent
from lamina.report.figures.canvas import BLUE, INK, MUTED, sheet

MOST_COLUMNS = 20


def column_importance(content: ReportContent) -> Figure | None:
    """Draw how much of the score is lost when a column's values are shuffled.

    Args:
        content: of which the importance is drawn, the 20 strongest columns.

    Returns:
        The figure, or None if no importance was measured.
    """
    known = [row for row in content.importance if np.isfinite(row[1])]
    if not known:
        return None
    strongest = sorted(known, key=lambda row: -row[1])[:MOST_COLUMNS]
    figure, (ax,) = sheet(76 + 24 * len(strongest))
    places = np.arange(len(strongest))[::-1]
    spread = [sd if np.isfinite(sd) else 0.0 for _, _, sd in strongest]
    ax.barh(places, [mean for _, mean, _ in strongest], height=0.62, color=BLUE)
    ax.errorbar(
        [mean for _, mean, _ in strongest], places, xerr=spread, fmt="none", ecolor=INK, elinewidth=1.5
    )
    ax.set_yticks(places, [plain(name, 36) for name, _, _ in strongest])
    ax.set_ylim(-0.6, len(strongest) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.axvline(0, color=MUTED, linewidth=1)
    words = metric_words(content.importance_score or "score")
    name = plain(words.title, 20)
    # a score that is not known is taken for one of which more is better
    moves = ("falls", "fall") if words.higher_is_better or not words.meaning else ("rises", "rise")
    ax.set(title=f"How far {name} {moves[0]} when a column is shuffled", xlabel=f"{moves[1]} of {name}")
    return figure
