"""Figures: alike each time, in our style, and only where there is something to draw."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from lamina.report import ReportContent, draw_figures, figures_of, render, write_figures
from lamina.report.figures import FIGURES
from lamina.report.figures.canvas import house_style, to_png
from lamina.report.figures.classes import confusion
from lamina.report.figures.training import learning_curves
from lamina.report.figures.values import sample


def texts(figure) -> list[str]:
    import matplotlib.text

    return [t.get_text() for t in figure.findobj(matplotlib.text.Text) if t.get_text()]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("binary", {"learning_curves", "confusion", "calibration", "column_importance"}),
        ("many_classes", {"learning_curves", "confusion", "calibration", "column_importance"}),
        ("multilabel", {"learning_curves", "calibration", "column_importance"}),
        (
            "regression",
            {
                "learning_curves",
                "predicted_against_true",
                "residuals",
                "predicted_intervals",
                "column_importance",
            },
        ),
        ("empty", set()),
    ],
)
def test_what_is_drawn(content: str, names: set[str], request: pytest.FixtureRequest):
    drawings = draw_figures(figures_of(request.getfixturevalue(content)))
    assert set(drawings) == names
    for svg in drawings.values():
        assert svg.startswith('<svg viewBox="0 0 ') and svg.endswith("</svg>")
        assert len(svg) < 200_000


def test_every_figure_has_a_title_and_named_axes(regression: ReportContent, multiclass: ReportContent):
    for content in (regression, multiclass):
        for draw in FIGURES.values():
            with house_style():
                figure = draw(content)
            for ax in [] if figure is None else figure.axes:
                assert ax.get_xlabel() or ax.get_ylabel()
            if figure is not None:
                assert figure.axes[0].get_title(loc="left")


def test_the_same_bytes_whatever_the_user_has_set(binary: ReportContent, tmp_path: Path):
    first = draw_figures(figures_of(binary))
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    paths = write_figures(figures_of(binary), ours)
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "svg.fonttype": "path"}):
        assert draw_figures(figures_of(binary)) == first
        write_figures(figures_of(binary), theirs)
        assert matplotlib.rcParams["font.size"] == 30
    assert [path.name for path in paths] == [f"{name}.png" for name in first]
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.read_bytes() == (theirs / path.name).read_bytes()


def test_figures_drawn_once_serve_the_page_and_the_folder(binary: ReportContent, tmp_path: Path):
    figures = figures_of(binary)
    assert render(binary, figures) == render(binary)
    for path in write_figures(figures, tmp_path):
        assert path.read_bytes() == to_png_after_svg(binary, path.stem)


def to_png_after_svg(content: ReportContent, name: str) -> bytes:
    figure = figures_of(content)[name]
    draw_figures({name: figure})
    return to_png(figure)


def test_figures_are_written_by_the_writer_given(binary: ReportContent, tmp_path: Path):
    written = {}
    paths = write_figures(figures_of(binary), tmp_path, write=written.__setitem__)
    assert list(written) == paths and not list(tmp_path.iterdir())


def test_pyplot_is_never_imported(binary: ReportContent):
    draw_figures(figures_of(binary))
    assert "matplotlib.pyplot" not in sys.modules


def test_confusions_are_counted_right(multiclass: ReportContent):
    targets, predictions = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1, 1, 1])
    with house_style():
        figure = confusion(dataclasses.replace(multiclass, targets=targets, predictions=predictions))
    assert {"2\n67%", "1\n33%", "1\n100%"} <= set(texts(figure))


def test_most_frequent_confusions(many_classes: ReportContent):
    targets = np.array([3] * 9 + [5] * 4 + [7] * 10)
    predictions = np.array([4] * 9 + [6] * 4 + [7] * 10)
    content = dataclasses.replace(many_classes, targets=targets, predictions=predictions)
    with house_style():
        figure = confusion(content)
        assert confusion(dataclasses.replace(content, predictions=targets)) is None
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["class number 3 → class number 4", "class number 5 → class number 6"]


def test_the_kept_epoch_is_marked(binary: ReportContent):
    with house_style():
        shown = texts(learning_curves(binary))
        assert "epoch 2 kept: 0.9000" in shown and "AUC by epoch" in shown
        unknown = texts(learning_curves(dataclasses.replace(binary, best_epoch=99)))
    assert not [text for text in unknown if "kept" in text]


def test_a_loss_that_falls_by_orders_of_magnitude_gets_a_logarithmic_axis(binary: ReportContent):
    history = {"epoch": [1, 2, 3], "train_loss": [100.0, 1.0, 0.1]}
    with house_style():
        figure = learning_curves(dataclasses.replace(binary, history=history))
    assert figure.axes[0].get_yscale() == "log" and len(figure.axes) == 1


def test_sample():
    assert sample(5).tolist() == [0, 1, 2, 3, 4]
    drawn = sample(5000)
    assert len(set(drawn.tolist())) == 1000 and drawn.max() < 5000
    np.testing.assert_array_equal(drawn, sample(5000))
