"""What every modality keeps: claim, describe, fit, JSON, restore, equal arrays; checks, keys, choices."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import jax
import numpy as np
import pytest
from tests.casting import cast
from tests.contracts.samples import MODALITY_SAMPLES, ROWS

from lamina.core.errors import ArtifactError, DataError
from lamina.core.keys import flat, make_keys
from lamina.core.shared_arrays import of_examples
from lamina.data import AbstractTable, Finding, Schema, split_rows
from lamina.data.schema import CLASSES, FLAGS, NUMBERS
from lamina.modalities import (
    MODALITIES,
    AbstractEncoder,
    AbstractModality,
    Block,
    Learned,
    Situation,
    Subject,
)
from lamina.modalities.blocks import as_learned, claimed
from lamina.models import MODELS
from lamina.network.keys import PRESETS
from lamina.tasks import TASKS, AbstractTask
from lamina.train.config import TrainConfig

every = pytest.mark.parametrize("name", [*MODALITIES])
TRAINING = np.arange(40)


def sample(name: str, seed: int = 0) -> tuple[AbstractModality, AbstractTable, Schema, Block]:
    """A modality, a table of its columns, and the block that they make."""
    found = cast(MODALITY_SAMPLES[name](seed), "y")
    (block,) = found.blocks
    return MODALITIES[name], found.claims.table, found.schema, block


def fitted(name: str, rows: np.ndarray = TRAINING) -> AbstractEncoder:
    modality, table, _, block = sample(name)
    return modality.fit(table, block, rows, modality.keys())


def leaves(arrays: Any) -> list[np.ndarray]:
    """The arrays of a tree, those of a stream read."""
    found = jax.tree.leaves(arrays)
    return [leaf if isinstance(leaf, np.ndarray) else leaf.take(np.arange(len(leaf))) for leaf in found]


def own(arrays: Any) -> list[np.ndarray]:
    """The arrays of a tree whose first axis are the rows, which is all but what the rows share."""
    return leaves(of_examples(arrays))


def assert_equal(found: Any, expected: Any) -> None:
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_every_modality_has_a_sample():
    assert set(MODALITY_SAMPLES) == set(MODALITIES)


@every
def test_it_is_registered_under_its_name(name: str):
    modality = MODALITIES[name]
    assert isinstance(modality, AbstractModality) and modality.name == name
    assert modality.noun and modality.noun == modality.noun.lower().strip()
    assert set(modality.folds) <= set(PRESETS)
    assert all(count > 1 for count in modality.folds.values())


@every
def test_its_keys_are_a_frozen_dataclass_with_meanings(name: str):
    modality = MODALITIES[name]
    fields = dataclasses.fields(modality.keys)
    assert modality.keys.__dataclass_params__.frozen
    assert all(field.metadata["meaning"] for field in fields)
    assert set(modality.model_keys) <= {field.name for field in fields}


@every
def test_its_columns_are_claimed_by_it_and_by_nobody_before(name: str):
    modality, table, schema, _ = sample(name)
    claims = claimed(table)
    assert {claims.modalities[column.name] for column in schema.inputs} == {name}
    assert claims.table is table  # nothing is left to claim
    for column in schema.inputs:
        own = modality.claim(table.column(column.name), table)
        assert own is not None and len(own) == ROWS and own.name == column.name
        others = [MODALITIES[other] for other in MODALITIES if other != name]
        before = [other for other in others if other.takes_the_rest <= modality.takes_the_rest]
        assert not [o.name for o in before if o.claim(table.column(column.name), table) is not None]


@every
def test_it_describes_each_column_in_the_order_given(name: str):
    modality, table, schema, _ = sample(name)
    names = [column.name for column in schema.inputs][::-1]
    found = modality.describe(table, names, keep=())
    assert [description.name for description in found] == names
    kept = modality.describe(table, names, keep=names)
    for description in (*found, *kept):
        assert description.kind in modality.kinds and not description.reason
    assert all(column.modality == name for column in schema.inputs)
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@every
@pytest.mark.parametrize("rows", [None, np.array([7, 0, 59, 7])], ids=["all rows", "some rows"])
def test_a_restored_encoder_gives_equal_arrays(name: str, rows: np.ndarray | None):
    modality, table, _, block = sample(name)
    encoder = fitted(name)
    text = json.dumps({"modality": name, **encoder.to_json()}, allow_nan=False)
    again = modality.restore(json.loads(text), f"blocks.{block.name}")
    assert type(again) is type(encoder)
    assert again.columns == encoder.columns and again.inputs == encoder.inputs
    assert again.to_json() == encoder.to_json()
    for seed in (0, 1):
        table = MODALITY_SAMPLES[name](seed)
        assert_equal(again.transform(table, rows), encoder.transform(table, rows))


@every
def test_its_arrays_have_the_rows_first_and_hold_numbers(name: str):
    _, table, schema, _ = sample(name)
    encoder, rows = fitted(name), np.array([3, 3, 1])
    assert set(encoder.columns) == {column.name for column in schema.inputs}
    whole, some = encoder.transform(table), encoder.transform(table, rows)
    for array in leaves(whole):
        assert array.dtype in (np.float32, np.int32, np.uint8, bool) and np.isfinite(array).all()
    for array, part in zip(own(whole), own(some), strict=True):
        assert len(array) == ROWS
        np.testing.assert_array_equal(part, array[rows])
    none = encoder.transform(table, np.arange(0))
    assert [leaf.shape[1:] for leaf in own(none)] == [leaf.shape[1:] for leaf in own(whole)]
    assert all(len(leaf) == 0 for leaf in own(none))


@every
def test_it_learns_from_the_training_rows_alone(name: str):
    modality, table, _, block = sample(name)
    part = modality.fit(table.take(TRAINING), block, np.arange(len(TRAINING)), modality.keys())
    assert part.to_json() == fitted(name).to_json()
    assert fitted(name, np.arange(20, ROWS)).to_json() != part.to_json()


@every
def test_a_column_that_is_not_there_is_refused(name: str):
    _, table, schema, _ = sample(name)
    without = table.drop([column.name for column in schema.inputs])
    with pytest.raises(DataError):
        fitted(name).transform(as_learned(without, schema))


@every
def test_new_data_are_known_again(name: str):
    modality, table, schema, _ = sample(name)
    assert as_learned(table, schema).names == table.names
    new = MODALITY_SAMPLES[name](1)
    assert as_learned(new, schema).names == new.names
    for column in schema.inputs:
        assert modality.rejoin(new, column.name).names == new.names


@every
def test_its_checks_yield_findings_and_none_that_matter_of_good_data(name: str):
    modality, table, schema, block = sample(name)
    check = modality.check(Subject(table, schema), block, modality.keys())
    parts = split_rows(table, schema, seed=0, valid=0.2, test=0.1)
    other = as_learned(MODALITY_SAMPLES[name](1), schema)
    found = [*check.findings(), *check.across(parts), *check.second(other, parts)]
    assert all(isinstance(finding, Finding) for finding in found)
    assert {finding.level for finding in found} <= {"note"}
    same = [*check.second(table, parts)]
    assert [(finding.level, finding.code) for finding in same] == [("warning", "duplicates")]
    assert str(len(parts.train)) in same[0].message
    assert [*check.findings()] == [*modality.check(Subject(table, schema), block, modality.keys()).findings()]


@every
def test_its_training_rows_are_not_strange_and_none_is_left_out_unasked(name: str):
    modality, table, schema, block = sample(name)
    encoder = fitted(name, np.arange(ROWS))
    assert [*encoder.strange(table, encoder.transform(table))] == []
    assert not modality.check(Subject(table, schema), block, modality.keys()).left_out()
    new = MODALITY_SAMPLES[name](1)
    for found in encoder.strange(new, encoder.transform(new)):
        assert found.column in encoder.columns and found.code and found.words
        assert found.rows.size and (np.diff(found.rows) > 0).all() and found.rows[-1] < ROWS


def damaged(stored: dict[str, Any]) -> list[dict[str, Any]]:
    """The same document with each field away, of another type, and one too many."""
    without = [{name: v for name, v in stored.items() if name != field} for field in stored]
    return [*without, *({**stored, name: {"a": []}} for name in stored), {**stored, "more": 1}]


@every
def test_a_damaged_encoder_is_refused_with_its_place(name: str):
    stored = json.loads(json.dumps({"modality": name, **fitted(name).to_json()}))
    MODALITIES[name].restore(stored, "blocks.own")
    for changed in damaged(stored):
        with pytest.raises(ArtifactError) as caught:
            MODALITIES[name].restore(changed, "blocks.own")
        assert caught.value.where.startswith("blocks.own")
    for other in (None, 3, "text", [], {}):
        with pytest.raises(ArtifactError):
            MODALITIES[name].restore(other, "blocks.own")


def owned(model: str) -> set[str]:
    """The keys that a choice may set: of training, of any task, and of any modality."""
    tasks = [TASKS[task].keys for task in TASKS if isinstance(TASKS[task], AbstractTask)]
    kinds = [TrainConfig, *tasks, *(MODALITIES[name].keys for name in MODALITIES)]
    return {field.name for kind in kinds for field in dataclasses.fields(kind)}


@every
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("seconds", [None, 20.0])
@pytest.mark.parametrize(("kind", "classes"), [(CLASSES, 3), (FLAGS, 0), (NUMBERS, 0)])
def test_it_chooses_a_model_that_takes_its_inputs(
    name: str, preset: str, seconds: float | None, kind: str, classes: int
):
    modality, inputs = MODALITIES[name], fitted(name).inputs
    for examples in (40, 5_000, 2_000_000):
        situation = Situation(inputs, examples, kind, classes, preset, seconds)
        choice = modality.choose(situation)
        spec = MODELS[choice.model]
        assert isinstance(inputs, spec.takes) and choice.reason
        assert set(choice.options) <= {"size", "folds", "members", *spec.options}
        assert set(choice.keys) <= owned(choice.model)
        training = {f.name for f in dataclasses.fields(TrainConfig)}
        make_keys(TrainConfig, {n: value for n, value in choice.keys.items() if n in training})
        assert choice.variants and all(set(variant) <= set(spec.options) for variant in choice.variants)
        assert modality.choose(situation) == choice
        asked = modality.choose(dataclasses.replace(situation, model=choice.model))
        assert asked.model == choice.model and asked.reason == "you asked for it"


@every
def test_its_keys_are_settled_once_and_for_all(name: str):
    modality, table, schema, _ = sample(name)
    learned = Learned(table, schema, fitted(name), TRAINING)
    keys = modality.settle(modality.keys(), learned)
    assert type(keys) is modality.keys
    assert modality.settle(keys, learned) == keys
    assert make_keys(modality.keys, flat(keys)) == keys  # as config.toml holds them
    change = modality.augment(keys)
    assert change is None or callable(change)
