"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from lamina.objectives.metrics import metric_number, metric_words
from lamina.objectives.metrics.by_task import CLASSIFICATION, REGRESSION


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (0.8534, (0.8464, 0.8604), "0.853"),
        (0.8534, (0.81, 0.89), "0.85"),
        (0.8534, (0.8414, 0.8654), "0.853"),
        (49823.1, (48900.0, 50700.0), "49,800"),
        (0.5, (0.5, 0.5), "0.5000"),
        (-1.25, None, "−1.250"),
        (0.0, None, "0"),
        (123456.7, None, "123,457"),
        (1e-7, None, "1e−07"),
        (3.2e12, None, "3.2e+12"),
        (math.nan, (0.0, 1.0), "–"),
        (math.inf, None, "∞"),
        (0.4, (math.nan, math.nan), "0.4000"),
    ],
)
def test_metric_number(value: float, interval: tuple[float, float] | None, text: str):
    assert metric_number(value, interval) == text


def test_every_metric_of_the_tasks_has_words():
    for name in CLASSIFICATION + REGRESSION:
        assert metric_words(name).meaning
    assert metric_words("valid_auc").title == "AUC"
    assert [n for n in REGRESSION if metric_words(n).higher_is_better] == ["r2"]
