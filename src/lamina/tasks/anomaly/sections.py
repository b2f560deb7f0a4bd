"""What the report says of a network for anomalies: the oddest rows and why, and how scores are spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.page import Bars, Bullets, Images, Mark, Paragraph, Plot, Section, Table
from lamina.core.wording import counted
from lamina.modalities.base import Outcome
from lamina.tasks.anomaly.cells import CellSpace
from lamina.tasks.anomaly.reasons import place_words, reasons_of
from lamina.tasks.metric_table import metric_table, metric_tiles

SHOWN_ROWS, SHOWN_IMAGES = 12, 12
HISTOGRAM_BINS = 40
LEADING = ("auc", "average_precision", "score")


def anomaly_sections(outcome: Outcome) -> list[Section]:
    """Return headline, the oddest rows, the spread of scores, metrics and limits.

    Args:
        outcome: of the run.
    """
    if outcome.decoded is None or outcome.held_out is None or not len(outcome.decoded):
        return [
            Section("In short", (Paragraph("Nothing was measured: no row was held out.", "lead"),)),
            _limits(),
        ]
    found = [_summary(outcome), _oddest(outcome), _spread(outcome)]
    return [*found, Section("How good it is", (metric_table(outcome),)), _limits()]


def _scores(outcome: Outcome) -> np.ndarray:
    return np.asarray(outcome.decoded)[:, 0].astype(np.float64)


def _summary(outcome: Outcome) -> Section:
    scores, target = _scores(outcome), outcome.target
    lead = f"{counted(len(scores), 'row')} that the network has not learned from were scored."
    if target.threshold is not None:
        odd = int((scores > target.threshold).sum())
        lead += (
            f" {odd:,} {'lies' if odd == 1 else 'lie'} above the threshold of {target.threshold:,.4g}, set "
            f"so that a share of {target.contamination:.2g} of the validation rows does."
        )
    if "auc" in outcome.metrics:
        lead += (
            f" An anomaly scores higher than another row in {outcome.metrics['auc']:.1%} of the pairs; "
            "labels were measured by, and not learned from."
        )
    return Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING)))


def _oddest(outcome: Outcome) -> Section:
    """Return the rows of the highest scores, with what is odd about them."""
    scores, table = _scores(outcome), outcome.held_out
    assert table is not None  # noqa: S101
    is_cells = isinstance(outcome.target.space, CellSpace)
    rows = np.argsort(-scores, kind="stable")[: SHOWN_ROWS if is_cells else SHOWN_IMAGES]
    block = (_odd_rows if is_cells else _odd_images)(outcome, table, rows, scores)
    note = "The share behind each reason is that of what is odd about the row." if is_cells else ""
    return Section("The oddest", (Paragraph(note, "note"), block))


def _odd_rows(outcome: Outcome, table: Any, rows: np.ndarray, scores: np.ndarray) -> Table:
    oddness = np.asarray(outcome.decoded)[rows, 1:]
    own = table.take(rows)
    found = reasons_of(outcome.target.space, outcome.transform(own), own, oddness)
    p_values = outcome.target.p_values(scores[rows])
    cells = [
        (table.place(row), f"{scores[row]:.4g}", f"{p:.2g}", "; ".join(map(str, own)) or "nothing by itself")
        for row, p, own in zip(rows.tolist(), p_values, found, strict=True)
    ]
    cells = [(*own, _known(outcome, row)) for own, row in zip(cells, rows.tolist(), strict=True)]
    heads = ("row", "score", "p-value", "what is odd", outcome.target.label)
    count = 5 if outcome.target.label else 4
    return Table(heads[:count], tuple(own[:count] for own in cells), numeric=(1, 2))


def _known(outcome: Outcome, row: int) -> str:
    """Return what the labels say of a row."""
    return outcome.caption(np.asarray(outcome.targets)[row])


def _odd_images(outcome: Outcome, table: Any, rows: np.ndarray, scores: np.ndarray) -> Plot:
    """Return images, each beside the map of its errors."""
    from lamina.tasks.anomaly.maps import error_maps, gathered

    pixels = gathered(outcome.transform(table.take(rows)))
    maps = error_maps(outcome.outputs, outcome.objective, pixels)
    most = float(maps.max()) or 1.0
    shown, captions = [], []
    for image, errors, row in zip(pixels, maps, rows.tolist(), strict=True):
        shade = np.rint(255 * np.sqrt(errors / most))
        shown += [image, shade]
        captions += [f"{table.place(row)}\nscore {scores[row]:.3g}", place_words(errors)]
    note = "Each image beside the error of its pixels, white where it is largest."
    panel = Images(shown, tuple(captions), across=6)
    return Plot("oddest", "Images and their errors", (panel,), alt=f"{len(rows)} images.", note=note)


def _spread(outcome: Outcome) -> Section:
    """Return a histogram of the scores with the threshold, of anomalies apart where they are known."""
    scores, targets = _scores(outcome), np.asarray(outcome.targets)
    low, high = np.quantile(scores, (0.0, 0.995))
    threshold = outcome.target.threshold
    high = max(high, low + 1e-6, -np.inf if threshold is None else threshold)
    edges = np.linspace(low, high + 0.02 * (high - low), HISTOGRAM_BINS + 1)
    clipped = np.minimum(scores, edges[-1])
    mark = () if threshold is None else (Mark(threshold, "threshold"),)
    groups = [("all rows", np.ones(len(scores), bool), "blue")]
    if np.isfinite(targets).any():
        groups = [("known as usual", targets == 0, "blue"), ("known as anomalies", targets == 1, "orange")]
    panels = tuple(
        Bars(np.histogram(clipped[own], edges)[0], edges=edges, color=color, marks=mark, title=name)
        for name, own, color in groups
    )
    note = "Higher scores are odder; what lies beyond the right end is counted in the last bar."
    plot = Plot("scores", "Scores of held-out rows", panels, alt="Histogram of scores.", note=note)
    return Section("How scores are spread", (plot,))


def _limits() -> Section:
    sentences = (
        "A high score says that a row is unlike those of training, not that it is wrong or harmful.",
        "What was common in training is usual to the network: anomalies that came often are not found.",
        "The threshold is set on rows of the training data's source; on others more rows may lie above it.",
    )
    return Section("Limits", (Bullets(sentences),))
