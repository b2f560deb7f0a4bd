"""What a report says of graphs: their sizes, and those that were answered worst."""

from __future__ import annotations

from lamina.core.page import Section
from lamina.modalities.base import Outcome


def graph_sections(outcome: Outcome, name: str) -> list[Section]:
    """Return the sections on a column of graphs.

    Args:
        outcome: of the run.
        name: the column.
    """
    return []
