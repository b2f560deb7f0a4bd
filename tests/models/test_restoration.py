"""Networks that improve images: any size, any scale, and no further than they see."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.errors import ConfigError, ShapeError
from lamina.core.inputs import DegradedImageInputs
from lamina.core.wanted import IMPROVED
from lamina.models import MODELS, build


def made(name: str, inputs: Any = DegradedImageInputs(1, 1), **options: Any) -> Any:  # noqa: B008
    return build(name, inputs=inputs, outputs=1, size=4, **{"depth": 1, **options})


@pytest.mark.parametrize("name", ["edsr", "drunet"])
@pytest.mark.parametrize(("scale", "fold"), [(1, 2), (2, 1), (4, 2)])
def test_any_size_comes_out_as_many_times_as_fine(name: str, scale: int, fold: int):
    model = made(name, DegradedImageInputs(4, 3, scale), fold=fold)
    for height, width in ((16, 16), (13, 7), (1, 3)):
        out = jax.eval_shape(model, np.zeros((2, height, width, 4), np.float32))
        assert out.shape == (2, height * scale, width * scale, 3)
    assert MODELS[name].gives == (IMPROVED,)


@pytest.mark.parametrize("name", ["edsr", "drunet"])
def test_it_begins_near_nothing_added(name: str):
    x = np.random.default_rng(0).normal(size=(1, 16, 16, 1)).astype(np.float32)
    assert float(np.abs(jax.jit(made(name))(x)).mean()) < 0.05


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("edsr", {"fold": 9}, "fold is out of range; expected 1 to 8"),
        ("drunet", {"levels": 6}, "levels is out of range; expected 0 to 5"),
        ("drunet", {"depth": 65}, "depth is out of range"),
    ],
)
def test_numbers_out_of_range_are_refused(name: str, options: dict[str, int], message: str):
    with pytest.raises(ConfigError, match=message):
        made(name, **options)


def test_other_inputs_are_refused():
    with pytest.raises(ConfigError, match="the inputs are no degraded images"):
        made("edsr", (8, 8, 1))
    with pytest.raises(ShapeError, match="wrong shape"):
        made("edsr")(np.zeros((1, 8, 8, 3), np.float32))
