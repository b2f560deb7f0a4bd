"""Rows as steps: order, gaps, calendar, neighbors."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.series.calendar import DAY, Clock, positions, written
from lamina.data.series.links import neighbor_weights, read_links
from lamina.data.series.ordered import ordered
from lamina.data.series.steps import StepTable, first_steps

NAMES = ("a", "b", "c")


def hours(rows: list[int]) -> pl.DataFrame:
    """Rows at some hours of January 2024, each holding its hour."""
    times = [f"2024-01-{1 + row // 24:02d} {row % 24:02d}:00:00" for row in rows]
    return pl.DataFrame({"when": times, "a": [float(row) for row in rows]})


def test_rows_are_sorted_and_gaps_are_steps_without_a_number():
    rows = [0, 2, 1, 3, 4, 5, 8, 7, 9, 10, 11]
    found = ordered(read(hours(rows)), ["a"], "when")
    assert found.order.tolist() == np.argsort(rows).tolist()
    assert found.is_even and found.absent == 1
    expected = np.arange(12.0)
    expected[6] = np.nan
    np.testing.assert_array_equal(found.steps.values[:, 0], expected)
    np.testing.assert_array_equal(found.steps.filled[:, 0], [0, 1, 2, 3, 4, 5, 5, 7, 8, 9, 10, 11])
    assert found.steps.clock == Clock(3600.0, dated=True)
    np.testing.assert_array_equal(np.diff(found.steps.times), 3600.0)


def test_a_gap_belongs_to_the_rows_around_it():
    table = read(hours([0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13]))
    rows = StepTable(table, ordered(table, ["a"], "when").steps)
    assert rows.steps.with_gaps(rows.ids[:5]).tolist() == [0, 1, 2, 3, 4, 5]
    assert rows.steps.with_gaps(rows.ids[5:7]).tolist() == [7, 8]
    few = rows.take(np.array([3, 4]))
    assert few.ids.tolist() == [4, 5] and few.scalar("a").numbers().tolist() == [4, 5]
    assert few.names == table.names and few.place(0) == table.place(3)


def test_where_most_steps_are_absent_each_row_is_the_next_step():
    found = ordered(read(hours([0, 1, 2, 3, 9, 15, 16, 17, 30, 31])), ["a"], "when")
    assert not found.is_even and found.steps.count == 10


def test_two_rows_of_one_time_are_refused_with_the_second():
    with pytest.raises(DataError, match="two rows have the same time") as caught:
        ordered(read(hours([0, 1, 1, 2])), ["a"], "when")
    assert "row 2" in str(caught.value.where) or "line 3" in str(caught.value.where)


def test_forecasts_begin_where_the_context_lies_before_and_the_horizon_within():
    ids = np.array([3, 4, 5, 6, 9, 10, 11])
    found = first_steps(ids, context=4, horizon=3).tolist()
    assert found == [at for at in range(4, 12) if {at, at + 1, at + 2} <= set(ids.tolist())]
    assert first_steps(ids[:2], context=0, horizon=3).tolist() == []


def test_months_follow_months_and_days_days():
    start = np.array(["2023-11-30", "2023-12-31", "2024-01-31"], "datetime64[s]").astype(float)
    clock = Clock.of(start, dated=True)
    assert clock.is_monthly and clock.between(start).tolist() == [1, 1]
    assert written(clock.after(start, 2)).tolist() == ["2024-02-29", "2024-03-31"]
    days = Clock(DAY, dated=True)
    assert written(days.after(start, 2)).tolist() == ["2024-02-01", "2024-02-02"]
    assert [part.name for part in clock.parts(0)] == ["month"]
    assert [(part.name, part.size) for part in days.parts(30)] == [
        ("weekday", 7),
        ("month", 12),
        ("season", 30),
    ]
    assert Clock(5.0).parts(0) == ()


def test_the_calendar_is_that_of_datetime64():
    times = np.arange(0, 40 * DAY, 3 * 3600.0) + 1.6e9 // DAY * DAY
    parts = Clock(3 * 3600.0, dated=True).parts(5)
    found = positions(parts, times, len(times))
    at = times.astype("datetime64[s]")
    days = at.astype("datetime64[D]")
    weekday = (days.astype(int) + 3) % 7  # Monday is 0
    expected = [((at - days).astype(int) // (3 * 3600)), weekday, np.arange(len(times)) % 5]
    assert [part.size for part in parts] == [8, 7, 5]
    np.testing.assert_array_equal(found, np.stack(expected, axis=1))


def test_a_graph_is_a_matrix_or_a_list_of_edges(tmp_path: Path):
    weights = np.array([[0, 0.5, 0], [0.5, 0, 2], [0, 2, 0]])
    lines = [",".join(map(str, row)) for row in weights.tolist()]
    plain, named, edges = (tmp_path / name for name in ("plain.csv.gz", "named.csv", "edges.csv"))
    plain.write_bytes(gzip.compress("\n".join(lines).encode()))
    order = [2, 0, 1]
    turned = weights[np.ix_(order, order)]
    named.write_text("\n".join(["c,a,b", *(",".join(map(str, row)) for row in turned.tolist())]))
    edges.write_text("from,to,weight\na,b,0.5\nc,b,2\n")
    for path in (plain, named, edges):
        np.testing.assert_array_equal(read_links(str(path), NAMES), weights.astype(np.float32))
    edges.write_text("from,to\na,b\n")
    assert read_links(str(edges), NAMES).sum() == 2
    rows = neighbor_weights(read_links(str(named), NAMES))
    np.testing.assert_allclose(rows.sum(1), 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1\n1,0\n", "there is no series '1'"),
        ("0,1,2,3\n1,0,2,3\n", "does not fit the series"),
        ("0,1,0\n1,0,-1\n0,1,0\n", "0 or more"),
        ("0,1,0\n1,0,x\n0,1,0\n", "0 or more"),
        ("from,to\na,d\n", "there is no series 'd'"),
        ("from,to,weight\na,b,nan\n", "0 or more"),
        ("", "cannot be read"),
    ],
)
def test_a_graph_that_does_not_fit_is_refused_with_its_line(text: str, message: str, tmp_path: Path):
    path = tmp_path / "graph.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_links(str(path), NAMES)
    assert str(path) in str(caught.value.where)


def test_a_graph_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="there is no such file"):
        read_links("nowhere.csv", NAMES)
