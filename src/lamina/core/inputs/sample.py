"""Samples: what is generated or reconstructed, and has no target beside it."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs

NO_LABEL = -1  # in place of the class of a sample: any


class AbstractSampleInputs(AbstractInputs):
    """What a model is told about samples: arrays of one shape whose values lie about zero.

    Attributes:
        labels: classes that a sample can be conditioned on, 0 where there are none.
    """

    labels: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        raise NotImplementedError


@dataclass(frozen=True)
class RowSampleInputs(AbstractSampleInputs):
    """Rows of numbers and categories: ``x`` is float32 (b, features).

    Args:
        groups: widths of the groups of features, in their order: 1 is a number, k > 1 are k categories of
            which one is 1, the others 0.
        labels: classes that a row can be conditioned on.

    Example:
        >>> RowSampleInputs((1, 1, 4)).shape
        (6,)
    """

    groups: tuple[int, ...]
    labels: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row: (features,)."""
        return (sum(self.groups),)


@dataclass(frozen=True)
class ImageSampleInputs(AbstractSampleInputs):
    """Images: ``x`` is float32 (b, height, width, channels), from -1 (black) to 1.

    Args:
        height: pixels from top to bottom.
        width: pixels from left to right.
        channels: 1 for gray, 3 for color.
        labels: classes that an image can be conditioned on.
    """

    height: int
    width: int
    channels: int
    labels: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one image: (height, width, channels)."""
        return (self.height, self.width, self.channels)
