"""What every task keeps: roles, fit, JSON, restore, equal targets; objective, predictions, checks."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import pytest
from tests.contracts.samples import ROWS, TASK_SAMPLES, TaskSample

from lamina.core.errors import ArtifactError, ConfigError, DataError
from lamina.core.keys import flat, make_keys
from lamina.core.shared_arrays import has_common, of_examples
from lamina.core.wanted import EACH, NEXT, ONE
from lamina.data import AbstractTable, Finding, Schema
from lamina.data.schema import CLASSES, TARGET_KINDS
from lamina.data.split import SplitKeys
from lamina.modalities import Learned, Subject
from lamina.modalities.base import Block, Situation
from lamina.modalities.blocks import Encoders, blocks_of, claimed
from lamina.models import build
from lamina.tasks import TASKS, AbstractTarget, AbstractTask, Roles, choose_task, task_named
from lamina.tasks.audit import ask, cast_roles
from lamina.tasks.base import AbstractSelector, RoleKeys, TaskGroup
from lamina.tasks.guide import wanted
from lamina.tasks.registry import asking_order, needs_target

NAMES = [name for name in TASKS if isinstance(TASKS[name], AbstractTask)]
GROUPS = [name for name in TASKS if isinstance(TASKS[name], TaskGroup)]
BY_ROW = [name for name in NAMES if TASKS[name].needs_target and TASKS[name].predicts]
OTHERS = [name for name in NAMES if name not in BY_ROW]
every = pytest.mark.parametrize("name", NAMES)
by_row = pytest.mark.parametrize("name", BY_ROW)  # tasks with one example and one prediction a row
other = pytest.mark.parametrize("name", OTHERS)
TRAINING = np.arange(40)


def sample(name: str) -> tuple[AbstractTask, TaskSample, Schema]:
    """A task, what it learns from (as it selects it), and the roles of the columns."""
    task, own = task_named(name), TASK_SAMPLES[name]
    schema = task.roles(claimed(own.table), Roles(own.targets, RoleKeys()))
    if not isinstance(task, AbstractSelector):
        return task, own, schema
    selection = task.select(own.table, schema, SplitKeys(), task.keys())
    return task, dataclasses.replace(own, table=selection.table), schema


def encoders(table: AbstractTable, schema: Schema, rows: np.ndarray) -> Encoders:
    """The encoders of the inputs, as the task reads them."""
    blocks, task = blocks_of(schema), task_named(schema.task)
    reading = task.guide.reading(claimed(table), schema, task.keys())
    return Encoders(blocks, {b.name: b.modality.fit(table, b, rows, keys_of(b, reading)) for b in blocks})


def keys_of(block: Block, reading: Mapping[str, Any]) -> Any:
    kind = block.modality.keys
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in reading.items() if name in names})


def fitted_to(name: str, table: AbstractTable, rows: np.ndarray) -> AbstractTarget:
    task, _, schema = sample(name)
    learned = Learned(table, schema, encoders(table, schema, rows), rows, task.wants)
    return task.fit(learned, task.keys())


def fitted(name: str) -> AbstractTarget:
    return fitted_to(name, sample(name)[1].table, TRAINING)


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
    assert task.needs_target == needs_target(name, TASK_SAMPLES[name].table)


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
    if not task_named(name).suits(own.table, own.targets):
        assert name in OTHERS  # only on request
        return

    def suits(other: str) -> bool:
        if not own.targets and task_named(other).needs_target:
            return False
        try:
            return task_named(other).suits(own.table, own.targets) is not None
        except DataError:
            return False

    asked = [other for other in asking_order() if other in NAMES]
    assert next(other for other in asked if suits(other)) == name  # the first one is taken
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
    if own.spare:
        weighted = task.roles(claimed(own.table), Roles(own.targets, RoleKeys(weight=own.spare)))
        assert weighted.weight == own.spare
        inputs = {column.name for column in weighted.inputs}
        assert own.spare not in {*inputs, *(n for n, _ in weighted.dropped)}
    with pytest.raises(DataError, match="group column 'team' is absent"):
        task.roles(claimed(own.table), Roles(own.targets, RoleKeys(group="team")))
    whole = TASK_SAMPLES[name].table
    assert cast_roles(whole, own.targets, ask({"task": name})).schema == schema


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
    assert len(whole) == own.table.height and np.isfinite(whole).all()
    np.testing.assert_array_equal(expected, whole if rows is None else whole[rows])


@every
def test_it_learns_from_the_training_rows_alone(name: str):
    part = fitted_to(name, sample(name)[1].table.take(TRAINING), np.arange(len(TRAINING)))
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


@by_row
def test_a_target_that_is_absent_is_refused(name: str):
    own = TASK_SAMPLES[name]
    with pytest.raises(DataError, match=f"target column '{own.targets[-1]}' is absent"):
        fitted(name).transform(own.table.drop([own.targets[-1]]))


@by_row
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


@by_row
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
    points = objective.point(decoded)
    assert objective.score.name and np.isfinite(objective.score.measure(measured, points, None))


@by_row
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


@by_row
def test_every_row_has_a_caption(name: str):
    task, own, _ = sample(name)
    target = fitted(name)
    captions = [target.caption(value) for value in target.measured(own.table)]
    assert all(isinstance(caption, str) for caption in captions)
    if task.target_kind == CLASSES:
        assert set(captions) == set(map(str, target.labels))


@other
def test_without_predictions_of_rows_it_has_verbs_that_say_what_to_type(name: str):
    task = task_named(name)
    assert task.predicts or task.verbs
    for verb in task.verbs.values():
        names = [field.name for field in dataclasses.fields(verb.keys)]
        if verb.asked:
            asked = {verb.asked: " a, b "}
            assert verb.asked in names and verb.made(asked) == verb.keys(**asked)


@other
def test_its_split_parts_the_rows(name: str):
    task, own, schema = sample(name)
    if not isinstance(task, AbstractSelector):
        return
    keys = SplitKeys(valid=0.2, test=0.2)
    selection = task.select(TASK_SAMPLES[name].table, schema, keys, task.keys())
    if selection.split is None:
        return
    assert selection.rule
    parts = selection.split(keys, 0)
    together = np.concatenate([parts.train, parts.valid, parts.test])
    np.testing.assert_array_equal(np.sort(together), np.arange(own.table.height))
    assert parts.train.size and parts.valid.size and parts.test.size


@other
def test_its_objective_learns_from_its_examples_and_measures_what_is_asked(name: str):
    task, own, schema = sample(name)
    encoder, target = encoders(own.table, schema, TRAINING), fitted(name)
    objective = task.objective(encoder.inputs, target, task.keys())
    assert objective.out_features > 0 and objective.parts and objective.monitor
    assert objective == task.objective(encoder.inputs, target, task.keys())
    examples = task.examples(own.table, schema, encoder, target, TRAINING)
    assert {len(leaf) for leaf in of_examples(examples.arrays)} == {examples.count}
    assert task.weighted(examples, target, task.keys()) == examples
    asked = task.examiner.asked(own.table, schema, encoder, target)
    assert len(asked.targets) == len(jax.tree.leaves(asked.x)[0])

    def zeros(x: Any, **_: Any) -> Any:
        shape = x["at"].shape if has_common(x) else jax.tree.leaves(x)[0].shape[:2]
        return jax.numpy.zeros((*shape, objective.out_features))

    inputs = task.guide.inputs(encoder.inputs, target)
    model: Any = zeros
    if wanted(task, target) not in (ONE, EACH, NEXT):
        situation = Situation(
            inputs, len(TRAINING), schema.target_kind, wants=wanted(task, target), keys=task.keys()
        )
        name = task.guide.choose(situation, encoder.blocks, target).model
        model = build(name, inputs=inputs, outputs=objective.out_features, size=8, wants=wanted(task, target))
    decoded = np.asarray(objective.answer(model, asked.x), objective.decoded_type)
    found = objective.metrics(decoded, asked.targets, asked.weights)
    assert found and all(np.isfinite(value) for value in found.values())
    intervals = objective.intervals(decoded, asked.targets, asked.weights)
    assert all(low <= found[metric] <= high for metric, (low, high) in intervals.items())
    assert np.isfinite(objective.score.measure(asked.targets, decoded, None))
