"""Densities of rows: exact, invertible, and conditional on the class."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import RowSampleInputs
from lamina.core.tree import named_arrays, with_arrays
from lamina.models import build
from lamina.models.category_chain import CategoryChain
from lamina.models.coupling import Affine, Coupling, Spline
from lamina.models.row_density import _kept

pytestmark = pytest.mark.slow  # each compiles several networks

both = pytest.mark.parametrize("name", ["realnvp", "spline-flow"])
GROUPS = (1, 3, 1, 2, 1)


@functools.cache
def stirred(name: str, groups: tuple[int, ...] = GROUPS, labels: int = 3) -> Any:
    """A model whose weights are far from where they begin, so that nothing is the identity."""
    model = build(name, inputs=RowSampleInputs(groups, labels), outputs=0, size=16, depth=4, seed=0)
    random = np.random.default_rng(0)
    arrays = {
        path: np.asarray(array) + 0.1 * random.normal(size=np.shape(array)).astype(np.float32)
        for path, array in named_arrays(model).items()
    }
    return with_arrays(model, arrays)


def rows(count: int, groups: tuple[int, ...] = GROUPS) -> jax.Array:
    random = np.random.default_rng(1)
    parts = [
        random.normal(size=(count, 1)) if one == 1 else np.eye(one)[random.integers(one, size=count)]
        for one in groups
    ]
    return jnp.asarray(np.concatenate(parts, axis=1), jnp.float32)


@both
def test_samples_come_from_the_noise_that_they_are_mapped_to(name: str):
    model, label = stirred(name), jnp.array([-1, 0, 1, 2] * 50)
    noise = 0.8 * jnp.asarray(np.random.default_rng(2).normal(size=(200, 8)), jnp.float32)
    x = jax.jit(lambda model, noise: model.sample(noise, label))(model, noise)
    assert x.shape == (200, 8)
    assert set(np.unique(x[:, 1:4])) == {0.0, 1.0}
    np.testing.assert_array_equal(x[:, 1:4].sum(1), 1)
    np.testing.assert_array_equal(x[:, 5:7].sum(1), 1)
    np.testing.assert_allclose(model.normal(x, label), noise[:, np.array([0, 4, 7])], atol=1e-3)


@both
def test_the_density_of_two_numbers_integrates_to_one(name: str):
    model = stirred(name, (1, 1), 0)
    axis = np.linspace(-9, 9, 361)
    places = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2).astype(np.float32)
    density = jax.jit(lambda model, x: jnp.exp(model.log_density(x, jnp.zeros(len(x), jnp.int32))))
    total = float(density(model, places).sum()) * (axis[1] - axis[0]) ** 2
    assert total == pytest.approx(1.0, abs=0.02)


@both
def test_the_determinant_is_that_of_the_jacobian(name: str):
    model = stirred(name, (1, 1, 1), 0)
    x, label = rows(6, (1, 1, 1)), jnp.zeros(6, jnp.int32)
    jacobians = jax.vmap(jax.jacrev(lambda one: model.normal(one[None], label[:1])[0]))(x)
    z = model.normal(x, label)
    expected = -0.5 * (z**2 + np.log(2 * np.pi)).sum(1) + np.linalg.slogdet(np.asarray(jacobians))[1]
    np.testing.assert_allclose(model.log_density(x, label), expected, atol=2e-3)


def test_probabilities_of_categories_sum_to_one_and_are_those_of_samples():
    model = stirred("realnvp", (2, 3), 2)
    all_rows = np.array([[*np.eye(2)[i], *np.eye(3)[j]] for i, j in itertools.product(range(2), range(3))])
    x, label = jnp.asarray(all_rows, jnp.float32), jnp.ones(6, jnp.int32)
    probability = np.exp(model.log_density(x, label))
    assert probability.sum() == pytest.approx(1.0, abs=1e-5)
    assert not np.allclose(probability, np.exp(model.log_density(x, 0 * label)), atol=1e-3)
    noise = jnp.asarray(np.random.default_rng(0).normal(size=(6000, 5)), jnp.float32)
    drawn = model.sample(noise, jnp.ones(6000, jnp.int32))
    shares = (np.asarray(drawn)[:, None] == all_rows).all(2).mean(0)
    np.testing.assert_allclose(shares, probability, atol=0.03)
    best = model.sample(jnp.zeros((1, 5)), jnp.ones(1, jnp.int32))
    first = probability.reshape(2, 3).sum(1).argmax()
    assert best[0, :2].argmax() == first
    assert best[0, 2:].argmax() == probability.reshape(2, 3)[first].argmax()


def test_a_category_depends_on_those_before_it_alone():
    chain = CategoryChain((2, 3, 2), width=8, depth=1, key=0)
    random = np.random.default_rng(0)
    chain = jax.tree.map(lambda a: a + 0.5 * random.normal(size=a.shape).astype(np.float32), chain)
    jacobian = jax.jacrev(lambda x: chain.logits(x[None], jnp.zeros((1, 8)))[0])(jnp.ones(7) * 0.3)
    group = np.repeat(range(3), (2, 3, 2))
    assert (np.asarray(jacobian)[group[:, None] <= group] == 0).all()
    assert (np.abs(np.asarray(jacobian)[5:, :5]).max(0) > 0).all()


def test_a_category_that_training_never_saw_is_as_improbable_as_any():
    model = stirred("realnvp", (3,), 0)
    x, label = jnp.concatenate([jnp.eye(3), jnp.zeros((1, 3))]), jnp.zeros(4, jnp.int32)
    found = np.asarray(model.log_density(x, label))
    assert found[3] == pytest.approx(found[:3].min())


@both
@pytest.mark.parametrize("groups", [(1,), (4,), (1, 2), (1, 1, 1, 1, 1)])
def test_rows_of_any_kind_with_and_without_classes(name: str, groups: tuple[int, ...]):
    for labels in (0, 2):
        model = build(name, inputs=RowSampleInputs(groups, labels), outputs=0, size=8, depth=2, seed=1)
        x = rows(4, groups)
        density = model(x, jnp.array([0, 1, -1, 0]))
        assert density.shape == (4,) and np.isfinite(density).all()
        assert bool([path for path in named_arrays(model) if "label" in path]) == bool(labels)


def test_every_number_is_moved_and_kept_in_turn():
    for count in (2, 3, 7):
        kept = _kept(count, 6)
        for first, second in zip(kept[::2], kept[1::2], strict=True):
            assert sorted((*first, *second)) == list(range(count))
    assert _kept(1, 3) == [(), (), ()]


@pytest.mark.parametrize("transform", [Affine(), Spline(4)])
def test_a_coupling_begins_near_the_identity_and_dropout_needs_training(transform: Any):
    layer = Coupling(3, (1,), transform, width=8, depth=1, dropout=0.5, key=0)
    x, context = rows(5, (1, 1, 1)), jnp.ones((5, 8))
    y, log_slope = layer(x, context)
    np.testing.assert_allclose(y, x, atol=0.02)
    np.testing.assert_allclose(log_slope, 0, atol=0.02)
    np.testing.assert_array_equal(y[:, 1], x[:, 1])
    np.testing.assert_allclose(layer.inverse(y, context), x, atol=1e-5)
    assert (layer(x, context, key=1, train=True)[0] != y).any()
