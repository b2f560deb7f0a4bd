"""What a report says, as plain data: titled sections of text, tables and plots.

`lamina.report` alone renders it. All texts are plain: escaping, shortening and colors are the renderer's
work. A block that holds nothing is left out. Sections of equal title become one, in the order given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text.

    Args:
        text: what it says.
        kind: ``"lead"`` stands out, ``"note"`` stands back, ``"heading"`` names what follows, ``"code"`` is
            typed; empty for plain text.
    """

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list of sentences.

    Args:
        sentences: one an item.
    """

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A cell of a table that is more than a text.

    Args:
        text: what it holds.
        note: a smaller text below it.
        kind: ``"kept"`` makes it a badge.
    """

    text: str
    note: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Args:
        heads: titles of the columns.
        rows: cells, row by row; a text or a `Cell` each.
        numeric: which columns are numbers, aligned at the right.
        kind: a class of the style sheet: ``"metrics"``, ``"classes"``, ``"columns"``, ``"trials"`` or empty.
        note: said below it.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    numeric: tuple[int, ...] = ()
    kind: str = ""
    note: str = ""


@dataclass(frozen=True)
class Tile:
    """One key figure.

    Args:
        name: what it is.
        value: the figure itself.
        note: its range, or its unit.
    """

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Tiles:
    """Key figures side by side.

    Args:
        tiles: five at most fit in a row.
    """

    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Facts:
    """Names and values side by side; a pair without a value is left out.

    Args:
        pairs: of a name and its value.
        kind: ``"settings"`` sets them in two columns.
    """

    pairs: tuple[tuple[str, str], ...]
    kind: str = ""


@dataclass(frozen=True)
class Remark:
    """Something that was noticed.

    Args:
        level: ``"error"``, ``"warning"`` or a milder word.
        message: what it is.
        where: file, row, column.
        fix: what to do.
    """

    level: str
    message: str
    where: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Remarks:
    """What was noticed, one below the other.

    Args:
        remarks: in the order of the page.
    """

    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class Shares:
    """A whole in parts, as one bar with its key.

    Args:
        parts: of a name and a count.
    """

    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Marked:
    """A text with parts of it marked, as words are that decide an answer.

    Args:
        parts: of a text and its strength, from -1 (speaks against) over 0 (not marked) to 1 (speaks for).
        caption: said above it.
    """

    parts: tuple[tuple[str, float], ...]
    caption: str = ""


@dataclass(frozen=True)
class Axis:
    """One axis of a panel.

    Args:
        label: what it measures.
        kind: ``"integer"``, ``"count"`` (thousands set apart), ``"percent"`` (of numbers 0 to 1), ``"log"``,
            ``"none"`` (no numbers), or empty for plain numbers.
        ends: lowest and highest value shown, or None for those of the data.
    """

    label: str = ""
    kind: str = ""
    ends: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Series:
    """Pairs of numbers that belong together.

    Args:
        name: in the legend; none without.
        x: positions.
        y: values, as many; those that are not finite are left out.
        low: lower ends of the values, or None.
        high: upper ends, or None.
        color: ``"blue"``, ``"orange"``, ``"green"``, ``"red"``, ``"violet"``, ``"ink"`` or ``"muted"``.
        dashed: a thin dashed line of reference.
    """

    name: str
    x: Numbers
    y: Numbers
    low: Numbers | None = None
    high: Numbers | None = None
    color: str = "blue"
    dashed: bool = False


@dataclass(frozen=True)
class Mark:
    """A place on the x axis, or a stretch of it.

    Args:
        x: where it is, or begins.
        text: said beside it.
        y: value of a dot on it, or None.
        end: where it ends, or None.
    """

    x: float
    text: str = ""
    y: float | None = None
    end: float | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class AbstractPanel:
    """One drawing.

    Args:
        title: above it.
        x: the axis across.
        y: the axis up.
    """

    title: str = ""
    x: Axis = Axis()
    y: Axis = Axis()


@dataclass(frozen=True, eq=False)
class Line(AbstractPanel):
    """Curves: values over time, or over another number.

    Args:
        series: one a curve; ends of values are drawn as bars of error.
        marks: places across.
    """

    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, eq=False)
