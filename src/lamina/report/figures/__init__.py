"""The report's figures: a renderer for each kind of panel, from plain data to SVG and PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lamina.core import page, storage
from lamina.core.wording import plain
from lamina.report.arrange import arrange
from lamina.report.figures import band, bars, graph, images, line, matrix, points, wave
from lamina.report.figures.canvas import house_style, sheet, to_png, to_svg


class _Kind(Protocol):
    def height(self, panel: Any) -> int: ...
    def draw(self, ax: Axes, panel: Any) -> None: ...


KINDS: dict[type[page.AbstractPanel], _Kind] = {
    page.Line: line,
    page.Bars: bars,
    page.Points: points,
    page.Matrix: matrix,
    page.Images: images,
    page.Band: band,
    page.Graph: graph,
    page.Wave: wave,
}


def figure_of(plot: page.Plot) -> Figure:
    """Return the drawing of a plot.

    Args:
        plot: what to draw; it has a panel.
    """
    across = plot.across
    rows = [plot.panels[start : start + across] for start in range(0, len(plot.panels), across)]
    heights = plot.heights or [max(KINDS[type(p)].height(p) for p in row) for row in rows]
    with house_style():
        figure, axes = sheet(sum(heights), len(rows), across, shares=heights)
        for ax, panel in zip(axes, plot.panels, strict=False):
            KINDS[type(panel)].draw(ax, panel)
        for ax in axes[len(plot.panels) :]:
            ax.set_axis_off()
    return figure


def figures_of(sections: Iterable[page.Section]) -> dict[str, Figure]:
    """Return the drawings of all plots, by name in the order of the page.

    Args:
        sections: what the report says.
    """
    return {plot.name: figure_of(plot) for plot in _plots(sections)}


def _plots(sections: Iterable[page.Section]) -> list[page.Plot]:
    blocks = [block for section in arrange(sections) for block in section.blocks]
    return [block for block in blocks if isinstance(block, page.Plot)]


def drawing(figure: Figure, plot: page.Plot) -> str:
    """Return a figure as an SVG element that a screen reader can read out.

    Args:
        figure: the drawing.
        plot: of which name, title and words are used.
    """
    return to_svg(figure, plot.name, plain(f"{plot.title}. {plot.alt}" if plot.alt else plot.title))


def write_figures(
    figures: Mapping[str, Figure],
    folder: Path,
    *,
    write: Callable[[Path, bytes], object] = storage.write_file,
) -> list[Path]:
    """Write figures as PNG.

    Args:
        figures: of a report, as `figures_of` returns them.
        folder: an existing folder.
        write: called with a path and bytes, it puts them there.

    Returns:
        The paths written, in the order of the page.
    """
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        write(paths[-1], to_png(figure))
    return paths
