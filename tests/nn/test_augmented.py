"""Averaging over views of an image."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.module import Module
from lamina.nn import TEST_TIME_AUGMENTATIONS, Augmented


class Corner(Module):
    """The upper left pixel."""

    def __call__(self, x, *, key=None, train=False):
        return x[:, 0, 0]


IMAGE = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("none", 0.0),
        ("flip", (0 + 2) / 2),
        ("shift", (0 + 0 + 4) / 3),
        ("flip-shift", 0.0),
    ],
)
def test_mean_of_views(kind: str, wanted: float):
    model = Augmented(Corner(), kind=kind)
    outputs, views = jax.device_get(
        jax.jit(lambda x: (model(x), [view(x) for view in TEST_TIME_AUGMENTATIONS[kind]]))(IMAGE)
    )
    found, views = outputs[0, 0], [view[0, 0, 0, 0] for view in views]
    assert found == pytest.approx(np.mean(views), abs=1e-6)
    if kind != "flip-shift":
        assert found == pytest.approx(wanted, abs=1e-6)


def test_training_sees_the_image_as_it_is():
    assert Augmented(Corner(), kind="flip")(IMAGE, train=True)[0, 0] == 0.0


def test_unknown_views():
    with pytest.raises(
        ConfigError, match="unknown test-time augmentation; expected none, flip, shift, flip-shift"
    ):
        Augmented(Corner(), kind="many")
