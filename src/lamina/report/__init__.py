"""What a person gets to read after a run: figures, the one-page report, column importance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.core.lazy import lazy

if TYPE_CHECKING:
    from lamina.report.content import ReportContent
    from lamina.report.figures import draw_figures, figures_of, write_figures
    from lamina.report.html import render
    from lamina.report.importance import permutation_importance, table_score

# Loaded when asked for: figures bring matplotlib, which training itself does not need.
_PLACES = {
    "content": "ReportContent",
    "figures": "draw_figures figures_of write_figures",
    "html": "render",
    "importance": "permutation_importance table_score",
}
__getattr__, __dir__ = lazy(__name__, _PLACES)

__all__ = [
    "ReportContent",
    "draw_figures",
    "figures_of",
    "permutation_importance",
    "render",
    "table_score",
    "write_figures",
]
