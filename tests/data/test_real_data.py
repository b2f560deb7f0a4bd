"""Real files: what they are taken for, and that nothing false is said about them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.casting import fit_target

from lamina.data import Schema, read, split_rows
from lamina.modalities.table.encoder import TableEncoder
from lamina.tasks import task_named
from lamina.tasks.audit import check

SETS = {
    # file, target: task, rows, numeric features, category features, codes of warnings, codes of errors
    ("adult/adult.csv.gz", "income"): ("binary", 48842, 6, 8, []),
    ("california_housing/california_housing.csv.gz", "MedHouseVal"): ("regression", 20640, 8, 0, []),
    ("wine_quality/winequality.csv.gz", "quality"): ("multiclass", 6497, 11, 1, ["duplicates"]),
    ("bike_sharing/hour.csv.gz", "cnt"): ("regression", 17379, 20, 0, ["identifier"]),
    ("diamonds/diamonds.csv.gz", "price"): ("regression", 53940, 6, 3, []),
    ("titanic/titanic.csv", "Survived"): ("binary", 891, 6, 4, ["identifier"]),
    ("ett/ETTh1.csv.gz", "OT"): ("regression", 17420, 16, 0, []),
}


@pytest.mark.parametrize(("name", "target"), SETS, ids=[name.split("/")[0] for name, _ in SETS])
def test_real_files(data_folder, name, target):
    task, rows, numeric, categories, warnings = SETS[name, target]
    path = str(data_folder / name)
    audit = check(path, target=target)
    assert not audit.errors
    assert [finding.code for finding in audit.warnings] == warnings
    schema = audit.schema
    assert schema.task == task
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema

    table = read(path)
    assert table.height == rows
    split = split_rows(table, schema, seed=0)
    own = [column for column in schema.inputs if column.modality == "table"]
    encoder = TableEncoder.fit(table, own, rows=split.train)
    arrays = encoder.transform(table)
    assert arrays["numeric"].shape == (rows, numeric)
    assert arrays["category"].shape == (rows, categories)
    assert np.isfinite(arrays["numeric"]).all()
    for codes, cardinality in zip(arrays["category"].T, encoder.inputs.cardinalities, strict=True):
        assert codes.min() >= 0
        assert codes.max() < cardinality
    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json()))).transform(table)
    for key, array in arrays.items():
        np.testing.assert_array_equal(array, again[key])
    target = fit_target(task_named(task), table, schema, split.train)
    assert len(target.transform(table)) == rows


def test_the_official_split_of_adult_is_found(data_folder):
    table = read(str(data_folder / "adult/adult.csv.gz"))
    schema = check(table, "income").schema
    split = split_rows(table, schema, seed=0)
    assert schema.split == "split"
    assert len(split.test) == 16281
    assert len(split.train) + len(split.valid) == 32561


def test_texts_alone_are_learned_from(data_folder):
    audit = check(str(data_folder / "banking77/train.csv"), "category")
    assert not audit.errors and not audit.warnings
    assert [column.kind for column in audit.schema.inputs] == ["text"]


@pytest.mark.parametrize("name", ["14_glass", "23_mammography", "32_shuttle", "4_breastw"])
def test_real_archives(data_folder, name):
    audit = check(str(data_folder / f"adbench/{name}.npz"))
    assert not audit.errors
    assert {finding.code for finding in audit.warnings} <= {"duplicates"}
    assert audit.schema.task == "binary"
