"""What every registered model keeps that gives codes: a new one is checked by being registered."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError, ShapeError
from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.core.taps import FEATURES, observe
from lamina.core.tree import named_arrays, trainable, with_arrays
from lamina.core.wanted import CODE, POSTERIOR
from lamina.models import MODELS

pytestmark = pytest.mark.slow  # each compiles several networks

INPUTS: dict[type, Any] = {
    RowSampleInputs: RowSampleInputs((1, 3, 1, 2)),
    ImageSampleInputs: ImageSampleInputs(10, 9, 2),  # neither side can be halved twice
}
SMALL = {"size": 8, "depth": 2, "decoder_depth": 1, "latent": 3, "codes": 5}
BATCH = 4


def pairs(*gives: str) -> Any:
    found = [
        (name, kind)
        for name, spec in MODELS.items()
        if set(gives) & set(spec.gives)
        for kind in spec.takes
        if kind in INPUTS
    ]
    return pytest.mark.parametrize(("name", "kind"), found, ids=[f"{n}-{k.__name__}" for n, k in found])


every = pairs(CODE, POSTERIOR)


@functools.cache
def make(name: str, kind: type, seed: int = 0) -> Any:
    spec = MODELS[name]
    options = {key: value for key, value in SMALL.items() if key in spec.options or key == "size"}
    return spec.build(INPUTS[kind], 0, key=seed, **options)


@functools.cache
def samples(kind: type) -> Any:
    shape = INPUTS[kind].shape
    return jax.device_put(np.random.default_rng(0).normal(size=(BATCH, *shape)).astype(np.float32))


def coded(model: Any, x: Any) -> Any:
    alone = model(x[1:2])  # first: a tap keeps what it saw last
    code = model.encode(x, key=jnp.zeros(2, jnp.uint32), train=True)
    first = code[0] if isinstance(code, tuple) else code
    return code, model.decode(first, train=True), model(x), alone


compiled = jax.jit(observe(coded, FEATURES))


@every
def test_a_sample_comes_back_from_its_code(name: str, kind: type):
    model, x = make(name, kind), samples(kind)
    (code, decoded, whole, alone), seen = compiled(model, x)
    assert decoded.shape == x.shape and decoded.dtype == jnp.float32
    assert all(array.shape[0] == BATCH for array in jax.tree.leaves(code))
    if POSTERIOR in MODELS[name].gives:
        assert [array.shape for array in code] == [(BATCH, model.latent)] * 2
    np.testing.assert_allclose(whole, decoded, rtol=1e-4, atol=1e-5)
    assert seen[FEATURES].shape[0] == BATCH and seen[FEATURES].ndim == 2
    np.testing.assert_allclose(alone, whole[1:2], rtol=1e-4, atol=1e-5)


@every
def test_gradients_are_finite_and_reach_every_parameter(name: str, kind: type):
    x, random = samples(kind), np.random.default_rng(1)
    goal = random.normal(size=x.shape).astype(np.float32)
    model = jax.tree.map(  # residual branches that begin as zero would hide those before them
        lambda a: a + 0.1 * random.normal(size=a.shape).astype(np.float32), make(name, kind)
    )

    def score(model: Any) -> Any:
        if hasattr(model, "fill"):  # which uses all that encoding uses
            return (model.fill(x, jnp.zeros((BATCH, 1), jnp.int32), train=True) * goal).sum()
        code, seen = observe(lambda m: m.encode(x, train=True), "*penalty", strict=False)(model)
        if isinstance(code, tuple):
            code = code[0] + jnp.exp(code[1]) + jnp.tile(model.log_scale[:1], model.latent)[None]
        return (model.decode(code, train=True) * goal).sum() + sum(seen.values())

    gradient = named_arrays(jax.device_get(jax.jit(jax.grad(score))(model)))
    trained = named_arrays(jax.tree.map(np.asarray, trainable(model)))
    for path, array in gradient.items():
        assert np.isfinite(array).all(), path
        assert np.any(array) == bool(trained[path]), f"{path} has no part in the output, or a part too many"


@every
def test_arrays_by_name_are_the_whole_model(name: str, kind: type):
    first, second, x = make(name, kind), make(name, kind, 1), samples(kind)
    restored = with_arrays(second, {path: np.array(a) for path, a in named_arrays(first).items()})
    np.testing.assert_array_equal(compiled(restored, x)[0][1], compiled(first, x)[0][1])
    assert not np.array_equal(compiled(second, x)[0][1], compiled(first, x)[0][1])


@every
def test_bfloat16_runs(name: str, kind: type):
    low = jax.tree.map(lambda a: a.astype("bfloat16"), make(name, kind))
    found = jax.eval_shape(coded, low, samples(kind).astype("bfloat16"))
    assert found[1].dtype == jnp.bfloat16


@every
def test_other_shapes_and_other_inputs_are_refused(name: str, kind: type):
    with pytest.raises(ShapeError, match="wrong shape"):
        make(name, kind).encode(jnp.zeros((BATCH, *INPUTS[kind].shape[:-1], INPUTS[kind].shape[-1] + 1)))
    with pytest.raises(ConfigError, match=f"model '{name}' is for samples"):
        MODELS[name].build((3,), 1, key=0)
