"""What each column is taken to be, and why some are left out."""

from __future__ import annotations

import json
import uuid

import numpy as np
import polars as pl
import pytest
from lamina.data.kinds import named_like_identifier

from lamina.core.errors import ConfigError, DataError
from lamina.data import Schema, infer_schema, read

ROWS = 60
NOISE = np.random.default_rng(0).normal(size=ROWS)
TARGET = [i % 2 for i in range(ROWS)]


def schema_of(values, *, name: str = "a", **keys) -> Schema:
    frame = pl.DataFrame({name: values, "noise": NOISE, "y": TARGET}, strict=False)
    return infer_schema(read(frame), target="y", **keys)


def kind_of(values, **keys) -> str:
    """The kind of the column, or the reason why it was left out."""
    schema = schema_of(values, **keys)
    found = {column.name: column.kind for column in schema.inputs} | dict(schema.dropped)
    return found[keys.get("name", "a")]


WORDS = ["red", "green", "blue"] * 20
LONG_NAMES = ["this is a long category name", "and this is another of them", "one more of these names"]
KINDS = {
    "floats": (list(NOISE), "numeric"),
    "few integers": ([i % 5 for i in range(ROWS)], "numeric"),
    "shuffled integers that skip some": ([i * 7 % 1000 for i in range(ROWS)], "numeric"),
    "booleans": ([i % 3 == 0 for i in range(ROWS)], "boolean"),
    "words": (WORDS, "category"),
    "categories of numbers": (pl.Series(["1", "2", "3"] * 20).cast(pl.Categorical), "category"),
    "numbers as text": ([str(i % 7) for i in range(ROWS)], "numeric"),
    "numbers and a few words": (["n/a", "abc", *(str(i % 7) for i in range(2, ROWS))], "numeric"),
    "too many words among numbers": (["abc" if i % 10 == 0 else str(i % 7) for i in range(ROWS)], "category"),
    "dates": ([f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)], "datetime"),
    "one value": ([7] * ROWS, "every row holds the same value"),
    "one word": (["x"] * ROWS, "every row holds the same value"),
    "one value or none": ([7, None] * 30, "numeric"),
    "one word or none": (["x", None] * 30, "category"),
    "nothing": ([None] * ROWS, "every value is missing"),
    "words for nothing": (["NA"] * ROWS, "every value is missing"),
    "from 0": (list(range(ROWS)), "identifier (counts the rows)"),
    "from 1, shuffled": ([(i * 7) % ROWS + 1 for i in range(ROWS)], "identifier (counts the rows)"),
    "huge integers": ([2**60 + i * 977 for i in range(ROWS)], "identifier (every value is different)"),
    "UUIDs": ([str(uuid.UUID(int=i * 2**90)) for i in range(ROWS)], "identifier (every value is different)"),
    "serial numbers": ([f"AB-{i:05d}" for i in range(ROWS)], "identifier (every value is different)"),
    "sentences": ([f"this is sentence number {i} of many" for i in range(ROWS)],
                  "free text (each value is a sentence of its own)"),
    "repeated sentences": (LONG_NAMES * 20, "category"),
    "two words, nearly all different": ([f"Mr. {max(i, 1)}" for i in range(ROWS)],
                                        "free text (almost every value is different)"),
    "the target in other words": (["no", "yes"] * 30, "equals the target"),
    "the target, negated": ([1 - i % 2 for i in range(ROWS)], "equals the target"),
    "nearly the target": (["yes", *["no", "yes"] * 29, "yes"], "category"),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS)
def test_kinds(case):
    values, kind = KINDS[case]
    assert kind_of(values) == kind


@pytest.mark.parametrize(
    "name", ["id", "user_id", "PassengerId", "uuid", "customer key", "Unnamed: 0", "row", "index"]
)
def test_integers_that_are_all_different_and_named_like_identifiers(name):
    values = [i * 7 + 1000 for i in range(ROWS)]
    assert kind_of(values, name=name) == "identifier (every value is different)"
    assert kind_of([*values[:-1], values[0]], name=name) == "numeric"


