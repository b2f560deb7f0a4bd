from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lamina.core.errors import ArtifactError, ConfigError
from lamina.tasks.samples.images import GAP, ImageSamples, ImageSpace


def test_units_become_the_bytes_they_came_from():
    space = ImageSpace(16, 16, 1)
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    units = levels.astype(np.float32) / 127.5 - 1
    assert (space.samples(units).images == levels).all()
    beyond = space.samples(np.array([-3.0, 3.0], np.float32).reshape(2, 1, 1, 1)).images
    assert beyond.ravel().tolist() == [0, 255]


def test_a_grid_holds_every_image_once():
    images = np.arange(1, 6, dtype=np.uint8).reshape(5, 1, 1, 1) * np.ones((1, 4, 6, 1), np.uint8)
    whole = ImageSamples(images).grid()
    for value in range(1, 6):
        assert (whole == value).sum() == 24
    assert whole.shape[0] % (4 + GAP) == 4


def test_a_line_says_how_many_there_are():
    shown = "".join(ImageSamples(np.zeros((2, 4, 6, 1), np.uint8)).shown())
    assert shown == "2 images of 4x6 pixels; to see them: --out grid.png\n"


@pytest.mark.parametrize("channels", [1, 3])
def test_files_are_pictures_of_their_own(channels: int):
    images = np.random.default_rng(0).integers(0, 256, (12, 5, 4, channels)).astype(np.uint8)
    files = ImageSamples(images, tuple("ab/c") * 3).saved("")
    assert len(files) == 12 and "01-a.png" in files and "03-_.png" in files
    first = np.asarray(Image.open(io.BytesIO(files["01-a.png"])))
    assert (first.reshape(5, 4, channels) == images[0]).all()


def test_arrays_come_back():
    images = np.arange(2 * 9, dtype=np.uint8).reshape(2, 3, 3, 1)
    samples = ImageSamples(images, ("x", "y"))
    stored = np.load(io.BytesIO(samples.saved(".npz")))
    assert (stored["images"] == images).all() and stored["labels"].tolist() == ["x", "y"]
    assert (np.load(io.BytesIO(samples.saved(".npy"))) == images).all()
    assert (np.asarray(samples) == images).all()


def test_images_are_no_table():
    with pytest.raises(ConfigError, match="do not go into such a file"):
        ImageSamples(np.zeros((1, 2, 2, 1), np.uint8)).saved(".csv")


def test_a_space_is_restored_and_checked():
    space = ImageSpace(4, 5, 3)
    assert ImageSpace.restore(space.to_json(), "space") == space
    with pytest.raises(ArtifactError, match="height"):
        ImageSpace.restore({**space.to_json(), "height": 0}, "space")
