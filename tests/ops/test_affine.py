"""Weighted sums with bias and activation: the kernels against the plain formula, with all gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops import affine as affine_module
from lamina.ops.affine import (
    ActivationName,
    affine,
    native_affine,
    native_input_gradient,
    native_weight_gradient,
    plain_affine,
    plain_input_gradient,
    plain_weight_gradient,
)
from lamina.ops.dispatch import TABLE
from lamina.ops.native import library

needs_kernel = pytest.mark.skipif(not library.has_kernels("dense", "float32"), reason="no C++ compiler here")
RANDOM = np.random.default_rng(0)
ACTIVATION_NAMES: list[ActivationName] = ["identity", "relu"]


def normal(*shape: int) -> jax.Array:
    return jax.device_put(RANDOM.normal(size=shape).astype(np.float32))


def formula(x: jax.Array, weight: jax.Array, bias: jax.Array, activation: ActivationName) -> jax.Array:
    y = jnp.einsum("...i,oi->...o", x, weight) + bias.reshape((1,) * (x.ndim - 1) + bias.shape)
    return jnp.where(y > 0, y, 0) if activation == "relu" else y


def agree(found: tuple, expected: tuple, *, rounding: float = 1e-5) -> None:
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        largest = float(np.abs(b).max(initial=1.0))
        np.testing.assert_allclose(a, b, rtol=rounding, atol=rounding * largest)


@pytest.mark.parametrize("activation", ACTIVATION_NAMES)
@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5), (0, 5)])
def test_the_layer_and_its_gradients(shape: tuple[int, ...], activation: ActivationName):
    operands, goal = (normal(*shape), normal(4, 5), normal(4)), normal(*shape[:-1], 4)

    def of(layer: Callable) -> Any:
        def loss(*operands: jax.Array) -> tuple[jax.Array, jax.Array]:
            y = layer(*operands, activation=activation)
            return (y * goal).sum(), y

        return jax.jit(jax.grad(loss, argnums=(0, 1, 2), has_aux=True))(*operands)

    agree(of(affine), of(formula))


@needs_kernel
@pytest.mark.parametrize("activation", ACTIVATION_NAMES)
@pytest.mark.parametrize("sizes", [(1, 1, 1), (7, 5, 3), (128, 64, 10), (130, 200, 100), (2100, 70, 40)])
def test_the_kernels_are_the_formulas(sizes: tuple[int, int, int], activation: ActivationName):
    rows, inputs, outputs = sizes
    x, weight, bias, change = (
        normal(rows, inputs),
        normal(outputs, inputs),
        normal(1, outputs),
        normal(rows, outputs),
    )
    y = plain_affine(x, weight, bias, activation=activation)
    kept = (y,) if activation == "relu" else ()

    def of(layer: Callable, weight_gradient: Callable, input_gradient: Callable) -> Any:
        def all_three(x: jax.Array, weight: jax.Array) -> tuple[Any, ...]:
            own = layer(x, weight, bias, activation=activation)
            return own, weight_gradient(change, x, *kept), input_gradient(change, y, weight)

        return jax.jit(all_three)(x, weight)

    found = of(native_affine, native_weight_gradient, native_input_gradient)
    agree(found, of(plain_affine, plain_weight_gradient, plain_input_gradient), rounding=2e-5)


@needs_kernel
@pytest.mark.parametrize("activation", ACTIVATION_NAMES)
@pytest.mark.parametrize("shares", [True, False])
@pytest.mark.parametrize("members", [3, 24])
def test_a_population_is_a_loop_over_members(
    members: int, shares: bool, activation: ActivationName, monkeypatch
):
    x = normal(*([] if shares else [members]), 64, 40)
    weight, bias, goal = normal(members, 30, 40), normal(members, 30), normal(64, 30)
    if members > 20:
        calls = []
        call = library.call
        monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))

    def loss(x: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
        return (affine(x, weight, bias, activation=activation) ** 2 * goal).sum()

    gradient = jax.grad(loss, argnums=(0, 1, 2))
    found = jax.jit(jax.vmap(gradient, in_axes=(None if shares else 0, 0, 0)))(x, weight, bias)
    found, own = jax.device_get((found, (x, weight, bias)))
    alone = jax.jit(jax.grad(lambda *o: (formula(*o, activation) ** 2 * goal).sum(), argnums=(0, 1, 2)))
    for member in range(members):
        expected = alone(own[0] if shares else own[0][member], own[1][member], own[2][member])
        agree(jax.tree.map(lambda a, k=member: a[k], found), expected)
    if members > 20:
        assert {"affine", "affine_weight_gradient"} <= set(calls), "large populations take the kernels"


@needs_kernel
def test_single_layers_of_middle_size_take_the_kernels(monkeypatch: pytest.MonkeyPatch):
    calls = []
    call = library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))
    x, weight, bias = normal(128, 300), normal(200, 300), normal(200)
    assert TABLE["single_product"].limits["multiplications"].at_least < 128 * 300 * 200
    gradient = jax.grad(lambda w, x: (affine(x, w, bias, activation="relu") ** 2).sum())
    jax.eval_shape(gradient, weight, x)
    assert sorted(set(calls)) == ["affine", "affine_input_gradient", "affine_weight_gradient"]
    calls.clear()
    jax.eval_shape(gradient, weight, normal(9000, 300))
    assert "affine_weight_gradient" in calls, "long sums too"
    calls.clear()
    affine(x[:8], weight[:8], bias[:8])
    assert not calls


@pytest.mark.parametrize("is_native", [pytest.param(True, marks=needs_kernel), False])
def test_second_derivatives(is_native: bool, monkeypatch: pytest.MonkeyPatch):
    if not is_native:
        monkeypatch.setattr(affine_module.library, "has_kernels", lambda *_: False)
    x, weights, biases = normal(64, 40), normal(16, 30, 40), normal(16, 30)

    def curvature(weight: jax.Array, bias: jax.Array, of) -> jax.Array:
        def slope(w: jax.Array) -> jax.Array:
            return (jax.grad(lambda w: (of(x, w, bias) ** 3).sum())(w) ** 2).sum()

        return jax.grad(slope)(weight)

    found, expected = (
        jax.jit(jax.vmap(lambda w, b, of=of: curvature(w, b, functools.partial(of, activation="relu"))))(
            weights, biases
        )
        for of in (affine, formula)
    )
    agree(found, expected, rounding=1e-3)


@needs_kernel
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_stays_so(bad: float):
    x = np.array(normal(128, 300))
    x[5, 7] = bad
    y = affine(jnp.array(x), abs(normal(200, 300)), normal(200), activation="relu")
    assert not np.isfinite(np.asarray(y)[5]).any()
    assert np.isfinite(np.delete(np.asarray(y), 5, axis=0)).all()
