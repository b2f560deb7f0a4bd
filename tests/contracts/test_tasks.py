"""What every task keeps: roles, fit, JSON, restore, equal targets; objective, predictions, checks."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from tests.casting import fit_target
from tests.contracts.samples import NUMBERS, ROWS, TARGETS, task_sample

from lamina.core.errors import ArtifactError, ConfigError, DataError
from lamina.core.inputs import TableInputs
from lamina.core.keys import flat, make_keys
from lamina.data import AbstractTable, Finding, Schema, read
from lamina.data.schema import TARGET_KINDS
from lamina.modalities import Subject
from lamina.modalities.blocks import Encoders, blocks_of, claimed
from lamina.tasks import TASKS, AbstractTarget, AbstractTask, Roles, choose_task, task_named
from lamina.tasks.audit import ask, cast_roles
from lamina.tasks.base import RoleKeys, TaskGroup
from lamina.tasks.registry import needs_target

NAMES = [name for name in TASKS if isinstance(TASKS[name], AbstractTask)]
GROUPS = [name for name in TASKS if isinstance(TASKS[name], TaskGroup)]
every = pytest.mark.parametrize("name", NAMES)
TRAINING = np.arange(40)


def sample(name: str) -> tuple[AbstractTask, AbstractTable, Schema]:
    """A task, a table that it learns from, and the roles of its columns."""
    task, (table, targets) = task_named(name), task_sample(name)
    return task, table, task.roles(claimed(table), Roles(targets, RoleKeys()))


def fitted(name: str, rows: np.ndarray = TRAINING) -> AbstractTarget:
    task, table, schema = sample(name)
    return fit_target(task, table, schema, rows)


def decoded_by(name: str, **keys: Any) -> tuple[Any, np.ndarray]:
    """The objective of a task, and the decoded outputs of a network that knows nothing."""
    task, target = task_named(name), fitted(name)
    objective = task.objective(TableInputs(3), target, make_keys(task.keys, keys))
    outputs = np.random.default_rng(0).normal(size=(ROWS, objective.out_features)).astype(np.float32)
    return objective, target.in_unit(np.asarray(objective.decode(outputs), np.float64))


def test_every_task_has_a_sample():
    assert set(TARGETS) == set(NAMES) and len(TASKS) == len(NAMES) + len(GROUPS)


@every
def test_it_is_registered_under_its_name(name: str):
    task = TASKS[name]
    assert task.name == name and task_named(name) is task
    assert task.summary and not task.summary.endswith(".")
    assert task.target_kind in TARGET_KINDS
    assert task.needs_target == needs_target(name)


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_names_tasks_and_one_of_them_is_taken(name: str):
    group = TASKS[name]
    assert group.name == name and set(group.among) <= set(NAMES)
    with pytest.raises(ConfigError, match=rf"'{name}' is several tasks; expected one of {group.among[0]}, "):
        task_named(name)
    for other in group.among:
        assert choose_task(name, *task_sample(other)) == (TASKS[other], None)
    others = [other for other in NAMES if other not in group.among]
    assert {choose_task(name, *task_sample(other))[0].name for other in others} <= {group.among[-1]}


@every
def test_its_keys_are_a_frozen_dataclass_with_meanings(name: str):
    keys = task_named(name).keys
    assert keys.__dataclass_params__.frozen
    assert all(field.metadata["meaning"] for field in dataclasses.fields(keys))
    assert make_keys(keys, flat(keys())) == keys()


@every
def test_its_verbs_are_commands(name: str):
    for word, verb in task_named(name).verbs.items():
        assert word.isidentifier() and verb.summary and callable(verb.run)
        assert verb.keys.__dataclass_params__.frozen


@every
def test_it_suits_its_own_sample_and_is_chosen(name: str):
    table, targets = task_sample(name)
    suiting = [other for other in NAMES if task_named(other).suits(table, targets)]
    assert suiting == [name]
    task, suit = choose_task(None, table, targets)
    assert task.name == name and name in suit.reason
    assert choose_task(name, table, targets) == (task, None)


@every
def test_roles(name: str):
    task, table, schema = sample(name)
    targets = task_sample(name)[1]
    assert schema.task == name and schema.target_kind == task.target_kind
    assert schema.targets == targets and [column.name for column in schema.inputs] == ["a", "b", "c"]
    assert schema.dropped == () and set(schema.roles.values()) == {None}
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema
    given = Roles(targets, RoleKeys(weight="a", drop=("b",)))
    other = task.roles(claimed(table), given)
    assert [column.name for column in other.inputs] == ["c"] and other.weight == "a"
    with pytest.raises(DataError, match="group column 'team' is absent"):
        task.roles(claimed(table), Roles(targets, RoleKeys(group="team")))
    assert cast_roles(table, targets, ask({"task": name})).schema == schema


@every
def test_a_column_that_equals_the_target_is_left_out(name: str):
    targets, given = task_sample(name)[1], TARGETS[name]
    copies = {f"copy {i}": given if given.ndim == 1 else given[:, i] for i in range(len(targets))}
    columns = {"a": NUMBERS[:, 0], "b": NUMBERS[:, 1], **copies}
    leaking = read(columns, y=given)
    schema = task_named(name).roles(claimed(leaking), Roles(targets, RoleKeys()))
    assert {column for column, _ in schema.dropped} == set(copies)


@every
def test_its_checks_yield_findings_and_none_that_matter_of_good_targets(name: str):
    task, table, schema = sample(name)
    subject = Subject(table, schema)
    found = [*task.check(subject), *task.check(subject, table)]
    assert all(isinstance(finding, Finding) for finding in found)
    assert not [finding for finding in found if finding.level != "note"]


@every
def test_missing_targets_are_said_of_both_tables(name: str):
    task, _, schema = sample(name)
    values = TARGETS[name].astype(object)
    values[3] = None
    numbers = values.ndim == 2 or not isinstance(values[0], str)
    table = read(NUMBERS, y=values.astype(float) if numbers else values, names=["a", "b", "c"])
    for found in (task.check(Subject(table, schema)), task.check(Subject(table, schema), table)):
        findings = [*found]
        assert findings and all("missing" in finding.code for finding in findings)
        assert all("row 3" in finding.where for finding in findings)
    strict = [*task.check(Subject(table, schema, strict=True))]
    assert {(finding.level, finding.code) for finding in strict} == {("error", "nan")}


@every
@pytest.mark.parametrize("rows", [None, np.array([7, 0, 59, 7])], ids=["all rows", "some rows"])
def test_a_restored_target_gives_equal_arrays(name: str, rows: np.ndarray | None):
    task, table, _ = sample(name)
    target = fitted(name)
    again = task.restore(json.loads(json.dumps(target.to_json(), allow_nan=False)), "target")
    assert type(again) is type(target) and again.to_json() == target.to_json()
    assert (again.names, again.labels, again.unit) == (target.names, target.labels, target.unit)
    found, expected = again.transform(table, rows), target.transform(table, rows)
    assert found.dtype == expected.dtype and found.dtype in (np.float32, np.int32)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(again.measured(table), target.measured(table))
    whole = target.transform(table)
    assert len(whole) == ROWS and np.isfinite(whole).all()
    np.testing.assert_array_equal(expected, whole if rows is None else whole[rows])


@every
def test_it_learns_from_the_training_rows_alone(name: str):
    task, table, schema = sample(name)
    part = fit_target(task, table.take(TRAINING), schema, np.arange(len(TRAINING)))
    assert part.to_json() == fitted(name).to_json()


@every
def test_a_damaged_target_is_refused_with_its_place(name: str):
    stored = json.loads(json.dumps(fitted(name).to_json()))
    without = [{n: value for n, value in stored.items() if n != field} for field in stored]
    changed = [{**stored, field: {"a": []}} for field in stored]
    for other in [*without, *changed, {**stored, "more": 1}, {**stored, "names": []}, None, [], "text", 3]:
        with pytest.raises(ArtifactError) as caught:
            task_named(name).restore(other, "target")
        assert caught.value.where.startswith("target")


@every
def test_a_target_that_is_absent_is_refused(name: str):
    table, targets = task_sample(name)
    with pytest.raises(DataError, match=f"target column '{targets[-1]}' is absent"):
        fitted(name).transform(table.drop([targets[-1]]))


@every
def test_examples_are_rows_with_their_weights(name: str):
    task, table, schema = sample(name)
    weighted = dataclasses.replace(schema, weight="a")
    blocks = blocks_of(schema)
    made = {b.name: b.modality.fit(table, b, TRAINING, b.modality.keys()) for b in blocks}
    encoder, target, rows = Encoders(blocks, made), fitted(name), np.array([5, 2, 9])
    examples = task.examples(table, schema, encoder, target, rows)
    assert examples.count == 3 and examples.bucket is None
    assert set(examples.arrays) == {"x", "y", "weight"}
    np.testing.assert_array_equal(examples.arrays["y"], target.transform(table, rows))
    np.testing.assert_array_equal(examples.arrays["x"]["numeric"], encoder.transform(table, rows)["numeric"])
    assert examples.arrays["weight"].dtype == np.float32
    assert examples.arrays["weight"].tolist() == [1.0, 1.0, 1.0]
    assert task.weighted(examples, target, task.keys()) == examples
    heavy = task.examples(table, weighted, encoder, target, rows)
    np.testing.assert_array_equal(heavy.arrays["weight"], NUMBERS[rows, 0].astype(np.float32))


@every
def test_its_objective_fits_its_targets(name: str):
    task, table, _ = sample(name)
    target = fitted(name)
    objective, decoded = decoded_by(name)
    assert objective.out_features > 0 and objective.parts and objective.monitor
    assert hash(objective) == hash(task.objective(TableInputs(3), target, task.keys()))
    assert len(decoded) == ROWS and np.isfinite(decoded).all()
    found = objective.metrics(decoded, target.measured(table))
    assert found and all(np.isfinite(value) for value in found.values())
    intervals = objective.intervals(decoded, target.measured(table))
    assert set(intervals) <= set(found)
    assert all(low <= found[metric] <= high for metric, (low, high) in intervals.items())
    score = objective.score.measure(target.measured(table), decoded, None)
    assert np.isfinite(score) and objective.score.name


@every
def test_its_predictions_have_one_value_a_row(name: str):
    task, target = task_named(name), fitted(name)
    objective, decoded = decoded_by(name)
    plain = target.predictions(objective.point(decoded))
    assert plain.shape == ((ROWS,) if len(target.names) == 1 else (ROWS, len(target.names)))
    prediction = task.predict(decoded, task_sample(name)[0], objective, target)
    assert prediction.files == {} and prediction.columns
    for column in (*prediction.columns.values(), *prediction.probabilities.values()):
        assert column.shape == (ROWS,)
    for column in prediction.probabilities.values():
        assert (column >= 0).all() and (column <= 1).all()
    names = [*prediction.columns, *prediction.probabilities]
    assert len(names) == len(set(names))
    first = np.stack([*prediction.columns.values()][: len(target.names)], axis=1)
    np.testing.assert_array_equal(first.reshape(plain.shape), plain)
    if target.labels:
        assert set(plain.tolist()) <= set(target.labels)


@every
def test_sure_predictions_are_the_targets_as_they_were_given(name: str):
    target, given = fitted(name), TARGETS[name]
    measured = target.measured(task_sample(name)[0])
    sure = np.eye(len(target.labels))[measured] if target.labels else measured.astype(np.float64)
    found = target.predictions(sure)
    assert found.dtype.kind == given.dtype.kind
    if given.dtype.kind == "U":
        np.testing.assert_array_equal(found, given)
    else:
        np.testing.assert_allclose(found, given, rtol=1e-6)


@every
def test_every_row_has_a_caption(name: str):
    target = fitted(name)
    captions = [target.caption(value) for value in target.measured(task_sample(name)[0])]
    assert all(isinstance(caption, str) and caption for caption in captions)
    assert len(set(captions)) > 1
    if target.labels:
        assert set(captions) == set(map(str, target.labels))
