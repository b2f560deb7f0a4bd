"""Permutation importance: right, bounded in rows and time, repeatable."""

from __future__ import annotations

import time

import numpy as np
import pytest
from tests.casting import schema_of

from lamina.data import read
from lamina.modalities.permutation import Rows, permutation_importance
from lamina.modalities.table.encoder import TableEncoder
from lamina.modalities.table.importance import table_score

RANDOM = np.random.default_rng(0)
TABLE = {name: RANDOM.normal(size=5000) for name in ("strong", "weak", "idle")}
TARGET = 3 * TABLE["strong"] + TABLE["weak"]


def mean_squared_error(rows: Rows, column: str | None, source: Rows) -> float:
    table = {name: values[source if name == column else rows] for name, values in TABLE.items()}
    return float(np.mean((TARGET[rows] - 3 * table["strong"] - table["weak"]) ** 2))


def test_the_loss_is_that_of_theory():
    """Shuffling x in y = a x makes a mean squared error of 2 a^2 var(x)."""
    found = permutation_importance(mean_squared_error, list(TABLE), rows=5000, higher_is_better=False)
    means = {column: mean for column, mean, _ in found}
    assert means["strong"] == pytest.approx(18, rel=0.1)
    assert means["weak"] == pytest.approx(2, rel=0.1)
    assert means["idle"] == 0
    assert all(0 <= std < mean or mean == 0 for _, mean, std in found)


def test_where_more_is_better_the_sign_turns():
    def score(*arguments) -> float:
        return -mean_squared_error(*arguments)

    falls = permutation_importance(score, list(TABLE), rows=500)
    rises = permutation_importance(mean_squared_error, list(TABLE), rows=500, higher_is_better=False)
    assert falls == rises


def test_at_most_so_many_rows_and_calls():
    calls = []

    def score(rows: Rows, column: str | None, source: Rows) -> float:
        calls.append((column, len(rows)))
        assert sorted(rows) == sorted(source) and rows.max() < 100_000
        return 0.0

    permutation_importance(score, ["a", "b"], rows=100_000, repeats=3)
    assert calls == [(None, 2000)] + [("a", 2000), ("b", 2000)] * 3


def test_out_of_time_it_returns_what_it_has(monkeypatch: pytest.MonkeyPatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def slow(rows: Rows, column: str | None, source: Rows) -> float:
        now[0] += 0.01
        return 0.0

    names = [f"c{i}" for i in range(1000)]
    found = permutation_importance(slow, names, rows=10, seconds=0.15)
    assert now[0] < 1000.17
    assert 10 <= len(found) <= 16 and np.isnan(found[0].std)


def test_nothing_to_shuffle():
    assert permutation_importance(mean_squared_error, [], rows=10) == []
    assert permutation_importance(mean_squared_error, ["idle"], rows=1) == []


def test_the_same_seed_gives_the_same_result():
    first = permutation_importance(mean_squared_error, ["weak"], rows=50, seed=1)
    assert first == permutation_importance(mean_squared_error, ["weak"], rows=50, seed=1)
    assert first != permutation_importance(mean_squared_error, ["weak"], rows=50, seed=2)


def test_a_column_of_the_source_moves_with_all_its_features():
    days = [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(60)]
    source = {
        "number": [None if i % 7 == 0 else float(i * i % 13) for i in range(60)],
        "day": days,
        "kind": ["abc"[i % 3] for i in range(60)],
        "other": [float(i % 11) for i in range(60)],
        "y": [float(i) for i in range(60)],
    }
    table = read(source)
    encoder = TableEncoder.fit(table, schema_of(table, "y", task="regression").inputs)
    x = encoder.transform(table)
    untouched = {name: values.copy() for name, values in x.items()}
    seen = {}

    def score(batch: dict[str, np.ndarray], rows: np.ndarray) -> float:
        seen["batch"] = batch
        return 0.0

    ask = table_score(encoder, x, score)
    rows, others = np.arange(0, 30), np.arange(30, 60)
    for column in ("number", "day", "kind", "other"):
        ask(rows, column, others)
        changed = {
            name: dict(zip(features, values.T, strict=True))
            for name, features, values in (
                ("numeric", encoder.numeric_features, seen["batch"]["numeric"]),
                ("category", encoder.category_features, seen["batch"]["category"]),
            )
        }
        mine = {e.name: e.features for e in encoder.numeric} | {"kind": ("kind",)}
        for array, features in changed.items():
            names = encoder.numeric_features if array == "numeric" else encoder.category_features
            for place, feature in enumerate(names):
                taken = others if feature in mine[column] else rows
                np.testing.assert_array_equal(features[feature], untouched[array][taken, place])
    for name, values in x.items():
        np.testing.assert_array_equal(values, untouched[name])
    assert len(mine["day"]) > 3 and len(mine["number"]) == 2
