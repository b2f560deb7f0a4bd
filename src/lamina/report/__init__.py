"""What a person gets to read after a run: sections of plain data as one page, and as figures."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.report.arrange import arrange
    from lamina.report.facts import RunFacts
    from lamina.report.figures import figures_of, write_figures
    from lamina.report.html import page
    from lamina.report.sections import complete

# Loaded when asked for: figures bring matplotlib, which training itself does not need.
_HOMES = {
    "RunFacts": "lamina.report.facts",
    "arrange": "lamina.report.arrange",
    "complete": "lamina.report.sections",
    "figures_of": "lamina.report.figures",
    "page": "lamina.report.html",
    "write_figures": "lamina.report.figures",
}

__all__ = [
    "RunFacts",
    "arrange",
    "complete",
    "figures_of",
    "page",
    "write_figures",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
