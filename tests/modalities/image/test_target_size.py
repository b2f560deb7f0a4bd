"""The size that images are brought to."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.data.images.store import AbstractImages, ArrayImages
from lamina.modalities.image.target_size import choose_canvas


class Sized(AbstractImages):
    """Images that are nothing but their sizes."""

    in_memory, frames = False, 0

    def __init__(self, *sizes: tuple[int, int]):
        self.given = sizes

    def __len__(self) -> int:
        return len(self.given)

    def absent(self) -> np.ndarray:
        return np.zeros(len(self), bool)

    def sizes(self) -> np.ndarray:
        return np.array(self.given).reshape(-1, 2)

    def is_gray(self) -> bool:
        return False

    def take(self, rows):
        raise AssertionError("no image is needed")

    name = pixels = survey = digests = take


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)] * 3, "28x28x3"),
        ([(256, 256)] * 3, "256x256x3"),
        ([(20, 1000)] * 3, "20x1000x3"),
        ([(480, 640)] * 3, "192x256x3"),
        ([(4000, 3000)] * 3, "256x192x3"),
        ([(9000, 20)] * 3, "4752x16x3"),
        ([(100, 200), (90, 80), (300, 110)], "96x96x3"),
        ([(20, 20), (21, 21)], "32x32x3"),
        ([(2000, 2000), (1000, 3000)], "224x224x3"),
        ([(0, 0), (40, 50), (0, 0)], "40x50x3"),
        ([(0, 0)], "224x224x3"),
    ],
)
def test_the_rule(sizes, expected):
    assert str(choose_canvas(Sized(*sizes))) == expected


def test_as_asked():
    images = ArrayImages(np.zeros((2, 20, 30, 1), np.uint8))
    assert str(choose_canvas(images, 64)) == "64x64x1"
    for size in (7, 1025, -1):
        with pytest.raises(ConfigError) as caught:
            choose_canvas(images, size)
        assert str(caught.value) == f"image_size is out of range; expected 8 to 1024 pixels, got {size}"
    with pytest.raises(ConfigError, match="image_size cannot be read; expected a whole number, got '64'"):
        choose_canvas(images, "64")
