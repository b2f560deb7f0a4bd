"""What the report says of links: how well edges are told from other pairs, and the likeliest ones missing."""

from __future__ import annotations

import numpy as np

from lamina.core.page import Axis, Line, Paragraph, Plot, Section, Series
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import metric_number
from lamina.tasks.metric_table import metric_table, metric_tiles

LEADING = ("auc", "average_precision")
BINS = 20
_LIMITS = (
    "The pairs without an edge are drawn at random: most are far apart, and easier to tell from edges than "
    "those that nearly are linked. Probabilities hold where as many pairs are linked as are not; of all "
    "pairs of a graph far fewer are."
)


def link_sections(outcome: Outcome) -> list[Section]:
    """Return headline, metrics, and the probabilities of edges and of other pairs.

    Args:
        outcome: of the run.
    """
    if not outcome.metrics or outcome.decoded is None:
        return [Section("In short", (Paragraph("Nothing was measured: no edge was held out.", "lead"),))]
    where = "test edges" if outcome.evaluated == "test" else "edges held out for validation"
    chance = metric_number(100 * outcome.metrics["auc"], None)
    lead = (
        f"Of {len(outcome.decoded):,} {where}, each against a pair of nodes without an edge, the network "
        f"gives the edge the higher probability in {chance} of 100 cases."
    )
    panel = Line(
        (
            _histogram("edges", outcome.decoded[:, 0], "blue"),
            _histogram("other pairs", outcome.decoded[:, 1], "orange"),
        ),
        x=Axis("probability of a link"),
        y=Axis("share of pairs"),
    )
    plot = Plot("links_probabilities", "Probabilities of edges and of other pairs", (panel,))
    return [
        Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING))),
        Section("Quality", (metric_table(outcome), plot)),
        Section("Limits", (Paragraph(_LIMITS),)),
    ]


def _histogram(name: str, values: np.ndarray, color: str) -> Series:
    counts, edges = np.histogram(values, BINS, (0.0, 1.0))
    return Series(name, (edges[1:] + edges[:-1]) / 2, counts / max(1, len(values)), color=color)
