"""Who plays which role, and why some columns are left out."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from tests import casting

from lamina.core.errors import ConfigError, DataError
from lamina.data import Schema, read

ROWS = 60
NOISE = np.random.default_rng(0).normal(size=ROWS)
TARGET = [i % 2 for i in range(ROWS)]


def schema_of(values, *, name: str = "a", **keys) -> Schema:
    frame = pl.DataFrame({name: values, "noise": NOISE, "y": TARGET}, strict=False)
    return casting.schema_of(read(frame), "y", **keys)


def test_keep_takes_a_column_in_and_drop_leaves_it_out():
    values = list(range(ROWS))
    schema = schema_of(values, keep=["a"])
    assert [column.name for column in schema.inputs] == ["a", "noise"]
    assert schema.inputs[0].kind == "numeric"
    schema = schema_of(values, drop=["a"])
    assert schema.dropped == (("a", "dropped on request"),)
    assert schema_of(["no", "yes"] * 30, keep=["a"]).inputs[0].kind == "category"


def test_the_only_column_is_never_left_out_as_doubtful():
    table = read(np.arange(50.0).reshape(-1, 1), y=np.arange(50.0) * 2 + 1)
    schema = casting.schema_of(table, "target")
    assert [(c.name, c.kind, c.detail) for c in schema.inputs] == [
        ("x0", "numeric", "doubtful: equals the target")
    ]


@pytest.mark.parametrize("factor", [1.0, 100.0, -0.5])
def test_a_number_in_another_unit_equals_the_target(factor):
    x = np.random.default_rng(1).normal(size=(100, 2))
    columns = {"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] * factor + 3}
    assert casting.schema_of(read(columns), "y").dropped == (("a", "equals the target"),)
    columns["y"] = columns["y"] + 1e-3 * x[:, 1]
    assert casting.schema_of(read(columns), "y").dropped == ()


def test_a_split_column_is_taken_only_if_it_holds_nothing_else():
    words = ["train", "train", "test"] * 20
    assert schema_of(words, name="split").split == "split"
    assert schema_of([*words[:-1], "other"], name="split").split is None
    assert schema_of(["test"] * ROWS, name="split").split is None
    assert schema_of(words, name="part").split is None
    assert schema_of(words, name="part", split="part").split == "part"
    assert schema_of(words, name="split", keep=["split"]).inputs[0].name == "split"


def test_weight_group_and_time_are_no_inputs():
    schema = schema_of(list(NOISE), weight="a", group="noise")
    assert schema.inputs == ()
    assert (schema.weight, schema.group, schema.time) == ("a", "noise", None)


def test_schema_survives_json():
    schema = schema_of([f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)], drop=["noise"], weight=None)
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_what_is_asked_for_must_exist():
    table = read(pl.DataFrame({"size": NOISE, "price": NOISE * 2 + 1}))
    with pytest.raises(DataError) as caught:
        casting.schema_of(table, "prise")
    assert str(caught.value) == (
        "<frame>: target column 'prise' is absent (did you mean 'price'?); expected one of size, price\n"
        "  fix: name a column that the data have"
    )
    with pytest.raises(DataError, match=r"group column 'team' is absent"):
        casting.schema_of(table, "price", group="team")
    with pytest.raises(DataError, match=r"no target is named\n  fix: name at least one column"):
        casting.schema_of(table, [])
    with pytest.raises(
        ConfigError, match=r"unknown task 'regresion' \(did you mean 'regression'\?\); expected one of"
    ):
        casting.schema_of(table, "price", task="regresion")
