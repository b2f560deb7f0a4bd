"""Tables and plots of quality: the right numbers, and only where there is something to show."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from tests.tasks.prediction.outcomes import QUANTILES, classes, labels, numbers, outcome

from lamina.core.page import Bars, Cell, Matrix, Plot, Section, Table
from lamina.tasks.prediction import class_plots, judged, number_plots, quality
from lamina.tasks.prediction.limits import class_limits, label_limits, number_limits


def plots(section: Section) -> dict[str, Plot]:
    return {block.name: block for block in section.blocks if isinstance(block, Plot)}


def tables(section: Section) -> dict[str, Table]:
    return {block.kind: block for block in section.blocks if isinstance(block, Table)}


def test_what_is_shown_of_each_kind_of_target():
    assert list(plots(quality.class_quality(classes(5)))) == ["confusion", "calibration"]
    assert list(plots(quality.label_quality(labels()))) == ["calibration"]
    shown = plots(quality.number_quality(numbers(), QUANTILES))
    assert list(shown) == ["predicted_against_true", "residuals", "predicted_intervals"]
    for build in (quality.class_quality, quality.label_quality, quality.number_quality):
        assert [type(block) for block in build(outcome()).blocks] == [Table]


def test_every_plot_says_what_it_is():
    for section in (quality.class_quality(classes(40)), quality.number_quality(numbers(), QUANTILES)):
        for plot in plots(section).values():
            assert plot.title and plot.alt.endswith(".") and plot.panels[0].title
            assert all(panel.x.label or panel.y.label for panel in plot.panels)


def test_metric_table():
    found = quality.metric_table(
        outcome(
            evaluated="test",
            metrics={"auc": 0.8123, "strange": 2.0},
            valid_metrics={"auc": 0.9},
            intervals={"auc": (0.79, 0.84)},
        )
    )
    assert found.heads == ("metric", "validation", "test", "95% interval (test)")
    meaning = "how well rows of a class rank above the others; 0.5 is guessing"
    assert found.rows[0] == (Cell("AUC ↑", meaning), "0.900", "0.812", "0.790 to 0.840")
    assert found.rows[1] == (Cell("strange", ""), "–", "2.000", "–")
    alone = quality.metric_table(outcome(metrics={"auc": 0.9}, valid_metrics={"auc": 0.9}))
    assert alone.heads == ("metric", "validation")


def test_confusions_are_counted_right():
    targets, given = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1, 1, 1])
    plot = class_plots.confusion(judged.JudgedClasses(["a", "b", "c"], targets, given, np.eye(3)[given]))
    (panel,) = plot.panels
    assert isinstance(panel, Matrix) and panel.agree and panel.rows == ("a", "b", "c")
    assert panel.texts == (("2\n67%", "1\n33%", ""), ("", "1\n100%", ""), ("", "1\n100%", ""))
    assert plot.alt.startswith("3 of 5 rows are on the diagonal")


def test_of_many_classes_the_most_frequent_confusions():
    targets = np.array([3] * 9 + [5] * 4 + [7] * 10)
    given = np.array([4] * 9 + [6] * 4 + [7] * 10)
    names = [f"class number {i}" for i in range(77)]
    plot = class_plots.confusion(judged.JudgedClasses(names, targets, given, np.eye(77)[given]))
    (panel,) = plot.panels
    assert isinstance(panel, Bars)
    assert panel.names == ("class number 3 → class number 4", "class number 5 → class number 6")
    assert panel.values.tolist() == [9, 4]
    assert class_plots.confusion(judged.JudgedClasses(names, targets, targets, np.eye(77)[targets])) is None


def test_class_table_by_hand():
    given = np.array([0, 0, 1, 1])
    found = quality.class_quality(
        outcome(decoded=np.eye(3)[given], targets=np.array([0, 1, 1, 1]), labels=["a", "b", "c"])
    )
    assert tables(found)["classes"].rows == (
        ("a", "1", "1.000", "0.500", "0.667"),
        ("b", "3", "0.667", "1.000", "0.800"),
        ("c", "0", "–", "–", "–"),
    )


def test_label_table_by_hand():
    found = quality.label_quality(
        outcome(decoded=np.array([[0.9, 0.1], [0.2, 0.7]]), targets=np.array([[1, 1], [0, 1]]), labels=["p"])
    )
    rows = (("p", "1", "1.000", "1.000", "1.000"), ("label 1", "2", "0.500", "1.000", "0.667"))
    table = tables(found)["classes"]
    assert table.rows == rows and table.heads[0] == "label" and "of this label" in table.note


def test_many_classes_show_the_weakest():
    found = tables(quality.class_quality(classes(77, rows=400)))["classes"]
    assert len(found.rows) == 16 and found.note.startswith("The 16 weakest of 77 classes.")


def test_calibration_of_two_classes_is_of_the_second():
    (above, below) = plots(quality.class_quality(classes(2)))["calibration"].panels
    assert above.title == "Calibration: does the stated probability of “class number 1” hold?"
    assert below.values.sum() == 200 and len(below.edges) == 21
    observed = above.series[1]
    assert (observed.low <= observed.y).all() and (observed.y <= observed.high).all()
    (above, _) = plots(quality.class_quality(classes(5)))["calibration"].panels
    assert "of the predicted class hold" in above.title


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": dict.fromkeys(["accuracy", "auc"], np.nan), "intervals": {"auc": (np.nan, np.nan)}},
        {"targets": np.array([1]), "decoded": np.array([[0.6, 0.4]])},
        {"targets": np.zeros(9, int), "decoded": np.ones((9, 2))},
        {"targets": np.zeros(0, int), "decoded": np.zeros((0, 2))},
        {"decoded": np.full((200, 2), np.nan)},
        {"decoded": np.linspace(0, 1, 200)},
        {"targets": np.arange(200) % 4},
        {"labels": []},
        {"valid_metrics": {}, "metrics": {}},
    ],
)
def test_odd_classes_do_not_break_it(changes: dict):
    found = quality.class_quality(dataclasses.replace(classes(2), **changes))
    assert not re.search(r"\b(nan|inf|None)\b", str(tables(found)))


def test_numbers_are_paired():
    found = judged.judged_numbers(numbers(), QUANTILES, "USD")
    assert found.names == ["price (USD)"] and found.level == pytest.approx(0.9)
    np.testing.assert_array_equal(found.low + 1.6, found.predictions)
    gap = dataclasses.replace(found, predictions=np.where(found.targets > 50, np.nan, found.predictions))
    assert len(gap.finite(0)[0]) == (found.targets <= 50).sum()
    assert judged.judged_numbers(outcome()) is None
    pair = judged.judged_numbers(numbers(), QUANTILES)
    assert judged.judged_numbers(dataclasses.replace(numbers(), decoded=pair.predictions)).low is None


def test_predicted_against_true():
    plot = number_plots.predicted_against_true(judged.judged_numbers(numbers(), QUANTILES))
    (panel,) = plot.panels
    assert len(panel.series[0].x) == 1000 and plot.note == "A random sample of 1,000 rows."
    assert (panel.lines[0].x == panel.lines[0].y).all()
    five = judged.JudgedNumbers(list("abcde"), np.eye(5), np.eye(5))
    plot = number_plots.predicted_against_true(five)
    assert len(plot.panels) == 4 and plot.across == 2 and plot.heights == (330, 330)


def test_residuals():
    plot = number_plots.residuals(judged.judged_numbers(numbers(), QUANTILES))
    points, spread = plot.panels
    assert abs(points.series[0].y).max() < 5 and spread.values.sum() == 1200 - 2 * 6
    same = judged.JudgedNumbers(["a"], np.ones((30, 1)), np.ones((30, 1)))
    assert number_plots.residuals(same).panels[1].values.sum() == 30
    nothing = judged.JudgedNumbers(["a"], np.ones((3, 1)), np.full((3, 1), np.nan))
    assert number_plots.residuals(nothing) is None and number_plots.predicted_against_true(nothing) is None


def test_predicted_intervals():
    found = judged.judged_numbers(numbers(), QUANTILES)
    plot = number_plots.predicted_intervals(found)
    (panel,) = plot.panels
    assert re.search(r"meant to hold 90%, hold (8|9)\d\.\d% of 1,200 rows$", panel.title)
    inside, outside = panel.points
    assert len(inside.x) + len(outside.x) == len(panel.series[0].x) == 60
    assert (np.diff(panel.series[0].y) >= 0).all() and not panel.joined
    assert number_plots.predicted_intervals(dataclasses.replace(found, low=None)) is None
    assert number_plots.predicted_intervals(dataclasses.replace(found, low=found.low * np.nan)) is None


def test_limits():
    said = class_limits(classes(77, rows=400)).blocks[0].sentences
    assert said[0].startswith("77 classes have fewer than 20 test rows (“class number 0”, ")
    assert said[0].endswith("and 72 more): what is said about them rests on little.")
    assert class_limits(outcome(metrics={"ece": 0.06})).blocks[0].sentences[0].startswith("Stated prob")
    assert label_limits(outcome(metrics={"ece": 0.01})).blocks[0].sentences == ()
    assert "extrapolated" in number_limits(outcome()).blocks[0].sentences[0]
