"""Columns that give the target away, and what looking for them costs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from lamina.data import read
from lamina.data.frame import FrameColumn
from lamina.data.leaks import SAMPLE, LeakJudge

ROWS = 3 * SAMPLE
RNG = np.random.default_rng(0)
CLASSES = RNG.integers(0, 3, ROWS)


def judge(columns, target="y", *, numbers=False):
    return LeakJudge(read(pl.DataFrame(columns)), [target], numbers=numbers)


def test_classes_are_compared_one_to_one():
    late = CLASSES.copy()
    late[ROWS - 2] = (late[ROWS - 2] + 1) % 3  # outside the sample
    leaks = judge({
        "y": CLASSES, "words": [["a", "b", "c"][i] for i in CLASSES], "other": CLASSES * 10.5, "late": late,
        "coarse": CLASSES > 0, "noise": RNG.normal(size=ROWS),
    })  # fmt: skip
    names = ("words", "other", "late", "coarse", "noise")
    assert [leaks(name) for name in names] == [True, True, False, False, False]


def test_numbers_are_compared_up_to_scale():
    y = RNG.normal(size=ROWS)
    gaps = np.where(np.arange(ROWS) % 7 == 0, np.nan, 3 * y + 1)
    leaks = judge(
        {"y": y, "cents": 100 * y, "gaps": gaps, "square": y**2, "text": ["x"] * ROWS}, numbers=True
    )
    assert [leaks(name) for name in ("cents", "gaps", "square", "text")] == [True, True, False, False]


@pytest.mark.parametrize("numbers", [False, True])
def test_few_rows_prove_nothing(numbers):
    assert not judge({"y": [0, 1] * 5, "same": [0, 1] * 5}, numbers=numbers)("same")


@pytest.mark.parametrize("rows", [100, ROWS])
def test_the_target_is_looked_at_once_and_no_column_is_taken_whole(rows, monkeypatch):
    columns = {f"c{i}": RNG.normal(size=rows) for i in range(30)} | {"y": CLASSES[:rows]}
    asked = {"distinct": [], "take": []}
    for method in asked:
        plain = getattr(FrameColumn, method)

        def counted(self, *arguments, plain=plain, method=method):
            asked[method].append(self.name)
            return plain(self, *arguments)

        monkeypatch.setattr(FrameColumn, method, counted)
    leaks = judge(columns)
    assert not any(leaks(f"c{i}") for i in range(30))
    assert asked["distinct"].count("y") == 1 and len(asked["distinct"]) == 31
    assert len(asked["take"]) == (0 if rows == 100 else 31)
