"""Degraded images: what a network that improves images is told of them."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs


@dataclass(frozen=True)
class DegradedImageInputs(AbstractInputs):
    """Images of any size: ``x`` is float32 (b, y, x, channels), pixels from -1 (black) to 1.

    Args:
        channels: values of a pixel that come: 1 for gray, 3 for color; one more where a mask says what is
            known.
        clean: values of a pixel that leave.
        scale: how many times finer the image becomes.

    Example:
        >>> DegradedImageInputs(channels=1, clean=3).scale
        1
    """

    channels: int
    clean: int
    scale: int = 1
