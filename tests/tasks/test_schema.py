"""Who plays which role, and why some columns are left out."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from tests import casting

from lamina.core.errors import ConfigError, DataError
from lamina.data import Schema, read
from lamina.modalities.blocks import claimed
from lamina.tasks import Roles
from lamina.tasks.base import RoleKeys
from lamina.tasks.schema import (
    assign_roles,
    check_labeled,
    default_target,
    guess_target,
    holds_split_words,
    names_of,
    quoted,
    target_names,
)

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


def assigned(columns: dict, keys: RoleKeys, **more) -> Schema:
    claims = claimed(read(pl.DataFrame(columns)))
    return assign_roles(claims, Roles(("y",), keys), task="any", target_kind="numbers", **more)


COLUMNS = {"a": NOISE, "b": NOISE**2, "w": np.abs(NOISE), "team": [i // 6 for i in range(ROWS)], "y": TARGET}


def test_roles_are_taken_from_the_keys():
    keys = RoleKeys(weight="w", group="team", keep=("a",), drop=("b",))
    schema = assigned(COLUMNS, keys)
    assert schema.roles == {"weight": "w", "group": "team", "time": None, "split": None}
    assert [column.name for column in schema.inputs] == ["a"]
    assert schema.dropped == (("b", "dropped on request"),)
    assert (schema.task, schema.target_kind, schema.targets) == ("any", "numbers", ("y",))


def test_a_column_of_time_is_learned_from_only_if_it_is_kept():
    columns = COLUMNS | {"when": np.arange(ROWS) * 3}
    assert "when" not in [c.name for c in assigned(columns, RoleKeys(time="when")).inputs]
    assert "when" in [c.name for c in assigned(columns, RoleKeys(time="when", keep=("when",))).inputs]


def test_a_role_that_is_dropped_too_is_no_dropped_column():
    schema = assigned(COLUMNS, RoleKeys(weight="w", drop=("w", "b")))
    assert schema.dropped == (("b", "dropped on request"),)


def test_columns_that_tell_the_target_are_left_out_but_dates():
    columns = COLUMNS | {"when": [f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)]}
    asked = []

    def is_leak(name):
        asked.append(name)
        return name == "b"

    schema = assigned(columns, RoleKeys(keep=("w",)), is_leak=is_leak)
    assert schema.dropped == (("b", "equals the target"),)
    assert asked == ["a", "b", "team"]  # neither the one that is kept nor the date


def test_doubtful_columns_come_back_where_no_other_is_left():
    schema = assigned({"a": list(range(ROWS)), "c": ["x"] * ROWS, "y": TARGET}, RoleKeys())
    assert [(c.name, c.detail) for c in schema.inputs] == [("a", "doubtful: identifier (counts the rows)")]
    assert schema.dropped == (("c", "every row holds the same value"),)


@pytest.mark.parametrize("role", ["weight", "group", "time", "split"])
def test_a_column_with_a_role_must_be_there(role):
    with pytest.raises(DataError, match=rf"{role} column 'gone' is absent"):
        assigned(COLUMNS, RoleKeys(**{role: "gone"}))
    with pytest.raises(DataError, match="column 'gone' is absent"):
        assigned(COLUMNS, RoleKeys(keep=("gone",)))


def test_group_and_time_at_once():
    with pytest.raises(ConfigError) as caught:
        RoleKeys(group="team", time="when")
    assert str(caught.value) == (
        "group 'team' and time 'when' ask for two different splits; expected one of the two\n"
        "  fix: leave time out to keep groups together, or group to validate on the last rows"
    )


WORDS = {
    "train and test": (["train", "test"], True),
    "many spellings": (["Training", "VAL ", "testing"], True),
    "no training": (["valid", "test"], False),
    "training alone": (["train"], False),
    "other words": (["train", "test", "tset"], False),
    "gaps": (["train", "test", None], False),
    "numbers": ([0, 1, 2], False),
}


@pytest.mark.parametrize("case", WORDS)
def test_words_of_a_split(case):
    values, expected = WORDS[case]
    assert holds_split_words(read(pl.DataFrame({"a": values * 4})).column("a")) is expected


GUESSED = {
    "usual": (["a", "Target", "b"], "Target"),
    "the most usual": (["class", "label", "b"], "label"),
    "several": (["target_0", "a", "target_1", "target_x"], ("target_0", "target_1")),
    "the last": (["a", "b"], "b"),
    "but for weights and splits": (["a", "b", "weight", "split"], "b"),
}


@pytest.mark.parametrize("case", GUESSED)
def test_a_target_is_guessed_by_its_name_or_its_place(case):
    names, expected = GUESSED[case]
    table = read({name: np.arange(3) for name in names})
    assert guess_target(table) == default_target(table, None) == default_target(table, "binary") == expected


def test_cells_are_no_guess_where_something_stands_beside_them():
    images = np.zeros((4, 4, 4), np.uint8)
    assert guess_target(read(images, y=[0, 1, 0, 1])) == "target"
    with pytest.raises(DataError, match="the images have no labels"):
        guess_target(read(images))
    check_labeled(read(images), "image")
    with pytest.raises(DataError, match="the images have no labels"):
        check_labeled(read(images), "label")


def test_nothing_to_predict():
    with pytest.raises(DataError, match="there is no column to predict\n  fix: name the target"):
        guess_target(read({"weight": [1.0], "split": [2]}))


def test_names_of_targets():
    table = read({"a": [1], "0": [2]})
    assert target_names(table, "a", task=None) == ("a",)
    assert target_names(table, 0, task=None) == ("0",)
    assert target_names(table, ["a", 0], task=None) == ("a", "0")
    assert target_names(table, (), task="language") == ()
    with pytest.raises(ConfigError, match="target is the name of a column; got list"):
        target_names(table, [1.5], task=None)
    with pytest.raises(DataError, match="target column 'b' is absent"):
        target_names(table, ["a", "b"], task="language")
    assert names_of("id") == names_of(["id"]) == ("id",)
    assert quoted("y") == "'y'" and quoted(("u", "v")) == "'u', 'v'"
