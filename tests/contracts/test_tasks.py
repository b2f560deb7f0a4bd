"""What every task keeps: roles, fit, JSON, restore, equal targets; objective, predictions, checks."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import jax
import numpy as np
import pytest
from tests.contracts.samples import ROWS, TASK_SAMPLES, TaskSample

from lamina.core.errors import ArtifactError, ConfigError, DataError
from lamina.core.keys import flat, make_keys
from lamina.data import AbstractTable, Finding, Schema
from lamina.data.schema import CLASSES, TARGET_KINDS
from lamina.modalities import Learned, Subject
from lamina.modalities.blocks import Encoders, blocks_of, claimed
from lamina.tasks import TASKS, AbstractTarget, AbstractTask, Roles, choose_task, task_named
from lamina.tasks.audit import ask, cast_roles
from lamina.tasks.base import RoleKeys, TaskGroup
from lamina.tasks.registry import needs_target

NAMES = [name for name in TASKS if isinstance(TASKS[name], AbstractTask)]
GROUPS = [name for name in TASKS if isinstance(TASKS[name], TaskGroup)]
every = pytest.mark.parametrize("name", NAMES)
TRAINING = np.arange(40)


def sample(name: str) -> tuple[AbstractTask, TaskSample, Schema]:
    """A task, what it learns from, and the roles of the columns."""
    task, own = task_named(name), TASK_SAMPLES[name]
    return task, own, task.roles(claimed(own.table), Roles(own.targets, RoleKeys()))


def encoders(table: AbstractTable, schema: Schema, rows: np.ndarray) -> Encoders:
    """The encoders of the inputs."""
    blocks = blocks_of(schema)
    return Encoders(blocks, {b.name: b.modality.fit(table, b, rows, b.modality.keys()) for b in blocks})


def fitted_to(name: str, table: AbstractTable, rows: np.ndarray) -> AbstractTarget:
    task, _, schema = sample(name)
    learned = Learned(table, schema, encoders(table, schema, rows), rows, task.wants)
    return task.fit(learned, task.keys())


def fitted(name: str) -> AbstractTarget:
    return fitted_to(name, TASK_SAMPLES[name].table, TRAINING)


def decoded_by(name: str) -> tuple[Any, np.ndarray]:
    """The objective of a task, and the decoded outputs of a network that knows nothing."""
    task, own, schema = sample(name)
    target = fitted(name)
    objective = task.objective(encoders(own.table, schema, TRAINING).inputs, target, task.keys())
    shape = (ROWS, *own.positions, objective.out_features)
    outputs = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return objective, target.in_unit(np.asarray(objective.decode(outputs), objective.decoded_type))


def test_every_task_has_a_sample():
    assert set(TASK_SAMPLES) == set(NAMES) and len(TASKS) == len(NAMES) + len(GROUPS)


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
        own = TASK_SAMPLES[other]
        assert choose_task(name, own.table, own.targets) == (TASKS[other], None)


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
    own = TASK_SAMPLES[name]

    def suits(other: str) -> bool:
        try:
            return task_named(other).suits(own.table, own.targets) is not None
        except DataError:
            return False

    assert next(other for other in NAMES if suits(other)) == name  # the first one is taken
    task, suit = choose_task(None, own.table, own.targets)
    assert task.name == name and suit.reason
    assert choose_task(name, own.table, own.targets) == (task, None)


@every
def test_roles(name: str):
    task, own, schema = sample(name)
    assert schema.task == name and schema.target_kind == task.target_kind
    assert schema.targets == own.targets
    assert tuple(column.name for column in schema.inputs) == own.inputs
    assert set(schema.roles.values()) == {None}
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema
    other = task.roles(claimed(own.table), Roles(own.targets, RoleKeys(weight=own.spare)))
    assert other.weight == own.spare
    assert own.spare not in {*(column.name for column in other.inputs), *(n for n, _ in other.dropped)}
    with pytest.raises(DataError, match="group column 'team' is absent"):
        task.roles(claimed(own.table), Roles(own.targets, RoleKeys(group="team")))
    assert cast_roles(own.table, own.targets, ask({"task": name})).schema == schema


@every
def test_its_checks_yield_findings_and_none_that_matter_of_good_targets(name: str):
    task, own, schema = sample(name)
    subject = Subject(own.table, schema)
    found = [*task.check(subject), *task.check(subject, own.table)]
    assert all(isinstance(finding, Finding) for finding in found)
    assert not [finding for finding in found if finding.level != "note"]


@every
@pytest.mark.parametrize("rows", [None, np.array([7, 0, 59, 7])], ids=["all rows", "some rows"])
def test_a_restored_target_gives_equal_arrays(name: str, rows: np.ndarray | None):
    task, own, _ = sample(name)
    target = fitted(name)
    again = task.restore(json.loads(json.dumps(target.to_json(), allow_nan=False)), "target")
    assert type(again) is type(target) and again.to_json() == target.to_json()
    assert (again.names, again.labels, again.unit) == (target.names, target.labels, target.unit)
    found, expected = again.transform(own.table, rows), target.transform(own.table, rows)
    assert found.dtype == expected.dtype and found.dtype in (np.float32, np.int32, np.uint8)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(again.measured(own.table), target.measured(own.table))
    whole = target.transform(own.table)
    assert len(whole) == ROWS and np.isfinite(whole).all()
    np.testing.assert_array_equal(expected, whole if rows is None else whole[rows])


@every
def test_it_learns_from_the_training_rows_alone(name: str):
    part = fitted_to(name, TASK_SAMPLES[name].table.take(TRAINING), np.arange(len(TRAINING)))
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
    own = TASK_SAMPLES[name]
    with pytest.raises(DataError, match=f"target column '{own.targets[-1]}' is absent"):
        fitted(name).transform(own.table.drop([own.targets[-1]]))


@every
def test_examples_are_rows_with_their_weights(name: str):
    task, own, schema = sample(name)
    encoder, target, rows = encoders(own.table, schema, TRAINING), fitted(name), np.array([5, 2, 9])
    examples = task.examples(own.table, schema, encoder, target, rows)
    assert examples.count == 3
    assert set(examples.arrays) == {"x", "y", "weight"}
    np.testing.assert_array_equal(examples.arrays["y"], target.transform(own.table, rows))
    jax.tree.map(np.testing.assert_array_equal, examples.arrays["x"], encoder.transform(own.table, rows))
    assert examples.arrays["weight"].dtype == np.float32
    assert examples.arrays["weight"].tolist() == [1.0, 1.0, 1.0]
    assert task.weighted(examples, target, task.keys()) == examples
    weighted = dataclasses.replace(schema, weight=own.spare)
    heavy = task.examples(own.table, weighted, encoder, target, rows)
    expected = own.table.scalar(own.spare).numbers()[rows].astype(np.float32)
    np.testing.assert_array_equal(heavy.arrays["weight"], expected)


@every
def test_its_objective_fits_its_targets(name: str):
    own, target = TASK_SAMPLES[name], fitted(name)
    objective, decoded = decoded_by(name)
    assert objective.out_features > 0 and objective.parts and objective.monitor
    assert objective == decoded_by(name)[0] and hash(objective) == hash(decoded_by(name)[0])
    assert len(decoded) == ROWS and (decoded.dtype.names or np.isfinite(decoded).all())
    measured = target.measured(own.table)
    found = objective.metrics(decoded, measured)
    assert found and all(np.isfinite(value) for value in found.values())
    weights = own.table.scalar(own.spare).numbers()
    assert set(objective.metrics(decoded, measured, weights)) == set(found)
    intervals = objective.intervals(decoded, measured)
    assert set(intervals) <= set(found)
    assert all(low <= found[metric] <= high for metric, (low, high) in intervals.items())
    assert objective.score.name and np.isfinite(objective.score.measure(measured, decoded, None))


@every
def test_its_predictions_have_one_value_a_row(name: str):
    task, own, _ = sample(name)
    target = fitted(name)
    objective, decoded = decoded_by(name)
    plain = target.predictions(objective.point(decoded))
    assert len(plain) == ROWS
    prediction = task.predict(decoded, own.table, objective, target)
    columns = {**prediction.columns, **prediction.probabilities}
    assert prediction.columns and len(columns) == len(prediction.columns) + len(prediction.probabilities)
    assert all(column.shape == (ROWS,) for column in columns.values())
    assert all(((column >= 0) & (column <= 1)).all() for column in prediction.probabilities.values())
    if task.writes_files:
        assert len(prediction.files) == ROWS and all(prediction.files.values())
        assert {*prediction.files} in [{*column.tolist()} for column in prediction.columns.values()]
    else:
        assert prediction.files == {}
        first = np.stack([*prediction.columns.values()][: len(target.names)], axis=1)
        np.testing.assert_array_equal(first.reshape(plain.shape), plain)


@every
def test_every_row_has_a_caption(name: str):
    task, own, _ = sample(name)
    target = fitted(name)
    captions = [target.caption(value) for value in target.measured(own.table)]
    assert all(isinstance(caption, str) for caption in captions)
    if task.target_kind == CLASSES:
        assert set(captions) == set(map(str, target.labels))
