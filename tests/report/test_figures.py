"""Figures: each kind of panel, alike each time, in our style."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import matplotlib
import matplotlib.text
import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.report.pages import FACTS, facts
from tests.report.plots import MASK, PLOTS, T
from tests.tasks.prediction.outcomes import HOSTILE

from lamina.core.page import Axis, Bars, Graph, Images, Line, Mark, Plot, Points, Section, Series, Wave
from lamina.report import figures_of, page, write_figures
from lamina.report.curves import learning_curves
from lamina.report.figures import KINDS, drawing, figure_of
from lamina.report.figures.canvas import to_png
from lamina.report.figures.graph import placed
from lamina.report.figures.images import _masked
from lamina.report.figures.wave import _outline

SECTIONS = [Section("Plots", tuple(PLOTS.values()))]


def texts(figure: Figure) -> list[str]:
    return [t.get_text() for t in figure.findobj(matplotlib.text.Text) if t.get_text()]


def alone(panel: object) -> Figure:
    return figure_of(Plot("a", "A", (panel,)))


def test_a_plot_of_each_kind_is_among_them():
    assert {type(panel) for plot in PLOTS.values() for panel in plot.panels} == set(KINDS)
    assert list(figures_of(SECTIONS)) == list(PLOTS)


@pytest.mark.parametrize("name", PLOTS)
def test_svg(name: str):
    svg = drawing(figure_of(PLOTS[name]), PLOTS[name])
    assert svg.startswith('<svg viewBox="0 0 760 ') and svg.endswith("</svg>") and len(svg) < 100_000
    assert f'aria-label="A {name}. It shows a {name}."' in svg


@pytest.mark.parametrize("name", PLOTS)
def test_the_same_bytes_whatever_the_user_has_set(name: str):
    first, png = drawing(figure_of(PLOTS[name]), PLOTS[name]), to_png(figure_of(PLOTS[name]))
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "svg.fonttype": "path"}):
        assert drawing(figure_of(PLOTS[name]), PLOTS[name]) == first
        assert to_png(figure_of(PLOTS[name])) == png
        assert matplotlib.rcParams["font.size"] == 30
    assert png.startswith(b"\x89PNG")


def test_figures_drawn_once_serve_the_page_and_the_folder(tmp_path: Path):
    figures = figures_of(SECTIONS)
    assert page("", "", SECTIONS, figures=figures) == page("", "", SECTIONS)
    paths = write_figures(figures, tmp_path)
    assert [path.name for path in paths] == [f"{name}.png" for name in PLOTS]
    again = figures_of(SECTIONS)
    drawing(again["line"], PLOTS["line"])
    assert paths[0].read_bytes() == to_png(again["line"])


def test_figures_are_written_by_the_writer_given(tmp_path: Path):
    written = {}
    paths = write_figures({"line": figure_of(PLOTS["line"])}, tmp_path, write=written.__setitem__)
    assert list(written) == paths == [tmp_path / "line.png"] and not list(tmp_path.iterdir())


def test_pyplot_is_never_imported(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    figures_of(SECTIONS)
    assert "matplotlib.pyplot" not in sys.modules


def test_names_are_plain_text():
    shown = texts(alone(Bars(np.ones(2), (HOSTILE, "x" * 5000), title=HOSTILE, x=Axis(HOSTILE))))
    assert all("\x00" not in text and len(text) <= 110 for text in shown)


def test_names_of_points_do_not_hide_each_other():
    marks = (
        Mark(0.0, "first", 0.0),
        Mark(0.1, "hidden", 0.1),
        Mark(11.0, "last", 11.0),
        Mark(5.0, "nowhere"),
    )
    shown = texts(alone(Points((Series("", T, T),), marks=marks)))
    assert {"first", "last"} <= set(shown) and not {"hidden", "nowhere"} & set(shown)


def test_two_rows_of_panels_and_an_empty_place():
    figure = figure_of(PLOTS["pair"])
    assert len(figure.axes) == 4 and not figure.axes[3].axison
    heights = dataclasses.replace(PLOTS["pair"], heights=(100, 60))
    assert figure_of(heights).get_size_inches()[1] * 72 == pytest.approx(160)


@pytest.mark.parametrize(("kind", "shown"), [("percent", "40%"), ("count", "1"), ("", "0.4"), ("none", "")])
def test_axes(kind: str, shown: str):
    ends = (0.0, 2.0 if kind == "count" else 1.0)
    figure = alone(Line((Series("", T, T / 11),), y=Axis("y", kind, ends)))
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert shown in labels if shown else labels == []
    assert figure.axes[0].get_ylim() == ends


@pytest.mark.parametrize(
    ("ends", "shown"), [((1e-8, 1.0), "1e-08"), ((0.2, 0.9), "0.3"), ((1.0, 9e3), "100")]
)
def test_labels_of_a_logarithmic_axis_are_plain(ends: tuple[float, float], shown: str):
    figure = alone(Line((Series("", T, np.geomspace(*ends, len(T))),), y=Axis("y", "log", ends)))
    figure.canvas.draw()
    ticks = figure.axes[0].get_yticklabels() + figure.axes[0].get_yticklabels(minor=True)
    labels = [label.get_text() for label in ticks]
    assert shown in labels and "$" not in "".join(labels)


def test_large_numbers_are_shortened():
    figure = alone(Line((Series("", T, T * 1e6),)))
    figure.canvas.draw()
    assert "5 M" in [label.get_text().replace("\u2009", " ") for label in figure.axes[0].get_yticklabels()]


def test_values_that_are_not_finite_are_left_out():
    for panel in (Line((Series("", T, T * np.nan),)), Bars(np.array([np.nan, 1.0]), ("a", "b"))):
        to_png(alone(panel))


def test_a_mask_is_tinted_and_outlined():
    shown = _masked(np.zeros((16, 16, 3)), MASK)
    assert shown.shape == (64, 64, 3) and not shown[:16].any() and not shown[:, :12].any()
    edge, inside = shown[16, 12], shown[28, 28]
    np.testing.assert_allclose(inside, 0.4 * edge)
    assert edge.any()


def test_images_of_any_form_keep_their_shape():
    figure = alone(Images([np.zeros((8, 4)), np.full((4, 8, 1), 255), np.zeros((5, 5, 3))], across=3))
    left, top = ([getattr(i, "get_extent")() for i in figure.axes[0].images[:2]][n] for n in (0, 1))  # noqa: B009
    assert (left[2] - left[3]) == pytest.approx(2 * (left[1] - left[0]))
    assert (top[1] - top[0]) == pytest.approx(2 * (top[2] - top[3]))


def test_edges_pull_nodes_together():
    edges = np.array([[0, 1], [1, 2], [2, 0], [3, 4], [4, 5], [5, 3], [2, 3]])
    places = placed(6, edges)
    np.testing.assert_array_equal(places, placed(6, edges))
    assert places.min() == 0 and places.max() == 1
    near = np.linalg.norm(places[0] - places[1])
    assert np.linalg.norm(places[0] - places[5]) > 1.5 * near
    assert placed(1, edges[:0]).shape == (1, 2) and placed(3000, edges).shape == (3000, 2)


def test_nodes_are_counted():
    assert Graph(np.zeros((0, 2), int)).nodes == 0 and Graph(np.array([[0, 4]])).nodes == 5
    assert Graph(np.array([[0, 1]]), groups=np.zeros(7, int)).nodes == 7
    to_png(alone(Graph(np.zeros((0, 2), int), ("only",))))


def test_a_long_signal_keeps_its_peaks():
    samples = np.zeros(100_000)
    samples[54321] = 3.0
    times, values = _outline(samples, 1000.0)
    assert len(values) == 1500 and values.max() == 3.0
    assert abs(times[values.argmax()] - 54.321) < 0.2
    to_png(alone(Wave(np.zeros(0))))


def test_the_kept_epoch_is_marked():
    plot = learning_curves(FACTS)
    assert [panel.title for panel in plot.panels] == ["Loss by epoch", "AUC by epoch"]
    assert plot.panels[1].marks[0].text == "epoch 2 kept: 0.9000"
    assert "epoch 2 kept: 0.9000" in texts(figure_of(plot))
    assert plot.alt.startswith("Loss by epoch, at the end: training 0.5000, validation 0.6500; epoch 2 kept")
    assert not any(panel.marks for panel in learning_curves(facts(best_epoch=99)).panels)


def test_a_loss_that_falls_by_orders_of_magnitude_gets_a_logarithmic_axis():
    history = {"epoch": [1, 2, 3], "train_loss": [100.0, 1.0, 0.1]}
    figure = figure_of(learning_curves(facts(history=history, watched=None)))
    assert figure.axes[0].get_yscale() == "log" and len(figure.axes) == 1
    assert learning_curves(facts(history={}, watched=None)) is None


def test_groups_of_a_graph_are_explained_and_marked_nodes_stand_out():
    edges, groups = np.array([[0, 1], [1, 2], [2, 3]]), np.array([0, 1, 1, -1])
    figure = alone(Graph(edges, groups=groups, legend=("red wine", "white wine", "neither"), marked=(2,)))
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["red wine", "white wine"], (
        "those that are there"
    )
    ring = figure.axes[0].collections[-1]
    assert len(ring.get_offsets()) == 1 and len(ring.get_facecolors()) == 0
    assert alone(Graph(edges, groups=groups)).axes[0].get_legend() is None
