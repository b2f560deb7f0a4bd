"""The selective scan against the formula written out, its forms against one another, and its memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops import selective_scan as module
from lamina.ops.dispatch import TABLE, Limit
from lamina.ops.native import library
from lamina.ops.selective_scan import native_scan, plain_scan, selective_scan, suits_kernel

BATCH, FEATURES, STATE = 2, 5, 3
needs_kernel = pytest.mark.skipif(
    not library.has_kernels("selective_scan", "float32"), reason="no C++ compiler here"
)


def operands(time: int, *, features: int = FEATURES, state: int = STATE, seed: int = 0) -> tuple[Any, ...]:
    """x, Δ, A, B, C, D and the first state."""
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> Any:
        return jnp.asarray(random.normal(size=shape), jnp.float32)

    delta = jnp.logaddexp(normal(BATCH, time, features) - 1.0, 0.0)
    inside = [normal(BATCH, time, state) for _ in range(2)]
    rates = -jnp.exp(normal(state, features))
    return (
        normal(BATCH, time, features), delta, rates, *inside, normal(features), normal(BATCH, state, features)
    )  # fmt: skip


def written_out(x: Any, delta: Any, a: Any, b: Any, c: Any, d: Any, state: Any) -> tuple[Any, Any]:
    """The recurrence, position by position."""

    def step(state: Any, at: tuple[Any, ...]) -> tuple[Any, Any]:
        x, delta, b, c = at
        state = jnp.exp(delta[:, None] * a[None]) * state + b[:, :, None] * (delta * x)[:, None]
        return state, (c[:, :, None] * state).sum(1) + d[None] * x

    state, y = jax.lax.scan(step, state, tuple(jnp.moveaxis(one, 1, 0) for one in (x, delta, b, c)))
    return jnp.moveaxis(y, 0, 1), state


def scanned(*operands: Any) -> tuple[Any, Any]:
    *others, initial = operands
    return selective_scan(*others, initial=initial)


def value_and_gradients(function: Callable, *operands: Any) -> list[Any]:
    def all_of(*operands: Any) -> tuple[Any, ...]:
        (y, state), back = jax.vjp(function, *operands)
        return y, state, *back((jnp.cos(y), jnp.sin(state)))

    return list(jax.jit(all_of)(*operands))


def close(found: list[Any], wanted: list[Any], tolerance: float = 2e-5) -> None:
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 4)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("time", [4, 10])
def test_values_and_gradients_are_those_of_the_formula(time: int):
    found = value_and_gradients(scanned, *operands(time))
    close(found, value_and_gradients(written_out, *operands(time)))


@pytest.mark.usefixtures("small_chunks")
def test_the_form_of_accelerators_agrees(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_sequential_chunk", module._associative_chunk)
    monkeypatch.setattr(module, "_sequential_gradient", module._associative_gradient)
    close(value_and_gradients(scanned, *operands(10)), value_and_gradients(written_out, *operands(10)))


def test_gradient_by_finite_differences():
    point = operands(3)
    random = np.random.default_rng(1)
    along = tuple(jnp.asarray(random.normal(size=one.shape), jnp.float32) for one in point)

    def loss(shift: Any) -> Any:
        y, state = scanned(*(one + shift * way for one, way in zip(point, along, strict=True)))
        return (y**2).sum() + (state**2).sum()

    both = jax.jit(jax.value_and_grad(loss))
    slope = both(0.0)[1]
    np.testing.assert_allclose((both(2e-3)[0] - both(-2e-3)[0]) / 4e-3, slope, rtol=2e-3)


@pytest.mark.usefixtures("small_chunks")
def test_in_pieces_is_as_a_whole():
    x, delta, a, b, c, d, start = operands(9)

    @jax.jit
    def in_pieces() -> tuple[Any, Any]:
        pieces, state = [], start
        for begin, end in [(0, 5), (5, 6), (6, 9)]:
            cut, inside = ([array[:, begin:end] for array in pair] for pair in ((x, delta), (b, c)))
            y, state = selective_scan(*cut, a, *inside, d, initial=state)
            pieces.append(y)
        return jnp.concatenate(pieces, axis=1), state

    close(list(in_pieces()), list(jax.jit(scanned)(x, delta, a, b, c, d, start)), 1e-6)


def test_a_population_is_a_loop_over_members():
    members = [operands(6, seed=seed) for seed in range(2)]
    stacked = [jnp.stack(arrays) for arrays in zip(*members, strict=True)]
    slope = jax.grad(lambda *operands: (scanned(*operands)[0] ** 2).sum(), argnums=(0, 2))
    together, single = jax.jit(jax.vmap(slope))(*stacked), jax.jit(slope)
    for place, member in enumerate(members):
        close([array[place] for array in together], list(single(*member)), 1e-5)


def test_low_precision_keeps_states_in_float32():
    x, delta, a, b, c, d, _ = operands(40)
    low = [array.astype(jnp.bfloat16) for array in (x, b, c)]
    y, state = jax.jit(selective_scan)(low[0], delta, a, *low[1:], d)
    wide = [array.astype(jnp.float32) for array in low]
    wanted, last = jax.jit(selective_scan)(wide[0], delta, a, *wide[1:], d)
    assert (y.dtype, state.dtype) == (jnp.bfloat16, jnp.float32)
    np.testing.assert_allclose(state, last, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(y.astype(jnp.float32), wanted, rtol=1e-2, atol=1e-2)


def test_memory_of_the_gradient_does_not_hold_all_states():
    time, features, state = 1024, 32, 16
    arrays = operands(time, features=features, state=state)
    gradient = jax.jit(jax.grad(lambda x, *others: scanned(x, *others)[0].sum()))
    needed = gradient.lower(*arrays).compile().memory_analysis().temp_size_in_bytes
    assert needed < 4 * BATCH * time * features * state  # one array of all states


@needs_kernel
@pytest.mark.parametrize(("time", "features", "state"), [(1, 1, 1), (9, 5, 3), (8, 33, 20), (6, 16, 16)])
@pytest.mark.usefixtures("small_chunks")
def test_the_kernel_agrees_with_xla(time: int, features: int, state: int):
    *others, _, initial = operands(time, features=features, state=state)
    found = value_and_gradients(native_scan, *others, initial)
    close(found, value_and_gradients(plain_scan, *others, initial))
    alone = jax.jit(native_scan)(*others, initial)  # where nobody differentiates no starts are kept
    close(list(alone), found[:2], 1e-6)


@needs_kernel
def test_the_kernel_computes_a_population_in_one_call():
    members = [operands(7, seed=seed)[:5] + operands(7, seed=seed)[6:] for seed in range(3)]
    stacked = [jnp.stack(arrays) for arrays in zip(*members, strict=True)]
    slopes = jax.grad(lambda *operands: (native_scan(*operands)[0] ** 2).sum(), argnums=tuple(range(6)))
    together, single = jax.jit(jax.vmap(slopes))(*stacked), jax.jit(slopes)
    for place, member in enumerate(members):
        close([array[place] for array in together], list(single(*member)), 1e-5)


@needs_kernel
def test_second_derivatives_of_the_kernel():
    *others, _, initial = operands(5)

    def slope(scan: Callable) -> Any:
        first = jax.grad(lambda x: (scan(x, *others[1:], initial)[0] ** 2).sum())
        return jax.jit(jax.grad(lambda x: (first(x) ** 2).sum()))(others[0])

    np.testing.assert_allclose(slope(native_scan), slope(plain_scan), rtol=1e-4, atol=1e-4)


@needs_kernel
def test_what_is_no_number_stays_in_its_feature():
    x, delta, a, b, c, _, initial = operands(6, features=16)
    y, _ = native_scan(x.at[0, 2, 3].set(jnp.nan), delta, a, b, c, initial)
    assert np.isnan(y[0, 2:, 3]).all()
    assert np.isfinite(np.delete(np.asarray(y), 3, axis=2)).all()


@needs_kernel
def test_small_scans_and_large_states_are_computed_by_xla(set_limit: Callable[..., None]):
    def shapes(time: int, state: int) -> tuple[Any, Any]:
        return jax.ShapeDtypeStruct((1, time, 16), jnp.bfloat16), jax.ShapeDtypeStruct(
            (state, 16), jnp.float32
        )

    least, most = (TABLE["selective_scan"].limits[name] for name in ("numbers", "state"))
    assert suits_kernel(*shapes(least.at_least // 16**2, 16))
    assert not suits_kernel(*shapes(least.at_least // 16**2 - 1, 16))
    assert not suits_kernel(*shapes(least.at_least, most.at_most + 1))
    set_limit("selective_scan", numbers=Limit())
    x, delta, a, b, c, d, _ = operands(6)
    low = [array.astype(jnp.bfloat16) for array in (x, b, c)]
    y, state = selective_scan(low[0], delta, a, *low[1:], d)
    assert (y.dtype, state.dtype) == (jnp.bfloat16, jnp.float32)