@pytest.mark.parametrize(
    "name", ["width", "humidity", "monkey", "grid", "paid", "period", "Arrow", "turkey", "valid"]
)
def test_names_that_only_contain_such_a_word(name):
    assert not named_like_identifier(name)


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
    schema = infer_schema(table, target="target")
    assert [(c.name, c.kind, c.detail) for c in schema.inputs] == [
        ("x0", "numeric", "doubtful: equals the target")
    ]


@pytest.mark.parametrize("factor", [1.0, 100.0, -0.5])
def test_a_number_in_another_unit_equals_the_target(factor):
    x = np.random.default_rng(1).normal(size=(100, 2))
    columns = {"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] * factor + 3}
    assert infer_schema(read(columns), target="y").dropped == (("a", "equals the target"),)
    columns["y"] = columns["y"] + 1e-3 * x[:, 1]
    assert infer_schema(read(columns), target="y").dropped == ()


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


GUESSES = {
    "booleans": ([True, False] * 30, "binary"),
    "two words": (["a", "b"] * 30, "binary"),
    "two integers": ([5, 9] * 30, "binary"),
    "two floats": ([0.0, 1.0] * 30, "binary"),
    "three words": (["a", "b", "c"] * 20, "multiclass"),
    "few integers from 0": ([i % 7 for i in range(ROWS)], "multiclass"),
    "few integers": ([3 + i % 3 for i in range(ROWS)], "multiclass"),
    "few rows, integers from 0": ([i % 3 for i in range(ROWS)], "multiclass"),
    "counts": ([i * 7 % 31 for i in range(ROWS)], "regression"),
    "floats": (list(NOISE), "regression"),
    "three floats": ([0.0, 1.0, 2.0] * 20, "regression"),
    "many numbers as text": ([f"{i * 7 % 53}.5" for i in range(ROWS)], "regression"),
    "few numbers as text": ([str(i % 3) for i in range(ROWS)], "multiclass"),
}


@pytest.mark.parametrize("case", GUESSES)
def test_guessed_tasks(case):
    values, task = GUESSES[case]
    frame = pl.DataFrame({"a": NOISE, "y": values})
    assert infer_schema(read(frame), target="y").task == task


def test_several_targets():
    frame = pl.DataFrame(
        {"a": NOISE, "p": [0, 1] * 30, "q": [True, False] * 30, "r": NOISE * 2, "s": ["u", "v"] * 30}
    )
    table = read(frame)
    assert infer_schema(table, target=["p", "q"]).task == "multilabel"
    assert infer_schema(table, target=["p", "r"]).task == "regression"
    with pytest.raises(DataError) as caught:
        infer_schema(table, target=["p", "s"])
    assert str(caught.value) == (
        "<frame>, column 's': one of several targets is text; expected numbers (regression) or 0 and 1"
        " (multilabel)\n  fix: name one target, or turn the text into 0/1 columns"
    )


def test_classification_is_narrowed_down():
    table = read(pl.DataFrame({"a": NOISE, "y": [i * 7 % 31 for i in range(ROWS)], "z": [0, 1] * 30}))
    assert infer_schema(table, target="y", task="classification").task == "multiclass"
    assert infer_schema(table, target="z", task="classification").task == "binary"


def test_what_is_asked_for_must_exist():
    table = read(pl.DataFrame({"size": NOISE, "price": NOISE * 2 + 1}))
    with pytest.raises(DataError) as caught:
        infer_schema(table, target="prise")
    assert str(caught.value) == (
        "<frame>: target column 'prise' is absent (did you mean 'price'?); expected one of size, price\n"
        "  fix: name a column that the data have"
    )
    with pytest.raises(DataError, match=r"group column 'team' is absent"):
        infer_schema(table, target="price", group="team")
    with pytest.raises(DataError, match=r"no target is named\n  fix: name at least one column"):
        infer_schema(table, target=[])
    with pytest.raises(
        ConfigError, match=r"unknown task 'regresion' \(did you mean 'regression'\?\); expected one of"
    ):
        infer_schema(table, target="price", task="regresion")


def test_a_date_is_no_target():
    frame = pl.DataFrame({"a": NOISE[:3], "y": ["2024-01-01", "2024-01-02", "2024-01-03"]})
    with pytest.raises(
        DataError, match=r"column 'y': a date cannot be predicted as it is\n  fix: make it a number"
    ):
        infer_schema(read(frame.with_columns(pl.col("y").str.to_date())), target="y")
