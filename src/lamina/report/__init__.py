"""What a person gets to read after a run: figures, the one-page report, column importance."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.report.content import ReportContent
    from lamina.report.figures import draw_figures, figures_of, write_figures
    from lamina.report.html import render
    from lamina.report.importance import permutation_importance, table_score

# Loaded when asked for: figures bring matplotlib, which training itself does not need.
_HOMES = {
    "ReportContent": "lamina.report.content",
    "draw_figures": "lamina.report.figures",
    "figures_of": "lamina.report.figures",
    "permutation_importance": "lamina.report.importance",
    "render": "lamina.report.html",
    "table_score": "lamina.report.importance",
    "write_figures": "lamina.report.figures",
}

__all__ = [
    "ReportContent",
    "draw_figures",
    "figures_of",
    "permutation_importance",
    "render",
    "table_score",
    "write_figures",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