class Points(AbstractPanel):
    """Pairs of numbers as points.

    Args:
        series: one a color.
        lines: lines of reference.
        marks: names of places, the most important first; one that would hide another is left out.
    """

    series: tuple[Series, ...]
    lines: tuple[Series, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, eq=False)
class Bars(AbstractPanel):
    """Lengths: one a name, from top to bottom; or a histogram, where edges are given.

    Args:
        values: the lengths.
        names: one a bar.
        edges: of the bins of a histogram, one more than values; or None.
        spread: half the length of a thin bar on each, or None.
        color: of all bars, as in `Series`.
        marks: places across.
    """

    values: Numbers
    names: tuple[str, ...] = ()
    edges: Numbers | None = None
    spread: Numbers | None = None
    color: str = "blue"
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, eq=False)
class Matrix(AbstractPanel):
    """A grid of shaded cells.

    Args:
        shades: (rows, columns), 0 to 1.
        rows: names, from top to bottom.
        columns: names, from left to right.
        texts: one a cell, row by row; empty ones are left out.
        agree: the diagonal is what should be: the other cells have another color.
    """

    shades: Numbers
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...] = ()
    agree: bool = False


@dataclass(frozen=True, eq=False)
class Images(AbstractPanel):
    """A grid of images.

    Args:
        images: (y, x), (y, x, 1) or (y, x, 3) each, 0 to 255.
        captions: one an image, its lines set apart by a line feed; or none at all.
        masks: (y, x) of whole numbers each, drawn as tints with outlines, 0 for none; or none at all.
        across: images side by side.
    """

    images: Sequence[Numbers]
    captions: tuple[str, ...] = ()
    masks: Sequence[Numbers] = ()
    across: int = 9


@dataclass(frozen=True, eq=False)
class Band(AbstractPanel):
    """Ranges of values: a band along a curve, or one stroke a position.

    Args:
        series: each with low and high ends.
        points: drawn over them.
        joined: positions follow one another: else each has a stroke of its own.
    """

    series: tuple[Series, ...]
    points: tuple[Series, ...] = ()
    joined: bool = True


@dataclass(frozen=True, eq=False)
class Graph(AbstractPanel):
    """Nodes and the edges between them.

    Args:
        edges: (edges, 2), numbers of nodes from 0.
        names: one a node, or none at all.
        groups: a whole number from 0 for each node, which gives its color, negative for gray; or None.
        positions: (nodes, 2), or None: the renderer finds some.
        legend: what each group is called, said below the drawing for those that are there; none without.
        marked: nodes that stand out.
    """

    edges: Numbers
    names: tuple[str, ...] = ()
    groups: Numbers | None = None
    positions: Numbers | None = None
    legend: tuple[str, ...] = ()
    marked: tuple[int, ...] = ()

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        given = [len(values) for values in (self.names, self.groups, self.positions) if values is not None]
        return max([*given, int(np.max(self.edges, initial=-1)) + 1])


@dataclass(frozen=True, eq=False)
class Wave(AbstractPanel):
    """A signal over time.

    Args:
        samples: values at equal distances.
        rate: samples a second.
        marks: places and stretches, in seconds.
    """

    samples: Numbers
    rate: float = 1.0
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, eq=False)
class Plot:
    """A figure of one or several panels.

    Args:
        name: of its file, letters and underscores; the renderer numbers those that repeat.
        title: what it shows.
        panels: row by row.
        alt: what a screen reader says after the title.
        note: said below it.
        across: panels side by side.
        heights: of each row in pixels of a page 760 wide; empty for what the panels need.
    """

    name: str
    title: str
    panels: tuple[AbstractPanel, ...]
    alt: str = ""
    note: str = ""
    across: int = 1
    heights: tuple[int, ...] = ()


Block = Paragraph | Bullets | Table | Tiles | Facts | Remarks | Shares | Marked | Plot


@dataclass(frozen=True)
class Section:
    """A titled part of a report.

    Args:
        title: its heading.
        blocks: what it says, from top to bottom.

    Example:
        >>> Section("Limits", (Bullets(("All rows come from one source.",)),)).title
        'Limits'
    """

    title: str
    blocks: tuple[Block, ...]
