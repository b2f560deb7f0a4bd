"""Which task is taken: by its name, by a group's, or by the targets."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import ConfigError, DataError
from lamina.data import AbstractTable, read
from lamina.tasks import TASKS, AbstractTask, choose_task, task_named
from lamina.tasks.base import Suit, TaskGroup
from lamina.tasks.registry import needs_target

ROWS = 60
COLUMNS = {
    "a": np.arange(ROWS) ** 1.5,
    "two": np.array(["u", "v"] * 30),
    "three": np.array(["u", "v", "w"] * 20),
    "flag": np.array([0, 1] * 30),
    "other": np.array([1, 1, 0] * 20),
    "number": np.sin(np.arange(ROWS)),
}


@pytest.fixture
def table() -> AbstractTable:
    return read(COLUMNS)


GUESSED = {
    ("two",): ("binary", ""),
    ("three",): ("multiclass", ""),
    ("number",): ("regression", ""),
    ("flag",): ("binary", ""),
    ("flag", "other"): ("multilabel", ""),
    ("flag", "number"): ("regression", ""),
}


@pytest.mark.parametrize("targets", GUESSED, ids=" ".join)
def test_the_targets_choose_where_nobody_did(table, targets):
    name, fix = GUESSED[targets]
    task, suit = choose_task(None, table, targets)
    assert task.name == name
    assert suit == Suit(f"the values of the target ask for {name}", fix)


def test_a_name_is_taken_at_its_word(table):
    for name in ("binary", "regression"):
        assert choose_task(name, table, ["three"]) == (TASKS[name], None)


@pytest.mark.parametrize(
    ("targets", "name"),
    [
        (["two"], "binary"),
        (["three"], "multiclass"),
        (["flag", "other"], "multilabel"),
        (["a"], "multiclass"),
    ],
)
def test_a_group_takes_the_first_that_suits_else_its_last(table, targets, name):
    assert choose_task("classification", table, targets)[0].name == name


def test_names_that_are_not_there(table):
    with pytest.raises(ConfigError, match=r"unknown task 'binry' \(did you mean 'binary'\?\)"):
        choose_task("binry", table, ["two"])
    with pytest.raises(ConfigError) as caught:
        task_named("classification")
    assert str(caught.value) == (
        "'classification' is several tasks; expected one of binary, multilabel, multiclass"
    )


def test_without_a_target_the_task_has_to_be_named(table):
    with pytest.raises(ConfigError) as caught:
        choose_task(None, table, [])
    assert str(caught.value).startswith("there is no target, so the task has to be named")
    assert caught.value.fix == "name it: task="


def test_the_first_who_knows_why_not_says_so():
    table = read({"a": [1.0, 2.0], "when": np.array(["2024-01-01", "2024-01-02"], "datetime64[D]")})
    with pytest.raises(DataError, match="column 'when': a date cannot be predicted as it is"):
        choose_task(None, table, ["when"])


def test_targets_that_suit_nobody(table, monkeypatch):
    for name in TASKS:
        if isinstance(TASKS[name], AbstractTask):
            monkeypatch.setattr(type(TASKS[name]), "suits", lambda self, table, targets: None)
    with pytest.raises(DataError, match="<frame>, column 'two': no task suits the target"):
        choose_task(None, table, ["two"])


def test_who_needs_a_target():
    table, text = read({"a": [1, 2], "y": [0, 1]}), read({"text": ["one text " * 100]})
    assert needs_target(None, table) and not needs_target(None, text)
    assert needs_target("classification", text) and needs_target("regression", table)
    assert isinstance(TASKS["classification"], TaskGroup)
    with pytest.raises(ConfigError):
        needs_target("regresion", table)
