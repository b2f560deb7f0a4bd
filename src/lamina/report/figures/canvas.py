"""The drawing sheet: one style for all figures, SVG for the page and PNG for the folder.

Colors are drawn as plain hexadecimal values. In SVG each becomes ``var(--name, #hex)``, so a
figure follows the page from light to dark and still stands alone in a viewer.
"""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

INK, MUTED, LINE, PAPER = "#1c2128", "#5b6470", "#d5dae1", "#fefefe"
BLUE, ORANGE = "#2a5bd0", "#c4560f"  # told apart with any color vision, and in gray
GREEN, RED, VIOLET = "#1f7a4d", "#b3261e", "#7a3fb0"
# Each is a variable of the style sheet.
COLORS = {
    "ink": INK,
    "muted": MUTED,
    "line": LINE,
    "paper": PAPER,
    "blue": BLUE,
    "orange": ORANGE,
    "green": GREEN,
    "red": RED,
    "violet": VIOLET,
}
PALETTE = (BLUE, ORANGE, GREEN, VIOLET, RED)  # of groups, in turn
DASHES = (0, (4, 3))

WIDTH = 760  # pixels of the page's column; the figures' dots per inch are 72, so a point is a pixel
STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 12,
    "axes.linewidth": 1,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "figure.dpi": 72,
    "figure.facecolor": PAPER,
    "font.size": 12,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "legend.fontsize": 12,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 2,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a "$" in a column's name is a dollar
    "xtick.color": LINE,
    "xtick.labelcolor": MUTED,
    "xtick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.color": LINE,
    "ytick.labelcolor": MUTED,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in our style, whatever the user's matplotlibrc says; theirs is put back afterwards."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # glyphs missing from a font, axes too small for their labels
        matplotlib.rcdefaults()
        with matplotlib.rc_context(STYLE):
            yield


def sheet(
    height: int, rows: int = 1, columns: int = 1, *, shares: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """Return a figure of the page's width and its axes, row by row.

    Args:
        height: in pixels.
        rows: how many axes above one another.
        columns: how many side by side.
        shares: heights of the rows in relation to one another, by default equal.
    """
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1, wspace=0.06, hspace=0.08)
    figure = Figure(figsize=(WIDTH / 72, height / 72), layout=layout)
    axes = figure.subplots(rows, columns, squeeze=False, height_ratios=shares)
    return figure, list(axes.flat)


def to_svg(figure: Figure, name: str, title: str) -> str:
    """Return a figure as an SVG element for a page; the same figure gives the same text.

    Args:
        figure: the figure, drawn in `house_style`.
        name: tells its inner references from those of the page's other figures.
        title: what a screen reader says.
    """
    stream = io.StringIO()
    with house_style(), matplotlib.rc_context({"svg.hashsalt": name, "savefig.transparent": True}):
        no_dates = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        _save(figure, stream, format="svg", dpi=144, metadata=no_dates)  # of images in it alone
    return _for_page(stream.getvalue(), title)


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG at twice the page's resolution.

    Args:
        figure: the figure, drawn in `house_style`.
    """
    stream = io.BytesIO()
    with house_style():
        _save(figure, stream, format="png", dpi=144, metadata={"Software": None})
    return stream.getvalue()


def _save(figure: Figure, stream: IO[Any], **options: Any) -> None:
    """Save a figure; where its parts stand is found out the first time alone."""
    figure.savefig(stream, **options)
    figure.set_layout_engine("none")


def _for_page(svg: str, title: str) -> str:
    """Leave only the drawing: no file header, no ids that repeat, no style that leaks to the page."""
    svg = svg[svg.index("<svg") :].rstrip()
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    box = re.search(r'viewBox="[^"]*"', svg)
    label = f'role="img" aria-label="{html.escape(title)}"'
    svg = re.sub(r"<svg[^>]*>", f"<svg {box.group() if box else ''} {label}>", svg, count=1)
    svg = re.sub(r"xlink:href", "href", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    svg = re.sub(r"font-family: [^;]*; ?", "", svg)
    for variable, color in COLORS.items():
        svg = re.sub(f"(fill|stroke): {color}", rf"\1: var(--{variable}, {color})", svg)
    return svg
