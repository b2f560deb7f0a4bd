"""What the report says of an autoencoder: samples beside their reconstructions, errors, codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.inputs import NO_LABEL
from lamina.core.page import Axis, Bars, Bullets, Images, Paragraph, Plot, Points, Section, Series, Table
from lamina.core.wording import plain
from lamina.modalities.base import Outcome
from lamina.tasks.metric_table import metric_table, metric_tiles
from lamina.tasks.samples.answers import Again, Codes, Errors
from lamina.tasks.samples.images import ImageSpace
from lamina.tasks.samples.task import LABEL, SAMPLE

SHOWN_IMAGES, SHOWN_ROWS, SHOWN_COLUMNS = 12, 6, 30
MOST_ON_MAP = 1_000  # samples
_LONGEST = 24


def reconstruct_sections(outcome: Outcome) -> list[Section]:
    """Return headline, reconstructions, errors of columns, the map of codes, metrics and limits.

    Args:
        outcome: of the run.
    """
    if outcome.decoded is None or outcome.held_out is None or not len(outcome.decoded):
        said = Paragraph("Nothing was measured: no sample was held out.", "lead")
        return [Section("In short", (said,)), _limits()]
    table = outcome.held_out
    rows = np.unique(np.linspace(0, table.height - 1, MOST_ON_MAP).round().astype(int))
    own = table.take(rows)
    x = _samples(outcome, own)
    found = [_summary(outcome), _pairs(outcome, own, x)]
    found += [] if isinstance(outcome.target.space, ImageSpace) else [_by_column(outcome, x)]
    return [*found, *_map(outcome, x), Section("How good it is", (metric_table(outcome),)), _limits()]


def _samples(outcome: Outcome, table: Any) -> np.ndarray:
    found = outcome.target.space.sampled(outcome.transform(table), table)
    return np.asarray(found if isinstance(found, np.ndarray) else found.take(np.arange(len(found))))


def _summary(outcome: Outcome) -> Section:
    lead = "The network writes samples again from a short code, as closely as the figures below say."
    tiles = metric_tiles(outcome, tuple(outcome.metrics)[:3])
    return Section("In short", (Paragraph(lead, "lead"), tiles))


def _pairs(outcome: Outcome, table: Any, x: np.ndarray) -> Section:
    """Return samples of the held-out ones beside their reconstructions."""
    count = min(len(x), SHOWN_IMAGES if isinstance(outcome.target.space, ImageSpace) else SHOWN_ROWS)
    rows = np.linspace(0, len(x) - 1, count).round().astype(int)
    again: Any = outcome.target.space.samples(_answered(outcome, x[rows], Again(outcome.objective)))
    title = "Reconstructions"
    if isinstance(outcome.target.space, ImageSpace):
        shown = [image for pair in zip(x[rows], again.images, strict=True) for image in pair]
        note = "Each image beside its reconstruction; none of them was learned from."
        panel = Images(shown, across=6)
        return Section(title, (Plot("pairs", title, (panel,), alt=f"{count} pairs of images.", note=note),))
    names = list(again.columns)[:SHOWN_COLUMNS]
    cells = []
    for place, row in enumerate(rows.tolist()):
        cells.append((f"row {row + 1}", *(_word(table.scalar(name).value(row)) for name in names)))
        cells.append(("again", *(_word(again.columns[name][place]) for name in names)))
    note = "Rows that were not learned from, each above its reconstruction."
    return Section(title, (Table(("", *names), tuple(cells), note=note),))


def _word(value: Any) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.4g}" if isinstance(value, float | np.floating) else plain(str(value), _LONGEST)


def _by_column(outcome: Outcome, x: np.ndarray) -> Section:
    """Return the mean error of each column, the largest first."""
    errors = _answered(outcome, x, Errors(outcome.objective)).mean(axis=0)
    names = _names_of_groups(outcome.target.space)
    total: dict[str, float] = {}
    for name, error in zip(names, errors.tolist(), strict=True):
        total[name] = total.get(name, 0.0) + error
    ranked = sorted(total, key=lambda name: -total[name])[:SHOWN_COLUMNS]
    values = np.array([total[name] for name in ranked])
    note = (
        "Squared error of scaled numbers, nats of categories. Of columns with long bars the code says little."
    )
    panel = Bars(values, tuple(ranked))
    plot = Plot("errors", "Error by column", (panel,), alt="Bars, one a column.", note=note)
    return Section("Errors", (plot,))


def _names_of_groups(space: Any) -> list[str]:
    """Return the column of each group of features."""
    return [codec.name for codec in space.codecs for _ in codec.widths]


def _map(outcome: Outcome, x: np.ndarray) -> list[Section]:
    """Return the codes of samples along their two widest directions."""
    codes = _answered(outcome, x, Codes(outcome.objective)).astype(np.float64)
    if len(codes) < 3 or codes.shape[1] < 2 or not np.isfinite(codes).all():
        return []
    centered = codes - codes.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centered, full_matrices=False)
    places = centered @ directions[:2].T
    share = np.square(sizes[:2]).sum() / max(np.square(sizes).sum(), 1e-300)
    panel = Points(
        (Series("", places[:, 0], places[:, 1]),), x=Axis("first component"), y=Axis("second component")
    )
    note = f"Principal components of the codes; the two hold {share:.0%} of their variance."
    plot = Plot("codes", "Map of the codes", (panel,), alt=f"{len(codes)} points.", note=note)
    return [Section("Codes", (plot,))]


def _limits() -> Section:
    sentences = (
        "What the code leaves out is filled in with what is usual in training, not with what is true.",
        "Errors say how well samples are written again, not how useful their codes are: measure that by "
        "the task they are for.",
    )
    return Section("Limits", (Bullets(sentences),))


def _answered(outcome: Outcome, x: np.ndarray, by: Any) -> np.ndarray:
    """Return what an answerer says of samples."""
    return outcome.outputs({SAMPLE: x, LABEL: np.full(len(x), NO_LABEL, np.int32)}, by=by)
