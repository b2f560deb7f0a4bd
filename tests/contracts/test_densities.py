"""What every registered model of a density keeps: a new one is checked by being registered."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import RowSampleInputs
from lamina.core.random import Blank
from lamina.core.tree import named_arrays, with_arrays
from lamina.core.wanted import DENSITY
from lamina.models import MODELS

pytestmark = pytest.mark.slow  # each compiles several networks

SPACE = RowSampleInputs((1, 3, 1, 2), labels=3)
LABELS = jnp.array([-1, 0, 1, 2])
every = pytest.mark.parametrize("name", [name for name, spec in MODELS.items() if DENSITY in spec.gives])


@functools.cache
def make(name: str, seed: int = 0) -> Any:
    """A model whose weights are far from where they begin."""
    spec = MODELS[name]
    options = {key: value for key, value in {"depth": 2}.items() if key in spec.options}
    model = spec.build(SPACE, 0, size=8, key=seed, **options)
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda a: a + 0.2 * random.normal(size=np.shape(a)).astype(np.float32), model)


def rows() -> jax.Array:
    random = np.random.default_rng(0)
    numbers, first, second = random.normal(size=(4, 2)), np.eye(3)[[0, 1, 2, 0]], np.eye(2)[[0, 1, 1, 0]]
    whole = np.concatenate([numbers[:, :1], first, numbers[:, 1:], second], axis=1)
    return jnp.asarray(whole, jnp.float32)


@functools.cache
def programs() -> Any:
    density = jax.jit(lambda model, x, label: model.log_density(x, label))
    sample = jax.jit(lambda model, noise, label: model.sample(noise, label))
    gradient = jax.jit(jax.grad(lambda model, x, label: model.log_density(x, label, train=True).sum()))
    return density, sample, gradient


@every
def test_densities_and_samples(name: str):
    density, sample, _ = programs()
    model, x = make(name), rows()
    found = density(model, x, LABELS)
    assert found.shape == (4,) and found.dtype == jnp.float32 and np.isfinite(found).all()
    np.testing.assert_allclose(model.log_density(x, LABELS), found, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model(x, LABELS), found, rtol=1e-3, atol=1e-4)
    noise = jnp.asarray(np.random.default_rng(1).normal(size=(4, 7)), jnp.float32)
    made = sample(model, noise, LABELS)
    assert made.shape == x.shape and made.dtype == jnp.float32
    np.testing.assert_array_equal(made[:, 1:4].sum(1), 1)
    assert np.isfinite(density(model, made, LABELS)).all()


@every
def test_a_class_changes_density_and_samples(name: str):
    density, sample, _ = programs()
    model, x = make(name), jnp.tile(rows()[:1], (4, 1))
    assert len(set(np.asarray(density(model, x, LABELS)).tolist())) == 4
    assert len({np.asarray(one).tobytes() for one in sample(model, 0.3 * jnp.ones((4, 7)), LABELS)}) == 4


@every
def test_gradient_reaches_every_parameter(name: str):
    slopes = programs()[2](make(name), rows(), LABELS)
    for path, array in named_arrays(jax.device_get(slopes)).items():
        assert np.isfinite(array).all(), path
        assert np.any(array), f"{path} has no part in the density"


@every
def test_arrays_by_name_are_the_whole_model(name: str):
    density, _, _ = programs()
    first, second, x = make(name), make(name, 1), rows()
    restored = with_arrays(second, {path: np.array(a) for path, a in named_arrays(first).items()})
    assert jax.tree.structure(restored) == jax.tree.structure(first)
    np.testing.assert_array_equal(density(restored, x, LABELS), density(first, x, LABELS))
    blank = MODELS[name].build(SPACE, 0, size=8, key=Blank(1 << 20))
    whole = MODELS[name].build(SPACE, 0, size=8, key=5)
    assert jax.tree.structure(blank) == jax.tree.structure(whole)
