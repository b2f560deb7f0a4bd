"""Images, one a row: the interface, and images that are in memory."""

from __future__ import annotations

import abc
from dataclasses import dataclass

import numpy as np

from lamina.data.images.pixels import Canvas, all_gray, as_channels, contrast_of, digest_of
from lamina.data.images.threads import in_threads

MOST_JUDGED = 256  # images that are inspected to tell gray from color


@dataclass(frozen=True)
class Survey:
    """What was found by inspecting every image.

    Args:
        digests: uint64 for each image, equal for images that are equal.
        contrast: largest difference of two pixels of a channel, 0 to 255.
        faults: row → why the image cannot be read.
    """

    digests: np.ndarray
    contrast: np.ndarray
    faults: dict[int, str]


class AbstractImages(abc.ABC):
    """Images, one a row; they need not be of one size, nor in memory.

    ``in_memory`` says whether the pixels are there already.
    """

    in_memory: bool

    @abc.abstractmethod
    def __len__(self) -> int: ...

    @abc.abstractmethod
    def take(self, rows: np.ndarray) -> AbstractImages:
        """Return the images of the given rows; no pixel is touched."""

    @abc.abstractmethod
    def name(self, row: int) -> str:
        """Return the path of an image, or an empty text where it has none."""

    @abc.abstractmethod
    def absent(self) -> np.ndarray:
        """Return a boolean array that is true where no image is named."""

    @abc.abstractmethod
    def sizes(self) -> np.ndarray:
        """Return int64 (n, 2): height and width of each image as displayed, 0 where it is unreadable."""

    @abc.abstractmethod
    def is_gray(self) -> bool:
        """Return whether a sample of the images, at most 256 evenly spaced ones, is gray throughout."""

    @abc.abstractmethod
    def pixels(self, canvas: Canvas) -> np.ndarray:
        """Return all images as uint8 (n, y, x, c), or raise DataError naming those that are unreadable."""

    @abc.abstractmethod
    def digests(self) -> np.ndarray:
        """Return uint64 for each image, equal for equal images, 0 where one cannot be read."""

    @abc.abstractmethod
    def survey(self, canvas: Canvas) -> Survey:
        """Inspect every image once, by the size that it will have."""

    @property
    @abc.abstractmethod
    def frames(self) -> int:
        """How many images have further frames, of which nothing is learned."""


class ArrayImages(AbstractImages):
    """Images of one size in one array.

    Args:
        array: uint8 (n, y, x, c) with one or three channels.
        rows: which of them, all without.

    Example:
        >>> images = ArrayImages(np.zeros((3, 4, 5, 1), np.uint8))
        >>> len(images.take(np.array([0, 2]))), images.pixels(Canvas(2, 2, 3)).shape
        (2, (3, 2, 2, 3))
    """

    in_memory = True

    def __init__(self, array: np.ndarray, rows: np.ndarray | None = None):
        self.array, self.rows = array, rows

    def __len__(self) -> int:
        return len(self.array) if self.rows is None else len(self.rows)

    def take(self, rows: np.ndarray) -> ArrayImages:
        """Return the images of the given rows; no pixel is touched."""
        return ArrayImages(self.array, rows if self.rows is None else self.rows[rows])

    @property
    def frames(self) -> int:
        """No image of an array has further frames."""
        return 0

    def name(self, row: int) -> str:
        """Return an empty text: these images have no path."""
        return ""

    def absent(self) -> np.ndarray:
        """Return false for every row."""
        return np.zeros(len(self), bool)

    def sizes(self) -> np.ndarray:
        """Return int64 (n, 2): height and width of each image."""
        return np.broadcast_to(np.array(self.array.shape[1:3], np.int64), (len(self), 2))

    def is_gray(self) -> bool:
        """Return whether a sample of the images is gray throughout."""
        if self.array.shape[3] == 1:
            return True
        places = np.linspace(0, len(self) - 1, min(len(self), MOST_JUDGED)).astype(np.int64)
        return all_gray(self.take(places)._gathered())

    def pixels(self, canvas: Canvas) -> np.ndarray:
        """Return all images as uint8 (n, y, x, c); what is of that form already is not copied."""
        array = self._gathered()
        if array.shape[1:3] == (canvas.height, canvas.width):
            return as_channels(array, canvas.channels)
        from lamina.data.images.decode import resized

        result = np.empty((len(array), canvas.height, canvas.width, canvas.channels), np.uint8)

        def fill(row: int) -> None:
            result[row] = resized(array[row], canvas)

        in_threads(fill, len(array))
        return result

    def digests(self) -> np.ndarray:
        """Return uint64 for each image, equal for images of equal values as they were given."""
        array = self._gathered()
        return np.fromiter((digest_of(image.tobytes()) for image in array), np.uint64, len(array))

    def survey(self, canvas: Canvas) -> Survey:
        """Inspect every image once; they are compared as they were given."""
        array = self._gathered()
        contrast = np.fromiter(map(contrast_of, array), np.uint8, len(array))
        return Survey(self.digests(), contrast, {})

    def _gathered(self) -> np.ndarray:
        """Return the images of the rows."""
        return self.array if self.rows is None else self.array[self.rows]
