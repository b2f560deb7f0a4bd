"""The front of every image model: pixels in, standardized images out."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, ShapeError
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module, static
from lamina.core.shapes import Float


class ImageFeatures(Module):
    """Center and scale each channel of an image: y = (x - mean) / std, computed in float32.

    Integer pixels leave as float32, others in the type they came in: bfloat16 holds 0 to 255
    exactly. Plain arrays, announced by their shape alone, are passed on as they are. O(size).

    Args:
        inputs: an `ImageInputs`, or ``(height, width, channels)`` for plain arrays.

    Shapes:
        (batch, height, width, channels) → the same

    Raises:
        ConfigError: the inputs are not images.
        ShapeError: the images are not as announced.

    Example:
        >>> import numpy as np
        >>> features = ImageFeatures(ImageInputs(2, 2, 1, mean=(127.5,), std=(127.5,)))
        >>> features(np.full((1, 2, 2, 1), 255, np.uint8)).ravel().tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    shape: tuple[int, int, int] = static()
    mean: tuple[float, ...] = static()
    std: tuple[float, ...] = static()

    def __init__(self, inputs: Inputs):
        self.mean = self.std = ()
        if isinstance(inputs, ImageInputs):
            self.shape = (inputs.height, inputs.width, inputs.channels)
            self.mean, self.std = tuple(inputs.mean), tuple(inputs.std)
        elif isinstance(inputs, tuple) and len(inputs) == 3:
            self.shape = (inputs[0], inputs[1], inputs[2])
        else:
            expected = "ImageInputs or (height, width, channels)"
            raise ConfigError("the inputs are not images", expected=expected, received=inputs)
        if min(self.shape) < 1:
            raise ConfigError("an image is empty", expected="sizes >= 1", received=self.shape)

    @property
    def channels(self) -> int:
        """How many values a pixel has."""
        return self.shape[2]

    @property
    def side(self) -> int:
        """The shorter side in pixels."""
        return min(self.shape[:2])

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b y x c"]:
        if tuple(x.shape[1:]) != self.shape:
            expected = f"(batch, {', '.join(map(str, self.shape))})"
            raise ShapeError("wrong shape", where=self.path, expected=expected, received=tuple(x.shape))
        kind = x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else jnp.float32
        if not self.mean:
            return jnp.asarray(x, kind)
        mean, std = (jnp.asarray(v, jnp.float32).reshape(1, 1, 1, -1) for v in (self.mean, self.std))
        return ((x.astype(jnp.float32) - mean) / std).astype(kind)


def check_side(features: ImageFeatures, least: int, *, model: str) -> None:
    """Refuse images that are smaller than a model can take.

    Args:
        features: the front, which knows the size.
        least: pixels that the shorter side must have.
        model: its name, for the error.

    Raises:
        ConfigError: a side is too short.
    """
    if features.side < least:
        height, width, _ = features.shape
        raise ConfigError(
            f"images are too small for '{model}'",
            expected=f"at least {least} x {least} pixels",
            received=f"{height} x {width}",
            fix="choose another model, such as resnet, or enlarge the images",
        )
