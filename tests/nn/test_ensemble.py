"""Layers of many members, and stacks of many blocks: each is a loop written otherwise."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from lamina.core import random
from lamina.core.errors import ConfigError
from lamina.core.module import replace
from lamina.nn import (
    BatchEnsembleLinear,
    Dropout,
    Ensemble,
    Linear,
    MemberLinear,
    MemberScale,
    Sequential,
    Stack,
    relu,
    stack_modules,
)

X = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
applied = jax.jit(lambda layer, x: layer(x))


def test_member_linear_is_one_linear_a_member():
    layer, x = MemberLinear(5, 4, members=3, key=0), np.stack([X, 2 * X, 3 * X], axis=1)
    y = np.asarray(applied(layer, x))
    for k in range(3):
        expected = x[:, k] @ layer.weight[k].T + layer.bias[k]
        np.testing.assert_allclose(y[:, k], expected, rtol=1e-5, atol=1e-6)


def test_batch_ensemble_is_a_scaled_product_a_member():
    draw = np.random.default_rng(1).normal
    layer = BatchEnsembleLinear(5, 4, members=3, key=0)
    layer = replace(layer, r=draw(size=(3, 5)).astype(np.float32), s=draw(size=(3, 4)).astype(np.float32))
    y = np.asarray(applied(layer, np.stack([X] * 3, axis=1)))
    for k in range(3):
        weight = layer.s[k][:, None] * layer.linear.weight * layer.r[k]
        expected = X @ weight.T + layer.bias[k]
        np.testing.assert_allclose(y[:, k], expected, rtol=1e-4, atol=1e-5)


def test_member_scale_gives_each_member_its_own_view():
    weight = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    np.testing.assert_allclose(applied(MemberScale(weight), X), X[:, None] * weight[None], rtol=1e-6)


def members() -> list[Sequential]:
    return [
        Sequential([Linear(5, 8, key=seed), relu, Dropout(0.5), Linear(8, 2, key=seed + 9)])
        for seed in range(3)
    ]


def test_ensemble_is_a_loop_over_its_members():
    y = np.asarray(applied(Ensemble(members()), X))
    assert y.shape == (6, 3, 2)
    for k, model in enumerate(members()):
        np.testing.assert_allclose(y[:, k], applied(model, X), rtol=1e-5, atol=1e-6)


def test_members_of_an_ensemble_learn_as_if_alone():
    """The mean over members in the loss does not make each one's steps smaller."""
    models = [Linear(5, 2, key=seed) for seed in range(3)]
    gradient = jax.jit(jax.grad(lambda model: (model(X) ** 2).mean()))
    together = np.asarray(gradient(Ensemble(models)).model.weight)
    for k, model in enumerate(models):
        np.testing.assert_allclose(together[k], gradient(model).weight, rtol=1e-5, atol=1e-7)


def test_members_of_an_ensemble_drop_different_places():
    same = [members()[0]] * 3
    y = np.asarray(
        jax.jit(lambda layer, key: layer(X, key=key, train=True))(Ensemble(same), random.make_key(0))
    )
    assert not np.allclose(y[:, 0], y[:, 1])


class Residual(Linear):
    def __call__(self, x, *, key=None, train=False):
        return x + relu(super().__call__(x))


@pytest.mark.parametrize("unroll", [False, True])
def test_stack_is_a_loop_over_its_blocks(unroll: bool):
    stack = Stack(lambda key: Residual(5, 5, key=key), depth=4, unroll=unroll, key=7)
    x = X
    for key in random.split(7, 4):
        x = applied(Residual(5, 5, key=key), x)
    np.testing.assert_allclose(applied(stack, X), x, rtol=1e-5, atol=1e-6)


def test_stack_compiles_one_block_whatever_the_depth():
    def length(depth: int) -> int:
        stack = Stack(lambda key: Residual(5, 5, key=key), depth=depth, key=0)
        return len(applied.lower(stack, X).as_text())

    assert length(12) < 1.05 * length(3)


def test_a_stack_of_nothing_is_the_identity():
    assert Stack(lambda key: Linear(5, 5, key=key), depth=0, key=0)(X) is X
    with pytest.raises(ConfigError, match="depth is out of range; expected >= 0, got -1"):
        Stack(lambda key: Linear(5, 5, key=key), depth=-1, key=0)


def test_stacked_modules_make_a_population():
    models = [Linear(5, 2, key=seed) for seed in range(4)]
    population = stack_modules(models)
    y = np.asarray(jax.jit(jax.vmap(lambda model: model(X)))(population))
    for k, model in enumerate(models):
        np.testing.assert_allclose(y[k], applied(model, X), rtol=1e-5, atol=1e-6)
    keys = np.stack([random.make_key(seed) for seed in range(4)])
    made = jax.jit(jax.vmap(lambda key: Linear(5, 2, key=key)))(keys)
    np.testing.assert_allclose(made.weight, population.weight, rtol=1e-6)
