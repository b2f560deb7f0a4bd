"""Images as the array a model takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.inputs import ImageInputs
from lamina.data.images.column import ImageColumn
from lamina.data.images.pixels import Canvas
from lamina.data.images.store import AbstractImages
from lamina.data.sample import sample_indices
from lamina.data.stream import AbstractStream
from lamina.data.table import AbstractTable
from lamina.modalities.base import AbstractEncoder
from lamina.modalities.image.target_size import choose_canvas

MOST_MEASURED = 50_000  # images whose mean and std are taken
MOST_DECODED = 4_000  # … of those that are in files
MOST_PATCHED = 1_000  # images whose patches are compared
_PATCHED_PART = 32  # … at a time
_PART = 500  # images that are measured together
_SIDE = 96  # pixels of a side that are measured
SMALLEST_STD = 1.0  # one level of 255: images that are blank throughout are not blown up


class ImageEncoder(AbstractEncoder):
    """Translate rows into images of one size, uint8 (n, y, x, c).

    The size, the channels, mean and standard deviation of each channel, and the covariance of the values of
    2 x 2 patches are fitted on training rows only. The size is found as
    `lamina.modalities.image.target_size.choose_canvas` says; the short side of an image is brought to it, and
    of the long one the middle is kept.

    Args:
        name: the column of images.
        canvas: the size.
        mean: of each channel, in units of 0 to 255.
        std: standard deviation of each channel.
        patches: covariance of 2 x 2 patches, row after row.

    Example:
        >>> from lamina.data import read
        >>> table = read(np.arange(6 * 4 * 4, dtype=np.uint8).reshape(6, 4, 4), y=[0, 1] * 3)
        >>> encoder = ImageEncoder.fit(table, "image")
        >>> encoder.transform(table, np.array([1, 2])).shape, encoder.inputs.mean
        ((2, 4, 4, 1), (47.5,))
    """

    def __init__(
        self,
        name: str,
        canvas: Canvas,
        *,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        patches: tuple[float, ...],
    ):
        self.name, self.canvas, self.mean, self.std, self.patches = name, canvas, mean, std, patches

    @staticmethod
    def fit(
        table: AbstractTable, name: str, *, rows: np.ndarray | None = None, image_size: int | None = None
    ) -> ImageEncoder:
        """Return the encoder fitted to the training rows.

        Mean and standard deviation are taken from at most 50,000 images (4,000 where they are in files),
        drawn at random but always alike.

        Args:
            table: the data.
            name: the column of images.
            rows: indices of the training rows; all without.
            image_size: side of the square that images are brought to, 8 to 1024; larger shows more
                detail and costs the square of it.

        Raises:
            DataError: there is no column of images, or some cannot be read.
            ConfigError: ``image_size`` is out of range.
        """
        images = images_of(table, name)
        images = images if rows is None else images.take(np.asarray(rows))
        canvas = choose_canvas(images, image_size)
        most = MOST_MEASURED if images.in_memory else MOST_DECODED
        mean, std = _moments(images.take(sample_indices(len(images), most)), canvas)
        few = images.take(sample_indices(len(images), MOST_PATCHED))
        patches = _patches(few, canvas, mean, std)
        return ImageEncoder(name, canvas, mean=mean, std=std, patches=patches)

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of images."""
        return (self.name,)

    @property
    def inputs(self) -> ImageInputs:
        """What a model must know of the images."""
        canvas = self.canvas
        sizes = (canvas.height, canvas.width, canvas.channels)
        return ImageInputs(*sizes, self.mean, self.std, self.patches)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray | ImageStream:
        """Return the images of all rows, or of the given ones, as uint8 (n, y, x, c).

        Where they are in files and would not fit into a quarter of the memory, an :class:`ImageStream`
        comes back, which decodes them when they are asked for.

        Raises:
            DataError: there are no images, or some cannot be read.
        """
        images = images_of(table, self.name)
        images = images if rows is None else images.take(np.asarray(rows))
        if images.in_memory:
            return images.pixels(self.canvas)
        stream = ImageStream(images, self.canvas)
        return stream if stream.nbytes > most_resident() else images.pixels(self.canvas)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "name": self.name,
            "height": self.canvas.height,
            "width": self.canvas.width,
            "channels": self.canvas.channels,
            "mean": list(self.mean),
            "std": list(self.std),
            "patches": list(self.patches),
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> ImageEncoder:
        """Return the encoder that :meth:`to_json` stored."""
        canvas = Canvas(stored["height"], stored["width"], stored["channels"])
        moments = {name: tuple(stored[name]) for name in ("mean", "std", "patches")}
        return ImageEncoder(stored["name"], canvas, **moments)


