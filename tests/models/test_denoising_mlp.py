"""The network that takes the noise out of rows: which features it sees as waves."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.inputs import RowSampleInputs
from lamina.models import build
from lamina.models.denoising_mlp import WAVE_WIDTH


def make(groups: tuple[int, ...]) -> object:
    return build("denoising-mlp", inputs=RowSampleInputs(groups), outputs=1, size=8, depth=1, seed=0)


def test_numbers_are_seen_as_waves_and_categories_as_they_are():
    model = make((3, 1, 2, 1))
    assert model.numbers == (3, 6)  # type: ignore[attr-defined]
    assert model.stem.weight.shape == (8, 7 + 2 * WAVE_WIDTH)  # type: ignore[attr-defined]
    x = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    found = jax.jit(lambda model, x: model._seen(x))(model, x)
    np.testing.assert_array_equal(found[:, :7], x)
    moved = x.copy()
    moved[:, 1] += 1.0  # a category
    other = jax.jit(lambda model, x: model._seen(x))(model, moved)
    np.testing.assert_array_equal(other[:, 7:], found[:, 7:])


def test_rows_of_categories_alone_have_no_waves():
    model = make((3, 2))
    assert model.waves is None and model.stem.weight.shape == (8, 5)  # type: ignore[attr-defined]
    found = model(jnp.zeros((2, 5)), jnp.zeros(2), jnp.full(2, -1))  # type: ignore[operator]
    assert found.shape == (2, 5)
