"""What a model is told about its inputs before it is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TableInputs:
    """The encoded columns of a table, ``x = {"numeric": (b, n), "category": (b, c)}``.

    Args:
        numeric: number n of numeric features.
        cardinalities: for each category feature how many codes it has, the codes of unseen
            and missing values included.
        bins: for each numeric feature its increasing bin edges, or empty when none are known.
    """

    numeric: int
    cardinalities: tuple[int, ...] = ()
    bins: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class ImageInputs:
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


@dataclass(frozen=True)
class MixedInputs:
    """Several blocks: ``x`` is a dict, by block.

    Args:
        blocks: what a model is told about each block, by its name.
    """

    blocks: Mapping[str, Inputs]


Inputs = TableInputs | ImageInputs | MixedInputs | tuple[int, ...]
