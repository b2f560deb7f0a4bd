"""Masks as arrays for training, and back; what an artifact may say of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lamina.core.errors import ArtifactError, DataError
from lamina.data import read
from lamina.objectives.instances import distance_maps
from lamina.tasks.segmentation.targets import ClassMaskTarget, InstanceTarget, restore_target

CLASSES = ClassMaskTarget("mask", 4, 6, (0, 7, 255))
INSTANCES = InstanceTarget("mask", 4, 6)


def folder_of(root: Path, *masks: np.ndarray) -> Any:
    """Images and masks in a folder, read as a table."""
    for name in ("images", "masks"):
        (root / name).mkdir(exist_ok=True)
    for number, mask in enumerate(masks):
        for name in ("images", "masks"):
            Image.fromarray(mask.astype(np.uint8)).save(root / name / f"{number}.png")
    return read(root)


def masks(values: list[int], count: int = 3) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [np.array(values)[random.integers(0, len(values), (4, 6))] for _ in range(count)]


def test_labels_become_codes_and_labels_again(tmp_path: Path):
    given = masks([0, 7, 255])
    codes = CLASSES.transform(folder_of(tmp_path, *given))
    assert codes.dtype == np.uint8 and set(np.unique(codes)) == {0, 1, 2}
    assert CLASSES.predictions(codes).tolist() == np.stack(given).tolist()
    assert (CLASSES.measured(read(tmp_path)) == codes).all() and CLASSES.labels == (0, 7, 255)
    assert CLASSES.caption(codes[0]) == ""
    some = np.array([2, 0])
    assert (CLASSES.transform(read(tmp_path), some) == codes[some]).all()


@pytest.mark.parametrize("label", [1, 8, 254])
@pytest.mark.parametrize("rows", [None, np.array([2, 1])])
def test_a_label_that_training_never_saw(tmp_path: Path, label: int, rows: np.ndarray | None):
    given = masks([0, 7, 255])
    given[1][2, 3] = label
    with pytest.raises(DataError) as caught:
        CLASSES.transform(folder_of(tmp_path, *given), rows)
    error = caught.value
    assert error.message == "label that training never saw in a mask" and error.received == label
    assert error.expected == "some of 0, 7, 255" and "1.png" in str(error.where)
    assert error.fix == "correct the mask, or train with masks of this label"


def test_instances_are_learned_as_maps_and_measured_as_they_are(tmp_path: Path):
    given = masks([0, 1, 2])
    table = folder_of(tmp_path, *given)
    learned = INSTANCES.transform(table)
    assert learned.dtype == np.uint8 and learned.shape == (3, 4, 6, 2)
    assert learned.tolist() == [distance_maps(mask).tolist() for mask in given]
    measured = INSTANCES.measured(table)
    assert measured.tolist() == np.stack(given).tolist() and INSTANCES.labels == ()
    assert INSTANCES.predictions(measured) is measured


def test_a_column_that_holds_no_masks():
    table = read({"mask": [1.0, 2.0], "x": [1.0, 2.0]})
    with pytest.raises(DataError, match="these are no masks") as caught:
        CLASSES.transform(table)
    assert "give a folder with images/ and masks/" in str(caught.value.fix)
    with pytest.raises(DataError, match="target column 'mask' is absent"):
        CLASSES.transform(read({"x": [1.0, 2.0]}))


# --- in an artifact ------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [CLASSES, INSTANCES], ids=lambda target: target.kind)
def test_stored_and_restored(target: Any):
    stored = json.loads(json.dumps(target.to_json()))
    again = restore_target(stored, "target")
    assert type(again) is type(target) and again.to_json() == stored
    assert (again.names, again.height, again.width) == (("mask",), 4, 6) and again.labels == target.labels


WHOLE = "2 to 256 increasing whole numbers"


@pytest.mark.parametrize(
    ("change", "place", "expected"),
    [
        ({"kind": "masks"}, "target.kind", "one of instances, classes"),
        ({"kind": None}, "target.kind", "one of instances, classes"),
        ({"kind": ["classes"]}, "target.kind", "one of instances, classes"),
        ({"names": "mask"}, "target.names", "a list of texts"),
        ({"names": [3]}, "target.names", "a list of texts"),
        ({"names": []}, "target.names", "1 for this task"),
        ({"names": ["a", "b"]}, "target.names", "1 for this task"),
        ({"height": 0}, "target.height", "a whole number from 1"),
        ({"height": 4.0}, "target.height", "a whole number from 1"),
        ({"width": True}, "target.width", "a whole number from 1"),
        ({"width": 1 << 53}, "target.width", "a whole number from 1"),
        ({"values": 3}, "target.values", "a list"),
        ({"values": [0, "1"]}, "target.values.1", "numbers"),
        ({"values": [0, True]}, "target.values.1", "numbers"),
        ({"values": [0, None]}, "target.values.1", "numbers"),
        ({"values": [0, 1.0]}, "target.values", WHOLE),
        ({"values": []}, "target.values", WHOLE),
        ({"values": [0]}, "target.values", WHOLE),
        ({"values": [1, 0]}, "target.values", WHOLE),
        ({"values": [0, 0, 1]}, "target.values", WHOLE),
        ({"values": [0, 1 << 31]}, "target.values", WHOLE),
        ({"values": [*range(257)]}, "target.values", WHOLE),
    ],
)
def test_a_wrong_form_is_refused_by_its_place(change: dict[str, Any], place: str, expected: str):
    with pytest.raises(ArtifactError) as caught:
        restore_target({**CLASSES.to_json(), **change}, "target")
    assert (caught.value.where, caught.value.expected) == (place, expected)


@pytest.mark.parametrize("name", ["kind", "names", "height", "width", "values"])
def test_a_field_that_is_absent_is_refused(name: str):
    stored = {key: value for key, value in CLASSES.to_json().items() if key != name}
    with pytest.raises(ArtifactError):
        restore_target(stored, "target")


@pytest.mark.parametrize("stored", [None, [], "target", {}, {**CLASSES.to_json(), "more": 1}])
def test_another_thing_is_refused(stored: Any):
    with pytest.raises(ArtifactError):
        restore_target(stored, "target")
