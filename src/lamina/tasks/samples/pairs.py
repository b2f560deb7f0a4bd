"""Pairs of images as samples: what a picture looks like, and what it should look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.errors import DataError
from lamina.core.inputs import ImageSampleInputs
from lamina.core.json_checks import one_of, record
from lamina.core.wording import counted
from lamina.data.images.pixels import Canvas
from lamina.data.images.store import AbstractImages
from lamina.data.images.threads import in_threads
from lamina.data.stream import AbstractStream
from lamina.modalities.image import encoder as image_encoder
from lamina.tasks.samples.images import ImageSpace

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Arrays

PAIRS = "pairs"
LARGEST_SIDE = 512  # pixels of the middle of an image that is learned from
_FORM = record(
    kind=one_of(PAIRS),
    height=json_checks.size,
    width=json_checks.size,
    channels=json_checks.size,
    given_channels=json_checks.size,
    given=json_checks.text,
    clean=json_checks.text,
)


@dataclass(frozen=True)
class PairSpace(ImageSpace):
    """Two images of one size, one behind the other along the channels: clean, then degraded.

    Pixels stay what they are: the middle of larger images is cut out, and nothing is shrunk, since that would
    change what there is to be removed.

    Args:
        height: pixels from top to bottom.
        width: pixels from left to right.
        channels: of the clean image, 1 for gray, 3 for color.
        given_channels: of the degraded one.
        given: column of degraded images.
        clean: column of clean images.
    """

    given_channels: int
    given: str
    clean: str
    kind = PAIRS

    @staticmethod
    def fit(table: AbstractTable, given: str, clean: str, rows: np.ndarray) -> PairSpace:
        """Return the space of the training rows: the smallest height and width among them.

        Args:
            table: the data.
            given: column of degraded images.
            clean: column of clean images.
            rows: indices of the training rows.

        Raises:
            DataError: a column holds no images.
        """
        degraded, wanted = (images_of(table, name, rows) for name in (given, clean))
        sizes = degraded.sizes()
        height, width = np.minimum(sizes[sizes.all(axis=1)].min(axis=0), LARGEST_SIDE).tolist()
        own, others = (1 if images.is_gray() else 3 for images in (wanted, degraded))
        return PairSpace(height, width, own, others, given, clean)

    @property
    def targets(self) -> tuple[str, ...]:
        """The column of clean images."""
        return (self.clean,)

    def inputs(self, labels: int) -> ImageSampleInputs:
        """Return the size of clean images."""
        return ImageSampleInputs(self.height, self.width, self.channels, labels)

    def arrays(self, encoder: Any, table: AbstractTable, rows: np.ndarray | None = None) -> Arrays:
        """Return the pairs as bytes (n, y, x, channels of both), or a stream of them."""
        from lamina.data.images.files import most_kept

        stream = PairStream(
            images_of(table, self.clean, rows),
            images_of(table, self.given, rows),
            Canvas(self.height, self.width, self.channels),
            self.given_channels,
        )
        return stream if stream.nbytes > most_kept() else stream.take(np.arange(len(stream)))

    def sampled(self, encoded: Arrays, table: AbstractTable) -> Arrays:
        """Return the pairs of a table."""
        check_sizes(table, self.given, self.clean)
        return self.arrays(None, table)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        own = {"given_channels": self.given_channels, "given": self.given, "clean": self.clean}
        return {**super().to_json(), "kind": PAIRS, **own}

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> PairSpace:
        """Return the space in an artifact's JSON, each field checked."""
        _FORM(stored, place)
        return PairSpace(**{name: value for name, value in stored.items() if name != "kind"})


class PairStream(AbstractStream):
    """Pairs that are decoded when they are asked for.

    Args:
        clean: images.
        given: as many degraded ones.
        canvas: what is cut out of clean images.
        channels: of degraded images.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, clean: AbstractImages, given: AbstractImages, canvas: Canvas, channels: int):
        self.clean, self.given, self.canvas, self.channels = clean, given, canvas, channels
        self.shape = (len(clean), canvas.height, canvas.width, canvas.channels + channels)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return some pairs, uint8 (n, y, x, c), decoded by a thread for each core.

        Args:
            rows: indices, in any order.

        Raises:
            DataError: a file cannot be read any more.
        """
        first = self.canvas.channels
        found = np.empty((len(rows), *self.shape[1:]), np.uint8)

        def fill(place: int) -> None:
            row = np.asarray(rows)[place : place + 1]
            found[place, ..., :first] = middle_of(self.clean.take(row), self.canvas, first)
            found[place, ..., first:] = middle_of(self.given.take(row), self.canvas, self.channels)

        in_threads(fill, len(rows))
        return found


def middle_of(image: AbstractImages, canvas: Canvas, channels: int) -> np.ndarray:
    """Return the middle of one image, uint8 (height, width, channels); a smaller one is mirrored.

    Args:
        image: one.
        canvas: height and width.
        channels: 1 or 3.
    """
    height, width = map(int, image.sizes()[0])
    whole = image.pixels(Canvas(height, width, channels))[0]
    short = [max(0, side - own) for side, own in ((canvas.height, height), (canvas.width, width))]
    if any(short):
        before = [missing // 2 for missing in short]
        ends = [(own, missing - own) for own, missing in zip(before, short, strict=True)]
        whole = np.pad(whole, (*ends, (0, 0)), mode="symmetric")
    top, left = (whole.shape[0] - canvas.height) // 2, (whole.shape[1] - canvas.width) // 2
    return whole[top : top + canvas.height, left : left + canvas.width]


def images_of(table: AbstractTable, name: str, rows: np.ndarray | None = None) -> AbstractImages:
    """Return the images of a column.

    Args:
        table: the data, claimed.
        name: of the column.
        rows: indices; all without.

    Raises:
        DataError: there is no such column, or it holds no images.
    """
    fix = "give a folder with degraded/ and clean/, or a table with a column of paths to each"
    table.require(name, "column of images", fix=fix)
    images = image_encoder.images_of(table, name)
    return images if rows is None else images.take(np.asarray(rows))


def check_sizes(table: AbstractTable, given: str, clean: str) -> None:
    """Check that the two images of each row have one size.

    Args:
        table: the data, claimed.
        given: column of degraded images.
        clean: column of clean images.

    Raises:
        DataError: those of a row differ.
    """
    one, other = (images_of(table, name).sizes() for name in (given, clean))
    wrong = np.flatnonzero((one != other).any(axis=1) & one.all(axis=1) & other.all(axis=1))
    if not wrong.size:
        return
    row = int(wrong[0])
    sizes = [f"{height}x{width}" for height, width in (other[row], one[row])]
    raise DataError(
        f"the images of {counted(len(wrong), 'pair')} differ in size",
        where=table.place(row),
        expected=f"{sizes[0]} pixels, as the clean image",
        received=f"{sizes[1]} pixels",
        fix="bring both to one size; to learn finer images, give the clean ones alone and degrade=upscale2",
    )
