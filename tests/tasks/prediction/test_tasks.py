"""What the four tasks of prediction share: leaks, gaps, and predictions in the type that was given."""

from __future__ import annotations

import numpy as np
import pytest
from tests.casting import cast, fit_target
from tests.contracts.samples import NUMBERS, TARGETS, TASK_SAMPLES

from lamina.data import read
from lamina.modalities import Subject
from lamina.modalities.blocks import claimed
from lamina.tasks import Roles, task_named
from lamina.tasks.base import RoleKeys

every = pytest.mark.parametrize("name", TARGETS)


@every
def test_the_reason_names_the_task(name: str):
    own = TASK_SAMPLES[name]
    suit = task_named(name).suits(own.table, own.targets)
    assert suit.reason == f"the values of the target ask for {name}" and suit.fix == ""


@pytest.mark.parametrize(
    ("values", "name", "other"),
    [([0, 1, 2] * 20, "multiclass", "regression"), ([*range(60)], "regression", "multiclass")],
)
def test_whole_numbers_could_ask_for_another_task(values: list[int], name: str, other: str):
    table = read({"a": np.arange(60.0) ** 1.5, "y": values})
    assert task_named(name).suits(table, ["y"]).fix == f"if that is wrong: task={other}"
    assert task_named(other).suits(table, ["y"]) is None
    assert cast(table, "y").suit.fix == f"if that is wrong: task={other}"


@every
def test_a_column_that_equals_the_target_is_left_out(name: str):
    targets, given = TASK_SAMPLES[name].targets, TARGETS[name]
    copies = {f"copy {i}": given if given.ndim == 1 else given[:, i] for i in range(len(targets))}
    columns = {"a": NUMBERS[:, 0], "b": NUMBERS[:, 1], **copies}
    leaking = read(columns, y=given)
    schema = task_named(name).roles(claimed(leaking), Roles(targets, RoleKeys()))
    assert dict(schema.dropped) == dict.fromkeys(copies, "equals the target")
    kept = task_named(name).roles(claimed(leaking), Roles(targets, RoleKeys(keep=tuple(copies))))
    assert kept.dropped == ()


@every
def test_missing_targets_are_said_of_both_tables(name: str):
    values = TARGETS[name].astype(object)
    values[3] = None
    numbers = values.ndim == 2 or not isinstance(values[0], str)
    table = read(NUMBERS, y=values.astype(float) if numbers else values, names=["a", "b", "c"])
    schema = cast(TASK_SAMPLES[name].table, TASK_SAMPLES[name].targets).schema
    task = task_named(name)
    for found in (task.check(Subject(table, schema)), task.check(Subject(table, schema), table)):
        findings = [*found]
        assert findings and {finding.code for finding in findings} == {"target-missing"}
        assert all("row 3" in finding.where for finding in findings)
    strict = [*task.check(Subject(table, schema, strict=True))]
    assert {(finding.level, finding.code) for finding in strict} == {("error", "nan")}


@every
def test_sure_predictions_are_the_targets_as_they_were_given(name: str):
    own, given = TASK_SAMPLES[name], TARGETS[name]
    found = cast(own.table, own.targets)
    target = fit_target(found.task, own.table, found.schema, np.arange(own.table.height))
    measured = target.measured(own.table)
    sure = np.eye(len(target.labels))[measured] if target.labels else measured.astype(np.float64)
    back = target.predictions(sure)
    assert back.dtype.kind == given.dtype.kind
    if given.dtype.kind == "U":
        np.testing.assert_array_equal(back, given)
    else:
        np.testing.assert_allclose(back, given, rtol=1e-6)
