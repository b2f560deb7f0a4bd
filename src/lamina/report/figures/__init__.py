"""The report's figures: one function each, from content to a drawing or to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from lamina.report.content import ReportContent
from lamina.report.figures.canvas import house_style, to_png, to_svg
from lamina.report.figures.classes import calibration, confusion
from lamina.report.figures.columns import column_importance
from lamina.report.figures.images import first_filters, image_samples, worst_mistakes
from lamina.report.figures.training import learning_curves
from lamina.report.figures.values import predicted_against_true, predicted_intervals, residuals

Draw = Callable[[ReportContent], Figure | None]

FIGURES: dict[str, Draw] = {
    "learning_curves": learning_curves,
    "confusion": confusion,
    "calibration": calibration,
    "predicted_against_true": predicted_against_true,
    "residuals": residuals,
    "predicted_intervals": predicted_intervals,
    "column_importance": column_importance,
    "image_samples": image_samples,
    "worst_mistakes": worst_mistakes,
    "first_filters": first_filters,
}


TITLES = {
    "learning_curves": "Learning curves",
    "confusion": "Confusions between classes",
    "calibration": "Calibration of the stated probabilities",
    "predicted_against_true": "Predicted against true values",
    "residuals": "Errors",
    "predicted_intervals": "Predicted intervals",
    "column_importance": "Importance of the columns",
    "image_samples": "Training images",
    "worst_mistakes": "Worst mistakes",
    "first_filters": "Kernels of the first convolution",
}


def figures_of(content: ReportContent) -> dict[str, Figure]:
    """Return the figures that the content allows, by name in the order of the page.

    Args:
        content: what the report is about.
    """
    found = {}
    for name, draw in FIGURES.items():
        with house_style():
            figure = draw(content)
        if figure is not None:
            found[name] = figure
    return found


def draw_figures(figures: Mapping[str, Figure]) -> dict[str, str]:
    """Return figures as SVG elements by name.

    Args:
        figures: of a report, as `figures_of` returns them.
    """
    return {name: to_svg(figure, name, TITLES[name]) for name, figure in figures.items()}


def write_figures(
    figures: Mapping[str, Figure],
    folder: Path,
    *,
    write: Callable[[Path, bytes], object] = Path.write_bytes,
) -> list[Path]:
    """Write figures as PNG.

    Args:
        figures: of a report, as `figures_of` returns them.
        folder: an existing folder.
        write: how bytes are put into a file.

    Returns:
        The paths written, in the order of the page.
    """
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        write(paths[-1], to_png(figure))
    return paths
