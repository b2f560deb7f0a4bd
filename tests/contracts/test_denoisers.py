"""What every registered model of samples keeps: a new one is checked by being registered."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.core.random import make_key
from lamina.core.tree import named_arrays, trainable, with_arrays
from lamina.core.wanted import DENOISED
from lamina.models import MODELS

pytestmark = pytest.mark.slow  # each compiles several networks

EXAMPLES, LABELS = 3, 4
SPACES: dict[type, Any] = {
    ImageSampleInputs: ImageSampleInputs(9, 8, 2, LABELS),
    RowSampleInputs: RowSampleInputs((1, 1, 3), LABELS),
}
SMALL = {"depth": 1, "blocks": 1}


def of_kind(kind: str) -> list[tuple[str, type]]:
    """Names of the models that give these outputs, with each kind of samples they take."""
    specs = [(name, spec) for name, spec in MODELS.items() if kind in spec.gives]
    return [(name, space) for name, spec in specs for space in spec.takes if space in SPACES]


@functools.cache
def make(name: str, space: type, seed: int = 0) -> Any:
    """A small model whose weights that begin at zero are moved a little."""
    spec = MODELS[name]
    options = {key: value for key, value in SMALL.items() if key in spec.options}
    model = spec.build(SPACES[space], 1, size=8, key=seed, **options)
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda a: (a + 0.1 * random.normal(size=np.shape(a))).astype(np.float32), model)


def sample(space: type, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(EXAMPLES, *SPACES[space].shape)).astype(np.float32)


denoisers = pytest.mark.parametrize(("name", "space"), of_kind(DENOISED))
LEVELS, KEY = np.array([0.0, 0.5, 1.0], np.float32), make_key(0)
CLASSES, ANY = np.array([0, 3, -1], np.int32), np.full(EXAMPLES, -1, np.int32)


@jax.jit
def denoise(model: Any, x: Any, level: Any, label: Any) -> Any:
    return model(x, level, label)


@denoisers
def test_a_denoiser_gives_the_shape_of_the_sample(name: str, space: type):
    model, x = make(name, space), sample(space)
    found = denoise(model, x, LEVELS, CLASSES)
    assert (found.shape, found.dtype) == (x.shape, jnp.float32)
    assert np.isfinite(found).all()


@denoisers
def test_a_denoiser_hears_level_and_class_of_each_example_alone(name: str, space: type):
    model, x = make(name, space), sample(space)
    found = denoise(model, x, LEVELS, CLASSES)
    of_any, of_level = denoise(model, x, LEVELS, ANY), denoise(model, x, LEVELS[::-1], CLASSES)
    is_other = [
        np.abs(np.asarray(found - other)).reshape(EXAMPLES, -1).max(axis=1) > 1e-5
        for other in (of_any, of_level)
    ]
    assert is_other[0].tolist() == [True, True, False]
    assert is_other[1].tolist() == [True, False, True]
    np.testing.assert_allclose(
        denoise(model, x[1:2], LEVELS[1:2], CLASSES[1:2]), found[1:2], rtol=2e-4, atol=2e-5
    )


@denoisers
def test_gradients_of_a_denoiser_are_finite_and_reach_every_parameter(name: str, space: type):
    model, x = make(name, space), sample(space)
    goal = np.cos(np.arange(x.size, dtype=np.float32)).reshape(x.shape)

    def loss(model: Any) -> Any:
        return ((model(x, LEVELS, CLASSES, key=KEY, train=True) - goal) ** 2).mean()

    found = named_arrays(jax.device_get(jax.jit(jax.grad(loss))(model)))
    trained = named_arrays(jax.tree.map(np.asarray, trainable(model)))
    for path, array in found.items():
        assert np.isfinite(array).all(), path
        assert np.any(array) == bool(trained[path]), path


@denoisers
def test_arrays_by_name_are_the_whole_denoiser(name: str, space: type):
    first, second, x = make(name, space), make(name, space, 1), sample(space)
    stored = {path: np.array(array) for path, array in named_arrays(first).items()}
    restored = with_arrays(second, stored)
    np.testing.assert_array_equal(denoise(restored, x, LEVELS, CLASSES), denoise(first, x, LEVELS, CLASSES))
    assert not np.array_equal(denoise(second, x, LEVELS, CLASSES), denoise(first, x, LEVELS, CLASSES))


@denoisers
def test_without_classes_a_denoiser_has_no_vectors_for_them(name: str, space: type):
    plain = ImageSampleInputs(9, 8, 2) if space is ImageSampleInputs else RowSampleInputs((1, 1, 3))
    model = MODELS[name].build(plain, 1, size=8, key=0)
    assert not [path for path in named_arrays(model) if "label" in path]
    assert jax.eval_shape(model, sample(space), LEVELS, ANY).shape == sample(space).shape


@denoisers
def test_a_denoiser_runs_in_bfloat16(name: str, space: type):
    low = jax.tree.map(lambda a: a.astype(jnp.bfloat16), make(name, space))
    found = jax.eval_shape(low, sample(space).astype(jnp.bfloat16), LEVELS, CLASSES)
    assert (found.shape, found.dtype) == (sample(space).shape, jnp.bfloat16)
