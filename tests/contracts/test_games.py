"""What every registered generator keeps: a new one is checked by being registered."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.core.tree import named_arrays, with_arrays
from lamina.core.wanted import GAME
from lamina.models import MODELS

pytestmark = pytest.mark.slow  # each compiles several networks

INPUTS = {
    RowSampleInputs: RowSampleInputs((1, 3, 1, 2), labels=3),
    ImageSampleInputs: ImageSampleInputs(10, 9, 2, labels=3),  # neither side can be halved twice
}
SMALL = {"size": 8, "depth": 2, "blocks": 1}
BATCH = 4


def pairs(gives: str) -> Any:
    found = [
        (name, kind)
        for name, spec in MODELS.items()
        if gives in spec.gives
        for kind in spec.takes
        if kind in INPUTS
    ]
    return pytest.mark.parametrize(("name", "kind"), found, ids=[f"{n}-{k.__name__}" for n, k in found])


@functools.cache
def make(name: str, kind: type, seed: int = 0, *, labels: int = 3) -> Any:
    spec = MODELS[name]
    options = {key: value for key, value in SMALL.items() if key in spec.options or key == "size"}
    inputs = INPUTS[kind]
    given = type(inputs)(**{**inputs.__dict__, "labels": labels})
    return spec.build(given, 0, key=seed, **options)


def normal(*shape: int, seed: int = 0) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


LABELS = jnp.array([-1, 0, 1, 2])


@functools.cache
def played(name: str, kind: type, labels: int = 3) -> tuple[Any, Any, Any]:
    """A game, its samples and its scores in training mode, compiled once."""
    model = make(name, kind, labels=labels)

    @jax.jit
    def play(model: Any, noise: Any, label: Any) -> Any:
        x = model.generator(noise, label, train=True)
        return x, model.critic(x, label, train=True)

    return model, play, play(model, normal(BATCH, model.latent), LABELS)


game = pairs(GAME)


@game
def test_a_game_gives_samples_and_scores(name: str, kind: type):
    model, _, (x, score) = played(name, kind)
    assert x.shape == (BATCH, *INPUTS[kind].shape) and x.dtype == jnp.float32
    assert score.shape == (BATCH,) and score.dtype == jnp.float32
    assert np.isfinite(x).all() and np.isfinite(score).all()
    assert not np.allclose(x[0], x[1], atol=1e-3), "noise tells samples apart"
    x = model.generator(20 * normal(BATCH, model.latent), LABELS)
    if kind is ImageSampleInputs:
        assert float(jnp.abs(x).max()) <= 1
    else:
        np.testing.assert_allclose(x[:, 1:4].sum(1), 1, rtol=1e-5)
        np.testing.assert_allclose(x[:, 5:].sum(1), 1, rtol=1e-5)


@game
def test_a_class_changes_samples_and_scores_and_any_is_a_class_of_its_own(name: str, kind: type):
    model, play, _ = played(name, kind)
    noise = jnp.tile(normal(1, model.latent), (BATCH, 1))
    x, _ = play(model, noise, LABELS)
    _, score = play(model, noise, jnp.zeros(BATCH, jnp.int32))
    assert len({np.asarray(one).tobytes() for one in x}) == BATCH
    same = model.critic(jnp.tile(x[:1], (BATCH, *(1,) * (x.ndim - 1))), LABELS)
    assert len(set(np.asarray(same).tolist())) == BATCH and len(set(np.asarray(score).tolist())) == 1


@game
def test_gradients_of_a_game_reach_every_parameter(name: str, kind: type):
    model, _, (x, _) = played(name, kind)
    noise = normal(BATCH, model.latent, seed=1)
    goal, goal_of_scores = normal(*x.shape, seed=2), normal(BATCH, seed=3)

    @jax.jit
    def slopes(model: Any) -> tuple[Any, Any]:
        made = jax.grad(lambda m: (m.generator(noise, LABELS, train=True) * goal).sum())(model)
        judged = jax.grad(lambda m: (m.critic(x, LABELS, train=True) * goal_of_scores).sum())(model)
        return made.generator, judged.critic

    for side in slopes(model):
        for path, array in named_arrays(jax.device_get(side)).items():
            assert np.isfinite(array).all(), path
            silent = "running_" in path or ".bias" in path
            idle = _starts_silent(model, path)
            assert np.any(array) or silent or idle, f"{path} has no part in the output"


def _starts_silent(model: Any, path: str) -> bool:
    """Whether a residual branch that begins as zero stands behind a parameter."""
    return "stages" in path and not path.endswith("third.weight")


@game
def test_arrays_by_name_are_the_whole_game(name: str, kind: type):
    first, play, (x, score) = played(name, kind)
    second = make(name, kind, 1)
    restored = with_arrays(second, {path: np.array(a) for path, a in named_arrays(first).items()})
    again = play(restored, normal(BATCH, first.latent), LABELS)
    np.testing.assert_array_equal(again[0], x)
    np.testing.assert_array_equal(again[1], score)


@game
def test_without_classes_there_are_no_vectors_of_them(name: str, kind: type):
    arrays = named_arrays(make(name, kind, labels=0))
    assert not [path for path in arrays if "vectors" in path]