def images_of(table: AbstractTable, name: str) -> AbstractImages:
    """Return the images of a column.

    Args:
        table: the data.
        name: the column of images.

    Raises:
        DataError: there is no such column, or it holds no images.
    """
    if name not in table.names:
        raise DataError(
            "there are no images",
            where=table.source,
            expected="images, as the network learned from",
            received=f"columns {', '.join(map(str, table.names[:8]))}",
            fix="give a folder of images, one image, a list or a table of paths, or an array "
            "(n, y, x) or (n, y, x, c)",
        )
    column = table.column(name)
    if not isinstance(column, ImageColumn):
        fix = "give paths to files that are there"
        raise DataError("these are no images", where=table.where(name=name), fix=fix)
    return column.images


class ImageStream(AbstractStream):
    """Images that are decoded when they are asked for, because memory would not hold them all.

    It has the ``shape``, ``dtype``, ``nbytes`` and length of the array that it stands for; ``take`` returns
    a part of that array.

    Args:
        images: images in files.
        canvas: their size.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, images: AbstractImages, canvas: Canvas):
        self.images, self.canvas = images, canvas
        self.shape = (len(images), canvas.height, canvas.width, canvas.channels)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return the images of some rows, uint8 (n, y, x, c), decoded by a thread for each core.

        Args:
            rows: indices, in any order.

        Raises:
            DataError: a file cannot be read any more.
        """
        return self.images.take(np.asarray(rows)).pixels(self.canvas)


def most_resident() -> int:
    """Return how many bytes of decoded images may lie in memory at once."""
    from lamina.data.images.files import most_kept

    return most_kept()


def _moments(images: AbstractImages, canvas: Canvas) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and std of each channel, exact, from how often each of the 256 levels occurs.

    Of large images every second pixel of every second row counts, or every third and so on.
    """
    counts = np.zeros((canvas.channels, 256), np.int64)
    for start in range(0, len(images), _PART):
        part = images.take(np.arange(start, min(start + _PART, len(images)))).pixels(canvas)
        part = part[:, :: -(-canvas.height // _SIDE), :: -(-canvas.width // _SIDE)]
        for channel in range(canvas.channels):
            counts[channel] += np.bincount(part[..., channel].reshape(-1), minlength=256)
    levels = np.arange(256.0)
    totals = counts.sum(axis=1)
    mean = (counts @ levels) / totals
    variance = (counts * np.square(levels - mean[:, None])).sum(axis=1) / totals
    return tuple(mean.tolist()), tuple(np.maximum(np.sqrt(variance), SMALLEST_STD).tolist())


def _patches(
    images: AbstractImages, canvas: Canvas, mean: tuple[float, ...], std: tuple[float, ...]
) -> tuple[float, ...]:
    """Return the covariance of the values of 2 x 2 patches, row after row; patches are ordered (y, x, c)."""
    size = 4 * canvas.channels
    total, count = np.zeros((size, size)), 0
    for start in range(0, len(images), _PATCHED_PART):
        part = images.take(np.arange(start, min(start + _PATCHED_PART, len(images)))).pixels(canvas)
        part = (part - np.array(mean, np.float32)) / np.array(std, np.float32)
        height, width = canvas.height - 1, canvas.width - 1
        corners = [part[:, y : height + y, x : width + x] for y in (0, 1) for x in (0, 1)]
        flat = np.concatenate(corners, axis=-1).reshape(-1, size)
        total, count = total + flat.T @ flat, count + len(flat)
    return tuple((total / max(count, 1)).reshape(-1).tolist())
