"""What a person gets to read after a run: sections of plain data as one page, and as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.core.lazy import lazy

if TYPE_CHECKING:
    from lamina.report.arrange import arrange
    from lamina.report.facts import RunFacts
    from lamina.report.figures import figures_of, write_figures
    from lamina.report.html import page
    from lamina.report.sections import complete

# Loaded when asked for: figures bring matplotlib, which training itself does not need.
_PLACES = {
    "arrange": "arrange",
    "facts": "RunFacts",
    "figures": "figures_of write_figures",
    "html": "page",
    "sections": "complete",
}
__getattr__, __dir__ = lazy(__name__, _PLACES)

__all__ = [
    "RunFacts",
    "arrange",
    "complete",
    "figures_of",
    "page",
    "write_figures",
]
