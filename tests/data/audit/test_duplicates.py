"""Findings about rows that stand on both sides of a split."""

from __future__ import annotations

import numpy as np
import polars as pl
from tests.audited import TRAINING, said

from lamina.tasks.audit import check


def test_duplicates_across_a_split():
    x = np.random.default_rng(0).normal(size=(200, 3))
    x[150:] = x[:50]
    table = {"a": x[:, 0], "b": x[:, 1], "y": x[:, 2], "split": ["train"] * 150 + ["test"] * 50}
    assert said(check(table, "y"))[0] == (
        "warning: <frame>, row 150: 41 of 80 validation and test rows equal a training row, "
        "which flatters the metrics\n"
        "  fix: remove the copies"
    )
    del table["split"]
    found = said(check(table, "y"))[0]
    assert found.startswith("warning: <arrays>, row ")
    assert found.endswith('  fix: remove the copies, or keep them on one side with group="..."')
    few = {name: np.append(values[:149], values[0]) for name, values in table.items()}
    assert all(text.startswith("note: ") for text in said(check(few, "y")))


def test_rows_that_only_look_alike_are_no_duplicates():
    frame = pl.DataFrame({"name": [f"Mrs. Person {i}" for i in range(200)],
                          "age": [i % 20 for i in range(200)],
                          "x": [i % 20 / 3 for i in range(200)],
                          "y": [i % 20 // 10 for i in range(200)]})  # fmt: skip
    assert not [f for f in check(frame, "y").findings if f.code == "duplicates"]
    counted = frame.drop("name").with_columns(
        pl.int_range(200).alias("row"), pl.Series("u", np.arange(200) // 2 / 7)
    )
    assert [f.code for f in check(counted, "y").warnings] == ["identifier"]


def test_a_few_combinations_are_no_duplicates():
    frame = pl.DataFrame(
        {"a": ["u", "v", "w"] * 40, "b": ["p", "q"] * 60, "y": [i % 5 % 2 for i in range(120)]}
    )
    assert not [f for f in check(frame, "y").findings if f.code == "duplicates"]


def test_no_rows_held_out_are_no_copies():
    assert said(check(pl.concat([TRAINING, TRAINING]), "y", valid=0.0)) == []
