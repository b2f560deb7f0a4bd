"""Images as one array: the size, mean and std come from training rows, and survive JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from tests.casting import schema_of

from lamina.core.errors import DataError
from lamina.core.inputs import ImageInputs
from lamina.data import CellTable, read, split_rows
from lamina.data.folds import fold_rows
from lamina.modalities.image import encoder as module
from lamina.modalities.image.encoder import ImageEncoder, ImageStream
from lamina.tasks.prediction.targets import ClassTarget

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 6, 6, 3), dtype=np.uint8)
Y = np.arange(30) % 3


def fitted(table, **keys) -> ImageEncoder:
    return ImageEncoder.fit(table, "image", **keys)


def test_mean_and_deviation_are_those_of_the_training_rows():
    table, rows = read(IMAGES, y=Y), np.arange(0, 30, 2)
    encoder = fitted(table, rows=rows)
    assert encoder.inputs == ImageInputs(6, 6, 3, encoder.mean, encoder.std, encoder.patches)
    np.testing.assert_allclose(encoder.mean, IMAGES[rows].mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(encoder.std, IMAGES[rows].std(axis=(0, 1, 2)))
    np.testing.assert_array_equal(encoder.transform(table, rows[:4]), IMAGES[rows[:4]])
    assert np.shares_memory(encoder.transform(table), table.column("image").images.array)


def test_blank_images_have_a_deviation():
    assert fitted(read(np.full((6, 4, 4), 9, np.uint8), y=[0, 1] * 3)).std == (1.0,)


def test_it_survives_json():
    table = read(IMAGES, y=Y)
    encoder = fitted(table, image_size=9)
    again = ImageEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert encoder.to_json() == {
        "name": "image", "height": 9, "width": 9, "channels": 3,
        "mean": list(encoder.mean), "std": list(encoder.std), "patches": list(encoder.patches),
    }  # fmt: skip
    assert again.inputs == encoder.inputs
    np.testing.assert_array_equal(again.transform(table), encoder.transform(table))
    assert again.transform(table).shape == (30, 9, 9, 3)


def test_gray_and_color_at_prediction():
    color, gray = fitted(read(IMAGES, y=Y)), fitted(read(IMAGES[..., 0], y=Y))
    assert color.transform(read(IMAGES[..., 0])).shape == (30, 6, 6, 3)
    assert gray.transform(read(IMAGES)).shape == (30, 6, 6, 1)
    assert gray.transform(read(np.zeros((2, 40, 30)))).shape == (2, 6, 6, 1)


@pytest.fixture
def folder(tmp_path):
    for i, pixels in enumerate(IMAGES):
        (tmp_path / f"class {i % 3}").mkdir(exist_ok=True)
        Image.fromarray(pixels).resize((6 + i % 2 * 30, 12)).save(tmp_path / f"class {i % 3}" / f"{i}.png")
    return tmp_path


def test_images_of_several_sizes(folder):
    table = read(folder)
    schema = schema_of(table, "label")
    assert schema.inputs[0].detail == "mixed sizes"
    parts = split_rows(table, schema, seed=0)
    encoder = ImageEncoder.fit(table, "image", rows=parts.train)
    assert encoder.transform(table, parts.valid).shape == (6, 32, 32, 3)
    assert len(fold_rows(table, schema, parts.train, folds=3, seed=0)) == 3
    targets = ClassTarget.fit(table, schema, parts.train)
    assert targets.labels == ("class 0", "class 1", "class 2")
    assert targets.transform(table, parts.valid).shape == (6,)


def test_a_stream_where_memory_is_short(folder, monkeypatch):
    table = read(folder)
    encoder = fitted(table)
    array = encoder.transform(table)
    assert isinstance(array, np.ndarray)
    monkeypatch.setattr(module, "most_resident", lambda: 1000)
    stream = encoder.transform(read(folder))
    assert isinstance(stream, ImageStream)
    assert (stream.shape, stream.dtype, stream.nbytes, len(stream)) == (
        array.shape, array.dtype, array.nbytes, len(array),
    )  # fmt: skip
    rows = np.array([5, 0, 5, 29])
    np.testing.assert_array_equal(stream.take(rows), array[rows])


def test_what_cannot_be_encoded():
    plain = read(IMAGES.reshape(30, -1), y=Y)
    with pytest.raises(DataError, match="<arrays>: there are no images; expected images, as the network"):
        fitted(plain)
    with pytest.raises(DataError, match="<arrays>: there are no images; expected images, as the network"):
        fitted(read(IMAGES, y=Y)).transform(plain)
    with pytest.raises(DataError, match="column 'image': these are no images\n  fix: give paths to files"):
        fitted(read(IMAGES, y=Y)).transform(read({"image": ["a", "b"]}))


def test_taken_and_dropped_tables():
    table = read(IMAGES, y=Y)
    assert isinstance(table, CellTable)
    part = table.take(np.array([3, 1])).take(np.array([1]))
    assert part.where(0) == "<arrays>, row 1"
    np.testing.assert_array_equal(fitted(table).transform(part), IMAGES[[1]])
    assert table.drop(["target"]).names == ("image",)
    assert table.drop(["image"]).names == ("target",)
    assert table.renamed({"image": "scan"}).names == ("scan", "target")
    with pytest.raises(DataError, match="column 'imag' is absent"):
        table.column("imag")
