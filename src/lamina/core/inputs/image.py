"""Images of one size."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs


@dataclass(frozen=True)
class ImageInputs(AbstractInputs):
    """Images of one size: ``x`` is uint8 or float (b, height, width, channels), from 0 to 255.

    Args:
        height: pixels from top to bottom.
        width: pixels from left to right.
        channels: 1 for gray, 3 for color.
        mean: of each channel over the training images, in units of 0 to 255.
        std: standard deviation of each channel, in the same unit, above 0.
        patches: covariance of the values of 2 x 2 patches of standardized training images, row after
            row, (4·channels)² numbers; empty when it is not known.
    """

    height: int
    width: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    patches: tuple[float, ...] = ()
