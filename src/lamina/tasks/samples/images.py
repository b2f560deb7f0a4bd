"""Images as samples."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.inputs import ImageSampleInputs
from lamina.core.json_checks import one_of, record
from lamina.core.wording import counted
from lamina.data.images.encode import encoded
from lamina.tasks.samples.space import AbstractSamples, AbstractSpace

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Arrays

PIXELS = "pixels"
GAP = 2  # pixels between the images of a grid
_FORM = record(
    kind=one_of(PIXELS), height=json_checks.size, width=json_checks.size, channels=json_checks.size
)


@dataclass(frozen=True, eq=False)
class ImageSamples(AbstractSamples):
    """New images.

    Args:
        images: uint8 (n, height, width, channels).
        labels: class of each, or empty.
    """

    images: np.ndarray
    labels: tuple[Any, ...] = ()
    endings = {".png": "png", ".npz": "npz", ".npy": "npy", "": "files"}  # noqa: RUF012

    def __len__(self) -> int:
        return len(self.images)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.images.astype(dtype) if dtype is not None else self.images

    def shown(self) -> Iterator[str]:
        """Yield how many images there are, and how to see them."""
        height, width = self.images.shape[1:3]
        yield f"{counted(len(self), 'image')} of {height}x{width} pixels; to see them: --out grid.png\n"

    def told(self) -> dict[str, Any]:
        """Return number and size."""
        height, width, channels = self.images.shape[1:]
        return {"samples": len(self), "height": height, "width": width, "channels": channels}

    def grid(self) -> np.ndarray:
        """Return all images side by side as one, about a square, uint8 (height, width, channels)."""
        count, height, width, channels = self.images.shape
        across = int(np.ceil(np.sqrt(count * height / width)))
        down = -(-count // across)
        whole = np.full((down * (height + GAP) - GAP, across * (width + GAP) - GAP, channels), 255, np.uint8)
        for place, image in enumerate(self.images):
            y, x = place // across * (height + GAP), place % across * (width + GAP)
            whole[y : y + height, x : x + width] = image
        return whole

    def png(self) -> bytes:
        """Return a PNG file with all images in a grid."""
        return encoded(self.grid())

    def files(self) -> dict[str, bytes]:
        """Return a PNG file for each image, by its name."""
        width = len(str(len(self)))
        names = [str(number + 1).zfill(width) for number in range(len(self))]
        if self.labels:
            names = [f"{name}-{_plain(label)}" for name, label in zip(names, self.labels, strict=True)]
        return {f"{name}.png": encoded(image) for name, image in zip(names, self.images, strict=True)}

    def npz(self) -> bytes:
        """Return an npz file of images and labels."""
        arrays: dict[str, Any] = {"images": self.images}
        if self.labels:
            arrays["labels"] = np.array(self.labels)
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    def npy(self) -> bytes:
        """Return an npy file of the images."""
        buffer = io.BytesIO()
        np.save(buffer, self.images)
        return buffer.getvalue()


@dataclass(frozen=True)
class ImageSpace(AbstractSpace):
    """Images of one size; bytes are learned from, and models see them in [-1, 1].

    Args:
        height: pixels from top to bottom.
        width: pixels from left to right.
        channels: 1 for gray, 3 for color.
    """

    height: int
    width: int
    channels: int
    kind = PIXELS

    def inputs(self, labels: int) -> ImageSampleInputs:
        """Return the size of the images."""
        return ImageSampleInputs(self.height, self.width, self.channels, labels)

    def arrays(self, encoder: Any, table: AbstractTable, rows: np.ndarray | None = None) -> Arrays:
        """Return the images as bytes, or a stream of them."""
        return encoder.transform(table, rows)

    def sampled(self, encoded: Arrays, table: AbstractTable) -> Arrays:
        """Return the encoded images."""
        return encoded

    def samples(self, values: np.ndarray, labels: Sequence[Any] | None = None) -> ImageSamples:
        """Return images as bytes."""
        return ImageSamples(as_bytes(values), tuple(labels or ()))

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {"kind": PIXELS, "height": self.height, "width": self.width, "channels": self.channels}

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> ImageSpace:
        """Return the space in an artifact's JSON, each field checked."""
        _FORM(stored, place)
        return ImageSpace(stored["height"], stored["width"], stored["channels"])


def _plain(label: Any) -> str:
    """Return a label as a part of a file's name."""
    return "".join(letter if letter.isalnum() else "_" for letter in str(label))


def as_units(levels: np.ndarray) -> np.ndarray:
    """Return gray values of 0 to 255 as models see them, float32 in [-1, 1].

    Args:
        levels: of any shape and type.
    """
    return levels.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def as_bytes(units: np.ndarray) -> np.ndarray:
    """Return images of models, in [-1, 1], as bytes.

    Args:
        units: of any shape.
    """
    return np.rint((np.asarray(units, np.float32) + 1.0) * 127.5).clip(0, 255).astype(np.uint8)
