"""The end of a step: kernels and XLA follow the formulas; what is not finite changes nothing."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.native import library
from lamina.ops.update import (
    EPSILON,
    Factors,
    Moments,
    adam_step,
    all_finite,
    native_adam_step,
    native_all_finite,
    plain_adam_step,
    plain_all_finite,
)

SHAPES = [(600, 257), (257,), (), (5, 3, 1)]  # more than one piece, not whole vectors, one number
DECAYS = [True, False, False, True]
FACTORS = Factors(*(jnp.float32(x) for x in (0.01, 0.9, 0.999, 0.3)), steps=jnp.int32(3))
needs_kernel = pytest.mark.skipif(
    not library.has_kernels("update", np.float32), reason="the kernels cannot be compiled here"
)
IMPLEMENTATIONS = [
    pytest.param(plain_adam_step, id="plain"),
    pytest.param(native_adam_step, id="native", marks=needs_kernel),
]


def arrays(seed: int, *, members: int | None = None, positive: bool = False) -> list[jax.Array]:
    random, front = np.random.default_rng(seed), () if members is None else (members,)
    found = [random.normal(size=(*front, *shape)).astype(np.float32) for shape in SHAPES]
    return [jax.device_put(abs(array) if positive else array) for array in found]


def moments(members: int | None = None) -> Moments:
    return Moments(
        arrays(0, members=members), arrays(1, members=members), arrays(2, members=members, positive=True)
    )


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_adam_by_its_formula(implementation: Any):
    now, gradient = moments(), arrays(3)
    found = jax.jit(lambda now, g: implementation(FACTORS, jnp.bool_(True), now, g, DECAYS))(now, gradient)
    lr, beta1, beta2, decay, steps = (np.float64(x) for x in FACTORS)
    for i, decays in enumerate(DECAYS):
        w, m, v, g = (np.asarray(x[i], np.float64) for x in (*now, gradient))
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        step = m / (1 - beta1**steps) / (np.sqrt(v / (1 - beta2**steps)) + EPSILON)
        w = w - lr * (step + decay * decays * w)
        for one, other in zip((w, m, v), (own[i] for own in found), strict=True):
            np.testing.assert_allclose(other, one, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_sparse_adam_moves_only_what_has_a_gradient(implementation: Any):
    now, gradient = moments(), [np.array(array) for array in arrays(3)]
    gradient[0][:400] = 0.0  # whole stretches of the kernel
    gradient[0][450, ::3] = -0.0  # single numbers
    gradient[1][:] = 0.0

    def step(sparse: bool) -> Any:
        return jax.jit(lambda n, g: implementation(FACTORS, jnp.bool_(True), n, g, DECAYS, sparse=sparse))(
            now, gradient
        )

    sparse, dense = step(True), step(False)
    for place, own in enumerate(gradient):
        for before, after, full in zip(now, sparse, dense, strict=True):
            moved = np.asarray(own != 0)
            np.testing.assert_array_equal(np.where(moved, 0, after[place]), np.where(moved, 0, before[place]))
            np.testing.assert_allclose(after[place][moved], full[place][moved], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_step_that_is_not_finite_changes_no_bit(implementation: Any):
    now, gradient = moments(), [np.full_like(array, np.nan) for array in arrays(3)]
    first = FACTORS._replace(steps=jnp.int32(0))
    found = jax.jit(lambda now, g: implementation(first, jnp.bool_(False), now, g, DECAYS))(now, gradient)
    jax.tree.map(np.testing.assert_array_equal, found, now)


@needs_kernel
def test_every_member_of_a_population_has_factors_of_its_own():
    now, gradient, finite = moments(3), arrays(3, members=3), jnp.array([True, False, True])
    factors = FACTORS._replace(lr=jnp.array([0.1, 0.2, 0.3]), steps=jnp.array([1, 7, 1000]))
    axes = (Factors(0, None, None, None, 0), 0, 0, 0)  # type: ignore[arg-type]

    def together(implementation: Any) -> Any:
        return jax.jit(jax.vmap(lambda *a: implementation(*a, DECAYS), in_axes=axes))(
            factors, finite, now, gradient
        )

    found, expected = together(native_adam_step), together(plain_adam_step)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-6), found, expected)


@needs_kernel
def test_float32_arrays_take_the_kernel_and_no_others(monkeypatch: pytest.MonkeyPatch):
    taken: list[str] = []
    real = library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: taken.append(name) or real(name, *a, **k))

    @jax.jit
    def step(now: Moments, gradient: list[jax.Array]) -> tuple[jax.Array, Moments]:
        finite = all_finite(gradient)
        return finite, adam_step(FACTORS, finite, now, gradient, decays=[False] * len(gradient))

    full, gradient = jax.device_get((moments(), arrays(3)))
    assert step(full, gradient)[0]
    assert taken == ["finite", "adam"]
    low = full._replace(weight=[array.astype(jnp.bfloat16) for array in full.weight])
    assert step(low, [array.astype(jnp.bfloat16) for array in gradient])[0]
    assert taken == ["finite", "adam"]


@pytest.mark.parametrize(
    "implementation",
    [
        pytest.param(native_all_finite, id="native", marks=needs_kernel),
        pytest.param(plain_all_finite, id="plain"),
    ],
)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_none_is_found_wherever_it_lies(implementation: Any, bad: float):
    whole = jax.device_get(arrays(0))
    found = jax.jit(implementation)
    assert found(whole)
    for i, shape in enumerate(SHAPES):
        for place in {0, max(0, int(np.prod(shape)) - 1)}:
            broken = [array.copy() for array in whole]
            broken[i].reshape(-1)[place] = bad
            assert not found(broken)


@needs_kernel
def test_each_member_is_finite_or_not_by_itself():
    several = [np.array(array) for array in arrays(0, members=4)]
    several[1][2, 5] = np.nan
    assert jax.jit(jax.vmap(all_finite))(several).tolist() == [True, True, False, True]


@needs_kernel
def test_the_largest_numbers_are_finite():
    assert all_finite([jnp.array(np.full(1000, np.finfo(np.float32).max))])
