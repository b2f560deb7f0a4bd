"""Test-time augmentation: one prediction, averaged over several views of the same image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.registry import Registry

View = Callable[[Array], Array]
TEST_TIME_AUGMENTATIONS: Registry[tuple[View, ...]] = Registry("test-time augmentation")


def _same(x: Array) -> Array:
    return x


def _mirrored(x: Array) -> Array:
    return x[:, :, ::-1]


def _moved(down: int, right: int) -> View:
    """Return the view a pixel away, the border repeated."""

    def view(x: Array) -> Array:
        padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
        height, width = x.shape[1:3]
        return padded[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width]

    return view


_SHIFTS: tuple[View, ...] = (_same, _moved(-1, -1), _moved(1, 1))
TEST_TIME_AUGMENTATIONS.add("none", (_same,))
TEST_TIME_AUGMENTATIONS.add("flip", (_same, _mirrored))
TEST_TIME_AUGMENTATIONS.add("shift", _SHIFTS)
TEST_TIME_AUGMENTATIONS.add(
    "flip-shift", tuple(lambda x, s=s, m=m: m(s(x)) for s in _SHIFTS for m in (_same, _mirrored))
)


class Augmented(Module):
    """Test-time augmentation: average a model's outputs over several views of each image, at prediction only.

    y = mean_v model(v(x)). Training sees the image as it is. Costs one pass a view.

    Args:
        model: any model of images (batch, height, width, channels).
        kind: name in `TEST_TIME_AUGMENTATIONS`: ``"none"``, ``"flip"``, ``"shift"`` (a pixel
            up-left and down-right) or ``"flip-shift"``.

    Shapes:
        those of the model

    Raises:
        ConfigError: the name is unknown.

    Example:
        >>> import jax.numpy as jnp
        >>> from lamina.nn import Linear, Sequential
        >>> model = Sequential([lambda x: x.reshape(len(x), -1), Linear(4, 1, key=0)])
        >>> Augmented(model, kind="flip")(jnp.ones((3, 2, 2, 1))).shape
        (3, 1)

    References:
        Krizhevsky, Sutskever, Hinton. ImageNet classification with deep convolutional neural
        networks. NeurIPS 2012, section 4.1.
    """

    model: Module
    kind: str = static()

    def __init__(self, model: Module, *, kind: str):
        if kind not in TEST_TIME_AUGMENTATIONS:
            raise ConfigError(
                "unknown test-time augmentation",
                expected=", ".join(TEST_TIME_AUGMENTATIONS),
                received=kind,
            )
        self.model, self.kind = model, kind

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        if train:
            return self.model(x, key=key, train=True)
        # The image as it is comes last, so that its values are those that taps of the model hold.
        views = TEST_TIME_AUGMENTATIONS[self.kind][::-1]
        outputs = [self.model(view(jnp.asarray(x))) for view in views][::-1]
        return sum(outputs[1:], outputs[0]) / len(outputs)
