"""Samples and real examples as a report shows them: grids of images, rows of tables, distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.page import Axis, Block, Images, Line, Plot, Points, Series, Table
from lamina.modalities.base import Outcome
from lamina.tasks.generate.drawn import Drawn
from lamina.tasks.generate.real import some_training
from lamina.tasks.samples.images import ImageSamples

if TYPE_CHECKING:
    from lamina.objectives.metrics.memorization import Memorization
    from lamina.tasks.generate.judged import Evidence

ACROSS, PAIRS = 8, 8
MOST_COLUMNS, MOST_ROWS, MOST_PANELS, MOST_POINTS = 8, 8, 6, 500
BINS = 24
AS_THEY_COME = "As they come, none left out."


def plain_data(samples: Any) -> Any:
    """Return samples as any network reads them: an array of images, or a frame.

    Args:
        samples: in the form of the data.
    """
    return samples.images if isinstance(samples, ImageSamples) else samples.frame()


def samples_blocks(outcome: Outcome, drawn: Drawn) -> tuple[Block, ...]:
    """Return new samples: images in a grid, by class where there are classes; rows beside real ones.

    Args:
        outcome: of the run.
        drawn: the first batch.
    """
    space, labels = outcome.target.space, outcome.target.labels
    order = np.argsort(drawn.labels, kind="stable")
    named = [labels[code] for code in drawn.labels] if labels else None
    samples = space.samples(drawn.values, named)
    if isinstance(samples, ImageSamples):
        captions = tuple(str(named[place]) for place in order) if named else ()
        panel = Images(list(samples.images[order]), captions, across=ACROSS)
        alt = f"{len(samples)} new images."
        return (Plot("samples", "New samples", (panel,), alt=alt, note=AS_THEY_COME),)
    real = some_training(outcome)
    rows = table_of(
        [("sample", samples, np.arange(MOST_ROWS)), ("real", space.samples(real[:4]), np.arange(4))],
        note=f"{AS_THEY_COME} Below them, training rows.",
    )
    return rows, *distributions(samples, space.samples(real))


def table_of(given: list[tuple[str, Any, np.ndarray]], *, heads: str = "", note: str = "") -> Table:
    """Return rows of several sets as one table, each with a word at its left.

    Args:
        given: word, rows, and which of these.
        heads: of the words.
        note: said below the table.
    """
    names = list(given[0][1].columns)[:MOST_COLUMNS]
    cells = [
        (word, *(said(samples.columns[name][row]) if name in samples.columns else "–" for name in names))
        for word, samples, rows in given
        for row in rows
        if row < len(samples)
    ]
    left = len(given[0][1].columns) - len(names)
    more = f" {left:,} columns are not shown." if left else ""
    return Table((heads, *names), tuple(cells), note=f"{note}{more}".strip())


def said(value: Any) -> str:
    """Return one cell as text.

    Args:
        value: a number, a text, a date, or nothing.
    """
    if value is None or value != value:
        return "–"
    return f"{float(value):.5g}" if isinstance(value, float | np.floating) else str(value)


def distributions(samples: Any, real: Any) -> tuple[Block, ...]:
    """Return the distributions of columns, of samples and of real rows, and of two numbers their points.

    Args:
        samples: new rows.
        real: training rows.
    """
    numbers = [name for name in samples.columns if _is_number(samples.columns[name])]
    blocks: list[Block] = []
    if len(numbers) == 2:
        blocks.append(_plane(samples, real, numbers))
    if numbers:
        panels = tuple(
            _histogram(name, samples.columns[name], real.columns[name]) for name in numbers[:MOST_PANELS]
        )
        note = "Shares of the rows, in bins of equal width."
        if len(numbers) > MOST_PANELS:
            note += f" The first {MOST_PANELS} of {len(numbers):,} columns of numbers."
        title = "Columns of samples and of real rows"
        blocks.append(Plot("columns_of_samples", title, panels, note=note, across=min(3, len(panels))))
    words = [name for name in samples.columns if name in real.columns and name not in numbers]
    return *blocks, *_shares(words[:MOST_PANELS], samples, real)


def beside(outcome: Outcome, found: Memorization, evidence: Evidence) -> tuple[Block, ...]:
    """Return the samples that lie nearest to training examples, beside these.

    Args:
        outcome: of the run.
        found: distances and neighbors of all samples.
        evidence: what was compared.
    """
    nearest = np.argsort(found.distances, kind="stable")[:PAIRS]
    space = outcome.target.space
    ours = space.samples(evidence.samples[nearest])
    theirs = space.samples(evidence.training[found.rows[nearest]])
    distances = [f"{value:.3g}" for value in found.distances[nearest]]
    if isinstance(ours, ImageSamples):
        captions = (*distances, *["training"] * len(nearest))
        panel = Images([*ours.images, *theirs.images], captions, across=len(nearest))
        title = "The samples nearest to a training image, and that image below"
        return (Plot("nearest_training", title, (panel,), alt="Distances: " + ", ".join(distances)),)
    rows = [
        (word, samples, np.array([place]))
        for place, distance in enumerate(distances[:4])
        for word, samples in ((f"sample, {distance} from", ours), ("training row", theirs))
    ]
    return (table_of(rows, note="The samples nearest to a training row, each above that row."),)


def plane_points(samples: Any, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return two columns of numbers as floats, some hundred rows at most.

    Args:
        samples: rows.
        names: of the columns.
    """
    x, y = (np.asarray(samples.columns[name], float)[:MOST_POINTS] for name in names)
    return x, y


def _plane(samples: Any, real: Any, names: list[str]) -> Plot:
    series = (
        Series("real", *plane_points(real, names), color="muted"),
        Series("samples", *plane_points(samples, names), color="orange"),
    )
    panel = Points(series, x=Axis(names[0]), y=Axis(names[1]))
    return Plot("samples_plane", "Samples and real rows", (panel,))


def _is_number(values: np.ndarray) -> bool:
    return values.dtype.kind in "iuf"


def _histogram(name: str, ours: np.ndarray, theirs: np.ndarray) -> Line:
    ours, theirs = (np.asarray(values, np.float64) for values in (ours, theirs))
    ours, theirs = ours[np.isfinite(ours)], theirs[np.isfinite(theirs)]
    edges = np.histogram_bin_edges(np.concatenate([ours, theirs]), BINS)
    middles = (edges[1:] + edges[:-1]) / 2
    series = tuple(
        Series(word, middles, np.histogram(values, edges)[0] / max(1, len(values)), color=color)
        for word, values, color in (("real", theirs, "muted"), ("samples", ours, "orange"))
    )
    return Line(series, title=name, x=Axis(), y=Axis("", "percent"))


def _shares(names: list[str], samples: Any, real: Any) -> tuple[Table, ...]:
    """Return how often the most frequent values of columns that are no numbers stand in both."""
    rows = []
    for name in names:
        ours, theirs = ([said(value) for value in table.columns[name].tolist()] for table in (samples, real))
        values, counts = np.unique(theirs, return_counts=True)
        for value in values[np.argsort(-counts, kind="stable")][:4].tolist():
            shares = (f"{own.count(value) / max(1, len(own)):.1%}" for own in (ours, theirs))
            rows.append((name, value, *shares))
    if not rows:
        return ()
    note = "The most frequent values of the real rows."
    return (Table(("column", "value", "samples", "real rows"), tuple(rows), numeric=(2, 3), note=note),)
