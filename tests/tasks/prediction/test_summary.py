"""Headlines: true sentences, against the simplest answer."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from tests.tasks.prediction.outcomes import classes, labels, numbers, outcome

from lamina.core.page import Tile
from lamina.tasks.prediction import summary
from lamina.tasks.wording import NOTHING, interval_words, names_of, sample, share


def test_classes_against_the_most_common_one():
    said = summary.class_headline(classes(2))
    assert said.startswith("On 200 rows of the test set, the network names the right class for 9")
    assert said.endswith(
        "Always answering “class number 0”, the most common class, would be right for 50.0%."
    )


def test_a_network_no_better_than_the_simple_answer_is_called_that():
    lazy = dataclasses.replace(
        classes(2),
        targets=np.repeat([0, 1], [190, 10]),
        decoded=np.tile([0.9, 0.1], (200, 1)),
        metrics={"accuracy": 0.95},
        intervals={"accuracy": (0.91, 0.97)},
    )
    assert "not clearly better than that simple answer" in summary.class_headline(lazy)
    poor = dataclasses.replace(numbers(), metrics={"mae": 8.1}, intervals={"mae": (7.9, 8.3)})
    assert "do not rely on it yet" in summary.number_headline(poor)
    for said in (summary.class_headline(classes(2)), summary.number_headline(numbers())):
        assert "not clearly better" not in said


def test_numbers_against_the_median():
    said = summary.number_headline(numbers(), "USD")
    assert re.search(r"predictions are off by 0\.\d+ USD on average and explain 98\.\d+%", said)
    assert re.search(r"Always answering the median would be off by [789]\.\d+ USD\.", said)
    assert "× 100,000 USD on average" in summary.number_headline(numbers(), "100,000 USD")


def test_several_numbers_have_no_median():
    two = dataclasses.replace(numbers(), targets=np.zeros((1200, 2)), decoded=np.zeros((1200, 2)))
    assert "median" not in summary.number_headline(two)


def test_labels():
    said = summary.label_headline(labels())
    assert re.fullmatch(
        r"On 60 rows held out for validation, .* every label right for \d+\.\d% of the rows\.", said
    )


@pytest.mark.parametrize("kind", ["class", "label", "number"])
def test_nothing_was_measured(kind: str):
    section = getattr(summary, f"{kind}_summary")(outcome())
    assert section.title == "In short" and section.blocks[0].text == NOTHING
    assert section.blocks[1].tiles == ()


def test_a_metric_that_is_not_defined():
    undefined = {"accuracy": np.nan, "mae": np.nan}
    assert "accuracy is not defined" in summary.class_headline(outcome(metrics=undefined))
    assert "a prediction is missing or infinite" in summary.number_headline(outcome(metrics=undefined))


def test_more_classes_than_names():
    said = summary.class_headline(dataclasses.replace(classes(3), labels=[]))
    assert "Always answering class 0, the most" in said


def test_tiles_have_their_intervals():
    found = summary.class_summary(
        outcome(metrics={"accuracy": 0.8534, "auc": 0.9}, intervals={"accuracy": (0.8464, 0.8604)})
    )
    assert found.blocks[1].tiles == (Tile("Accuracy", "85.3%", "84.6% to 86.0%"), Tile("AUC", "0.9000", ""))


def test_shares_and_intervals():
    assert share(0.98765, (0.9870, 0.9885)) == "98.77%" and share(0.5, (0.2, 0.8)) == "50%"
    assert interval_words({"auc": (np.nan, 1.0)}, "auc") == ""
    assert names_of(["a"], 3, "label") == ["a", "label 1", "label 2"]


def test_sample():
    assert sample(5, 1000).tolist() == [0, 1, 2, 3, 4]
    drawn = sample(5000, 1000)
    assert len(set(drawn.tolist())) == 1000 and drawn.max() < 5000
    np.testing.assert_array_equal(drawn, sample(5000, 1000))
