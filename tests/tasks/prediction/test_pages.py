"""Pages of predictions: every kind of target, and whatever a table may hold."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from tests.report.pages import Page
from tests.tasks.prediction.outcomes import HOSTILE, QUANTILES, classes, labels, numbers, outcome

from lamina.report import RunFacts, complete, page
from lamina.tasks.prediction.sections import class_sections, label_sections, number_sections

SECTIONS = {
    "nothing": lambda: class_sections(outcome()),
    "two classes": lambda: class_sections(classes(2)),
    "five classes": lambda: class_sections(classes(5)),
    "many classes": lambda: class_sections(classes(77, rows=400)),
    "a thousand classes": lambda: class_sections(classes(1000, rows=1500)),
    "labels": lambda: label_sections(labels()),
    "numbers": lambda: number_sections(numbers(), QUANTILES, "USD"),
}


@pytest.mark.parametrize("kind", SECTIONS)
def test_the_page_stands_alone(kind: str):
    text = page("y from a.csv", "A network.", complete(RunFacts("mlp", evaluated_rows=60), SECTIONS[kind]()))
    found = Page(text)
    assert found.stands_alone() and len(text) < 900_000
    assert not re.search(r"\b(nan|inf|None)\b", found.words)
    assert found.heads[:2] == ["In short", "How good it is" if kind != "nothing" else "Limits"]


@pytest.mark.parametrize("build", [class_sections, number_sections])
def test_nothing_gets_out_of_the_text(build):
    hostile = dataclasses.replace(
        classes(2) if build is class_sections else numbers(),
        metrics={HOSTILE: 0.5, "accuracy": 0.5, "mae": 1.0},
        valid_metrics={HOSTILE: 0.5},
        intervals={HOSTILE: (0.4, 0.6)},
        labels=[HOSTILE, "x" * 5000],
    )
    more = () if build is class_sections else (QUANTILES, HOSTILE)
    text = page(HOSTILE, HOSTILE, build(hostile, *more), version=HOSTILE)
    found = Page(text)
    assert "script" not in found.tags and found.words.count("<script>alert") >= 4
    assert not set(text) & {"\x00", "\u202e"}
    text.encode("utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"targets": np.array([1.0]), "decoded": np.array([[[1.0, 2.0, 3.0]]])},
        {"targets": np.ones(30), "decoded": np.ones((30, 1, 3))},
        {"decoded": np.full((1200, 1, 3), np.nan), "metrics": {"mae": np.nan, "r2": np.nan}},
        {"decoded": np.where(np.arange(1200) == 3, np.inf, 1e30)[:, None, None] * np.ones(3)},
        {"targets": np.eye(60)[:, :6] * 1e7, "decoded": np.ones((60, 6, 3)), "labels": list("abcdef")},
    ],
)
def test_odd_numbers_do_not_break_it(changes: dict):
    words = Page(page("", "", number_sections(dataclasses.replace(numbers(), **changes), QUANTILES))).words
    assert not re.search(r"\b(nan|inf|None)\b", words)
