"""The one size that images are brought to."""

from __future__ import annotations

import numpy as np

from lamina.core.errors import ConfigError
from lamina.data.images.pixels import Canvas
from lamina.data.images.store import AbstractImages

LARGEST_AREA = 256 * 256  # images that are all of one size stay as they are up to here
USUAL_SIDE, SMALLEST_SIDE = 224, 32  # 224: what networks for ImageNet take (Krizhevsky et al., 2012)
STEP = 32  # sides are multiples of it: five halvings
FINE_STEP = 16  # … and of this where a shape is kept
LEAST_ASKED, MOST_ASKED = 8, 1024


def choose_canvas(images: AbstractImages, image_size: int | None = None) -> Canvas:
    """Return the size that images are brought to, and whether they become gray or colored.

    As asked, a square of ``image_size``. Otherwise the size of the images, where they all have one and
    it holds at most 256² pixels; larger ones are shrunk in proportion to about 224² pixels. Images of
    several sizes become squares of the median short side, rounded to a multiple of 32 from 32 to 224.

    Args:
        images: the images; only the heads of files are read, and a sample is decoded to judge the color.
        image_size: side of the square, 8 to 1024 pixels.

    Raises:
        ConfigError: ``image_size`` is out of range.

    Example:
        >>> from lamina.data.images.store import ArrayImages
        >>> print(choose_canvas(ArrayImages(np.zeros((3, 480, 640, 1), np.uint8))))
        192x256x1
    """
    channels = 1 if images.is_gray() else 3
    if image_size is not None:
        side = checked_size(image_size)
        return Canvas(side, side, channels)
    sizes = images.sizes()
    sizes = sizes[sizes.all(axis=1)]
    if not len(sizes):
        return Canvas(USUAL_SIDE, USUAL_SIDE, channels)
    if (sizes == sizes[0]).all():
        return Canvas(*_kept_shape(int(sizes[0, 0]), int(sizes[0, 1])), channels)
    side = int(np.median(sizes.min(axis=1)) / STEP + 0.5) * STEP
    side = min(max(side, SMALLEST_SIDE), USUAL_SIDE)
    return Canvas(side, side, channels)


def checked_size(image_size: int) -> int:
    """Return the side of a square that was asked for, or raise ConfigError."""
    if isinstance(image_size, bool) or not isinstance(image_size, int | np.integer):
        raise ConfigError("image_size cannot be read", expected="a whole number", received=repr(image_size))
    if not LEAST_ASKED <= image_size <= MOST_ASKED:
        expected = f"{LEAST_ASKED} to {MOST_ASKED} pixels"
        raise ConfigError("image_size is out of range", expected=expected, received=image_size)
    return int(image_size)


def _kept_shape(height: int, width: int) -> tuple[int, int]:
    """Return a size that all images have, shrunk in proportion if it is large."""
    if height * width <= LARGEST_AREA:
        return height, width
    scale = (USUAL_SIDE**2 / (height * width)) ** 0.5

    def side(pixels: int) -> int:
        return max(int(pixels * scale / FINE_STEP + 0.5) * FINE_STEP, FINE_STEP)

    return side(height), side(width)
