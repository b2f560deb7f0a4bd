"""Recurrence: kernels and scans against a loop written out, with all gradients; which is taken when."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.dispatch import TABLE, Limit
from lamina.ops.native import library
from lamina.ops.recurrence import gru, lstm, rnn
from lamina.ops.recurrent_cells import CELLS
from lamina.ops.recurrent_loops import loop, loop_back

needs_kernel = pytest.mark.skipif(
    not library.has_kernels("recurrence", "float32"), reason="no C++ compiler here"
)
LIMITS = (0, 1 << 40) if library.has_kernels("recurrence", "float32") else (1 << 40,)  # kernel, XLA
RANDOM = np.random.default_rng(0)
every_cell = pytest.mark.parametrize("cell", CELLS)
Arrays = tuple[Any, ...]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def replace(least: int) -> None:
        loop.cache_clear()  # one that was traced under other limits is not taken again
        loop_back.cache_clear()
        limits = {**TABLE["recurrence"].limits, "multiplications": Limit(least)}
        monkeypatch.setitem(TABLE, "recurrence", dataclasses.replace(TABLE["recurrence"], limits=limits))

    return replace


def normal(*shape: int) -> np.ndarray:
    return 0.5 * RANDOM.normal(size=shape).astype(np.float32)


def operands_of(cell: str, batch: int, time: int, width: int) -> list[np.ndarray]:
    """Projections, recurrent weight, states, and of a GRU the bias."""
    gates, of = CELLS[cell].gates * width, CELLS[cell]
    states = [normal(batch, width) for _ in range(of.states)]
    return [normal(batch, time, gates), normal(gates, width), *states, *[normal(width)] * of.biases]


def ours(cell: str, present: Any, reverse: bool, p: Any, weight: Any, *rest: Any) -> Arrays:
    """Outputs and all last states."""
    if cell == "lstm":
        y, (h, c) = lstm(p, weight, (rest[0], rest[1]), present=present, reverse=reverse)
        return y, h, c
    if cell == "gru":
        return gru(p, weight, rest[1], rest[0], present=present, reverse=reverse)
    return rnn(p, weight, rest[0], present=present, reverse=reverse)


def formula(cell: str, present: Any, reverse: bool, p: Any, weight: Any, *rest: Any) -> Arrays:
    """The same, position after position, for plain autodiff."""
    sigmoid, (h, *c), found = jax.nn.sigmoid, rest, [None] * p.shape[1]
    for t in reversed(range(p.shape[1])) if reverse else range(p.shape[1]):
        x, a, here = p[:, t], h @ weight.T, True if present is None else present[:, t, None]
        if cell == "rnn":
            new = jnp.tanh(x + a)
        elif cell == "lstm":
            i, f, g, o = jnp.split(x + a, 4, axis=-1)
            memory = sigmoid(f) * c[0] + sigmoid(i) * jnp.tanh(g)
            new, c = sigmoid(o) * jnp.tanh(memory), [jnp.where(here, memory, c[0])]
        else:
            (xr, xz, xn), (ar, az, an) = jnp.split(x, 3, axis=-1), jnp.split(a, 3, axis=-1)
            z = sigmoid(xz + az)
            new = (1 - z) * jnp.tanh(xn + sigmoid(xr + ar) * (an + c[0][None])) + z * h
        h = found[t] = jnp.where(here, new, h)
    return (jnp.stack(found, 1), h, *c) if cell == "lstm" else (jnp.stack(found, 1), h)


def goals_of(cell: str, batch: int, time: int, width: int) -> list[np.ndarray]:
    return [normal(batch, time, width)] + [normal(batch, width) for _ in range(CELLS[cell].states)]


def loss_of(way: Callable[..., Arrays], cell: str, present: Any, reverse: bool, goals: Any) -> Any:
    def loss(*operands: Any) -> Any:
        found = way(cell, present, reverse, *operands)
        return sum((a * goal).sum() for a, goal in zip(found, goals, strict=True)), found

    count = 2 + CELLS[cell].states + CELLS[cell].biases
    return jax.value_and_grad(loss, argnums=tuple(range(count)), has_aux=True)


def agree(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, np.abs(b).max(initial=0)))


@every_cell
@pytest.mark.parametrize(("batch", "time", "width", "reverse"), [(1, 1, 1, False), (13, 3, 21, True)])
def test_values_and_gradients(
    cell: str, batch: int, time: int, width: int, reverse: bool, use: Callable[[int], None]
):
    operands, goals = operands_of(cell, batch, time, width), goals_of(cell, batch, time, width)
    present = RANDOM.random((batch, time)) < 0.7 if time > 1 else None
    expected = jax.jit(loss_of(formula, cell, present, reverse, goals))(*operands)
    for least in LIMITS:
        use(least)
        agree(jax.jit(loss_of(ours, cell, present, reverse, goals))(*operands), expected)


@every_cell
def test_a_population_is_a_loop_over_members(cell: str, use: Callable[[int], None]):
    """Inputs are shared, parameters are not."""
    members = [operands_of(cell, 6, 2, 5) for _ in range(3)]
    p, goals, present = members[0][0], goals_of(cell, 6, 2, 5), RANDOM.random((6, 2)) < 0.7
    stacked = [np.stack(parts) for parts in zip(*[member[1:] for member in members], strict=True)]
    of = loss_of(ours, cell, present, False, goals)
    axes = (None, *[0] * len(stacked))
    alone = jax.jit(loss_of(formula, cell, present, False, goals))
    expected = jax.tree.map(lambda *a: np.stack(a), *[alone(p, *member[1:]) for member in members])
    for least in LIMITS:
        use(least)
        agree(jax.jit(jax.vmap(of, in_axes=axes))(p, *stacked), expected)


def test_a_population_of_populations(use: Callable[[int], None]):
    use(0)
    members = zip(*[operands_of("lstm", 4, 2, 5)] * 3, strict=True)
    stacked = [np.stack([np.stack(parts)] * 2) for parts in members]
    both = jax.jit(jax.vmap(jax.vmap(lambda *o: ours("lstm", None, False, *o))))
    found = jax.tree.map(lambda a: a[1, 2], both(*stacked))
    agree(found, jax.jit(lambda *o: formula("lstm", None, False, *o))(*[a[1, 2] for a in stacked]))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gradients_against_finite_differences(cell: str):
    operands, goals = operands_of(cell, 3, 4, 5), goals_of(cell, 3, 4, 5)
    of, step = jax.jit(loss_of(ours, cell, None, False, goals)), 3e-3
    _, gradients = of(*operands)
    for i, gradient in enumerate(gradients):
        direction, losses = normal(*gradient.shape), []
        for sign in (1, -1):
            moved = [a + sign * step * direction if i == j else a for j, a in enumerate(operands)]
            losses.append(float(of(*moved)[0][0]))
        expected = (gradient * direction).sum()
        np.testing.assert_allclose((losses[0] - losses[1]) / (2 * step), expected, rtol=5e-3, atol=2e-3)


def test_second_derivatives(use: Callable[[int], None]):
    operands, goals = operands_of("rnn", 2, 2, 4), goals_of("rnn", 2, 2, 4)

    def second(way: Callable[..., Arrays]) -> Any:
        first = loss_of(way, "rnn", None, False, goals)
        return jax.jit(jax.grad(lambda w: sum((g**2).sum() for g in first(operands[0], w, *operands[2:])[1])))

    for least in LIMITS:
        use(least)
        agree(second(ours)(operands[1]), second(formula)(operands[1]), 1e-4)


@every_cell
def test_bfloat16_keeps_a_state_of_float32(cell: str):
    operands = operands_of(cell, 2, 9, 8)
    low = [jnp.asarray(a, jnp.bfloat16) for a in operands]
    y, *states = jax.jit(lambda *o: ours(cell, None, False, *o))(*low)
    assert y.dtype == jnp.bfloat16
    assert {state.dtype for state in states} == {jnp.dtype("float32")}
    wide = jax.jit(lambda *o: formula(cell, None, False, *o))(*[a.astype(jnp.float32) for a in low])
    np.testing.assert_allclose(y.astype(np.float32), wide[0], atol=4e-3)  # rounded once, not at each position
    agree(states, wide[1:])


@every_cell
def test_no_position_leaves_the_state(cell: str):
    operands = operands_of(cell, 2, 1, 4)
    y, *states = ours(cell, None, False, operands[0][:, :0], *operands[1:])
    assert y.shape == (2, 0, 4)
    agree(states, operands[2 : 2 + CELLS[cell].states])


@needs_kernel
def test_far_from_zero_the_kernel_saturates():
    p = np.array([-1e30, -100.0, -1e-6, 0.0, 1e-6, 100.0, 1e30, np.nan], np.float32).reshape(1, 1, 8)
    found, *_ = loop("rnn", reverse=False, keeps=False)(
        p, np.zeros((8, 8), np.float32), np.ones((1, 1), np.float32), np.zeros((1, 8), np.float32)
    )
    np.testing.assert_allclose(np.asarray(found).ravel(), np.tanh(p).ravel(), rtol=1e-6, atol=1e-7)


@needs_kernel
def test_the_kernel_is_taken_by_size(monkeypatch: pytest.MonkeyPatch):
    calls = []
    call = library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))

    def of(width: int) -> Any:
        shapes = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in operands_of("lstm", 16, 8, width)]
        return jax.eval_shape(lambda *o: ours("lstm", None, False, *o), *shapes)

    of(8)
    assert calls == []
    of(128)
    assert calls == ["lstm"]
