"""Averaging over views of a picture."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.module import Module
from lamina.nn import VIEWS, Views


class Corner(Module):
    """The upper left pixel."""

    def __call__(self, x, *, key=None, train=False):
        return x[:, 0, 0]


PICTURE = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("one", 0.0),
        ("flip", (0 + 2) / 2),
        ("shift", (0 + 0 + 4) / 3),
        ("flip-shift", 0.0),
    ],
)
def test_mean_of_views(kind: str, wanted: float):
    model = Views(Corner(), kind=kind)
    outputs, views = jax.device_get(jax.jit(lambda x: (model(x), [view(x) for view in VIEWS[kind]]))(PICTURE))
    found, views = outputs[0, 0], [view[0, 0, 0, 0] for view in views]
    assert found == pytest.approx(np.mean(views), abs=1e-6)
    if kind != "flip-shift":
        assert found == pytest.approx(wanted, abs=1e-6)


def test_training_sees_the_picture_as_it_is():
    assert Views(Corner(), kind="flip")(PICTURE, train=True)[0, 0] == 0.0


def test_unknown_views():
    with pytest.raises(ConfigError, match="views are unknown; expected one, flip, shift, flip-shift"):
        Views(Corner(), kind="many")
