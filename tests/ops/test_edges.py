"""Sums, maxima and softmax over edges: kernels and XLA against loops; gradients, populations, threads."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops import edge_kernels
from lamina.ops.dispatch import TABLE, Limit
from lamina.ops.edges import (
    degrees,
    edge_softmax,
    edge_sum,
    gather_nodes,
    present,
    scatter_max,
    scatter_sum,
)
from lamina.ops.native import library

needs_kernel = pytest.mark.skipif(not library.has_kernels("edges", "float32"), reason="no C++ compiler here")
SetLimit = Callable[..., None]
IMPLEMENTATIONS = [pytest.param(0, id="kernel", marks=needs_kernel), pytest.param(1 << 40, id="XLA")]
RANDOM = np.random.default_rng(0)
# graphs, nodes, edges, features, heads: parts of vectors, whole ones, several; heads of all widths
SIZES = [(1, 1, 1, 1, 1), (3, 7, 20, 6, 2), (2, 40, 300, 64, 8), (1, 300, 5000, 97, 1), (2, 9, 50, 128, 2)]


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def ends(graphs: int, nodes: int, edges: int) -> tuple[np.ndarray, np.ndarray]:
    """Senders and receivers in any order; some are no edges, some nodes have none, some have many."""
    both = RANDOM.integers(0, nodes, (2, graphs, edges))
    both[1] = np.minimum(both[1], RANDOM.integers(0, nodes, (graphs, edges)))
    both[:, RANDOM.random((graphs, edges)) < 0.1] = -1
    return tuple(both.astype(np.int32))


def close(a: Any, b: Any, atol: float = 2e-5) -> None:
    np.testing.assert_allclose(a, b, rtol=2e-5, atol=atol * max(1.0, float(np.abs(b).max(initial=0))))


def loop(senders: np.ndarray, receivers: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Graph, edge, sender and receiver of all that are edges."""
    found = []
    for graph, edge in np.ndindex(senders.shape):
        i, j = int(senders[graph, edge]), int(receivers[graph, edge])
        if i >= 0 and j >= 0:
            found.append((graph, edge, i, j))
    return found


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
@pytest.mark.parametrize(("graphs", "nodes", "edges", "width", "heads"), SIZES)
def test_results_and_gradients(
    graphs: int, nodes: int, edges: int, width: int, heads: int, least: int, set_limit: SetLimit
):
    """Against float64 loops; all in one compiled program."""
    set_limit("edges", numbers=Limit(least))
    senders, receivers = ends(graphs, nodes, edges)
    x, values, weight = (
        normal(graphs, nodes, width),
        normal(graphs, edges, width),
        normal(graphs, edges, heads),
    )
    scores, goals = normal(graphs, edges, heads), normal(graphs, nodes, width)
    edge_goals, score_goals = normal(graphs, edges, width), normal(graphs, edges, heads)

    @jax.jit
    def run(x: Any, values: Any, weight: Any, scores: Any) -> Any:
        made: dict[str, Any] = {
            "gather": (lambda x: gather_nodes(x, senders), (x,), edge_goals),
            "scatter": (lambda v: scatter_sum(v, receivers, nodes), (values,), goals),
            "max": (lambda v: scatter_max(v, receivers, nodes), (values,), goals),
            "sum": (lambda x: edge_sum(x, senders, receivers), (x,), goals),
            "weighted": (lambda x, w: edge_sum(x, senders, receivers, w), (x, weight), goals),
            "softmax": (lambda s: edge_softmax(s, receivers, nodes), (scores,), score_goals),
        }
        return {
            name: (f(*operands), *jax.vjp(f, *operands)[1](jnp.asarray(goal)))
            for name, (f, operands, goal) in made.items()
        }

    found = jax.device_get(run(x, values, weight, scores))
    expected = {name: [np.zeros(np.shape(array)) for array in arrays] for name, arrays in found.items()}
    wide = np.repeat(weight, width // heads, axis=2).astype(np.float64)
    for graph, edge, i, j in loop(senders, receivers):
        expected["sum"][0][graph, j] += x[graph, i]
        expected["sum"][1][graph, i] += goals[graph, j]
        expected["weighted"][0][graph, j] += wide[graph, edge] * x[graph, i]
        expected["weighted"][1][graph, i] += wide[graph, edge] * goals[graph, j]
        products = x[graph, i].astype(np.float64) * goals[graph, j]
        expected["weighted"][2][graph, edge] = products.reshape(heads, -1).sum(1)
        expected["gather"][0][graph, edge] = x[graph, i]
        expected["gather"][1][graph, i] += edge_goals[graph, edge]
        expected["scatter"][0][graph, j] += values[graph, edge]
        expected["scatter"][1][graph, edge] = goals[graph, j]
    for graph, node in np.ndindex(graphs, nodes):
        mine = np.flatnonzero(receivers[graph] == node)
        if not len(mine):
            continue
        best = mine[values[graph, mine].argmax(0)]
        expected["max"][0][graph, node] = values[graph, best, np.arange(width)]
        expected["max"][1][graph, best, np.arange(width)] = goals[graph, node]
        powers = np.exp(scores[graph, mine].astype(np.float64))
        share = powers / powers.sum(0)
        expected["softmax"][0][graph, mine] = share
        goal = score_goals[graph, mine]
        expected["softmax"][1][graph, mine] = share * (goal - (share * goal).sum(0))
    for name, arrays in found.items():
        for ours, theirs in zip(arrays, expected[name], strict=True):
            close(ours, theirs)


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_gradients_are_those_of_finite_differences(least: int, set_limit: SetLimit):
    set_limit("edges", numbers=Limit(least))
    senders, receivers = ends(2, 5, 12)
    operands = normal(2, 5, 4), normal(2, 12, 2)

    def loss(x: Any, scores: Any) -> Any:
        y = edge_sum(x, senders, receivers, edge_softmax(scores, receivers, 5))
        return (jnp.sin(scatter_max(gather_nodes(y, senders), receivers, 5)) + y**2).sum()

    slopes = jax.device_get(jax.jit(jax.grad(loss, argnums=(0, 1)))(*operands))
    value = jax.jit(loss)
    for at, (slope, operand) in enumerate(zip(slopes, operands, strict=True)):
        for place in list(np.ndindex(operand.shape))[::3]:
            steps = []
            for sign in (1, -1):
                moved = [np.array(array) for array in operands]
                moved[at][place] += sign * 1e-2
                steps.append(float(value(*moved)))
            assert slope[place] == pytest.approx((steps[0] - steps[1]) / 2e-2, abs=2e-2, rel=2e-2)


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_second_derivatives(least: int, set_limit: SetLimit):
    """Of a function whose parts XLA differentiates twice by itself."""
    set_limit("edges", numbers=Limit(least))
    senders, receivers = ends(2, 6, 15)
    x, scores = normal(2, 6, 4), normal(2, 15, 2)

    def ours(x: Any, scores: Any) -> Any:
        y = edge_sum(x, senders, receivers, edge_softmax(scores, receivers, 6))
        return jnp.sin(scatter_max(gather_nodes(y, senders), receivers, 6)).sum()

    def theirs(x: Any, scores: Any) -> Any:
        weights = edge_kernels.plain_softmax(scores, receivers, nodes=6)
        y = edge_kernels.plain_sum(x, senders, receivers, weights)
        values = edge_kernels.plain_gather(y, senders)
        winners = jax.lax.stop_gradient(edge_kernels.plain_max(values, receivers, nodes=6)[1])
        largest = jnp.take_along_axis(values, jnp.maximum(winners, 0), axis=1)
        return jnp.sin(jnp.where(winners < 0, 0, largest)).sum()

    def second(f: Any) -> Any:
        slope = lambda *o: sum((g**2).sum() for g in jax.grad(f, argnums=(0, 1))(*o))  # noqa: E731
        return jax.jit(jax.grad(slope, argnums=(0, 1)))(x, scores)

    for a, b in zip(second(ours), second(theirs), strict=True):
        close(a, b, atol=1e-4)


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_of_equal_values_the_first_edge_gets_the_gradient(least: int, set_limit: SetLimit):
    set_limit("edges", numbers=Limit(least))
    values, ids = np.zeros((1, 4, 3), np.float32), np.array([[1, 0, 0, 1]], np.int32)
    values[0, 2, 1] = -1
    found = jax.jit(jax.grad(lambda v: scatter_max(v, ids, 2).sum()))(values)
    np.testing.assert_array_equal(found[0, :, 0], [1, 1, 0, 0])


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_ids_out_of_range_are_no_edges(least: int, set_limit: SetLimit):
    set_limit("edges", numbers=Limit(least))
    x = np.full((2, 3, 2), np.inf, np.float32)  # nor may padding touch any row
    x[:, 1] = 1
    senders = np.array([[1, 3, -1, 2**31 - 1, 1], [-(2**31), 1, 1, -7, 3]], np.int32)
    receivers = np.array([[0, 0, 0, 0, 3], [0, 2, -1, 1, 1]], np.int32)
    found = jax.jit(edge_sum)(x, senders, receivers)
    np.testing.assert_array_equal(found, [[[1, 1], [0, 0], [0, 0]], [[0, 0], [0, 0], [1, 1]]])
    np.testing.assert_array_equal(
        jax.jit(gather_nodes)(x, senders)[..., 0], [[1, 0, 0, 0, 1], [0, 1, 1, 0, 0]]
    )
    np.testing.assert_array_equal(degrees(receivers, 3), [[4, 0, 0], [1, 2, 1]])


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_nothing_at_all(least: int, set_limit: SetLimit):
    set_limit("edges", numbers=Limit(least))
    none = np.zeros((2, 0), np.int32)
    x = normal(2, 3, 4)
    np.testing.assert_array_equal(jax.jit(edge_sum)(x, none, none), np.zeros((2, 3, 4)))
    assert gather_nodes(jnp.asarray(x), none).shape == (2, 0, 4)
    np.testing.assert_array_equal(scatter_max(np.zeros((2, 0, 4), np.float32), none, 3), np.zeros((2, 3, 4)))
    assert edge_softmax(np.zeros((2, 0, 4), np.float32), none, 3).shape == (2, 0, 4)


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_infinite_and_missing_numbers_show(least: int, set_limit: SetLimit):
    set_limit("edges", numbers=Limit(least))
    values = np.array([[[1.0], [np.nan], [2.0], [np.inf]]], np.float32)
    ids = np.array([[0, 0, 0, 1]], np.int32)
    found = np.asarray(jax.jit(functools.partial(scatter_max, nodes=2))(values, ids))[0, :, 0]
    assert np.isnan(found[0]) and np.isinf(found[1])
    scores = jax.jit(functools.partial(edge_softmax, nodes=2))(
        np.array([[[1e30], [0.0], [np.nan], [3.0]]]), ids
    )
    assert np.isnan(np.asarray(scores)[0, :3]).any() and scores[0, 3, 0] == 1


# graphs, nodes, edges: counted directly; in stretches, of one graph and of several
LISTS = [(1, 5, 40), (3, 40, 9), (1, 17_000, 30_000), (40, 500, 1000), (2, 9000, 70_000)]


@needs_kernel
@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.parametrize(("graphs", "nodes", "edges"), LISTS)
def test_lists_of_edges(graphs: int, nodes: int, edges: int, in_order: bool):
    """A stable sort by nodes, of one member and of two."""
    _, ids = ends(2 * graphs, nodes, edges)
    ids = (np.sort(ids, axis=1) if in_order else ids).reshape(2, graphs, edges)
    order = functools.partial(edge_kernels._order, nodes=nodes)
    both = jax.device_get(jax.jit(jax.vmap(order))(ids))
    alone = jax.device_get(jax.jit(order)(ids[1]))
    for member, (starts, found) in ((0, [a[0] for a in both]), (1, [a[1] for a in both]), (1, alone)):
        flat = (ids[member] + nodes * np.arange(graphs)[:, None]).ravel()
        there = np.flatnonzero(ids[member].ravel() >= 0)
        expected = there[np.argsort(flat[there], kind="stable")]
        np.testing.assert_array_equal(found[: len(there)], expected)
        counts = np.bincount(flat[there], minlength=graphs * nodes)
        np.testing.assert_array_equal(starts, np.concatenate([[0], np.cumsum(counts)]))


MAPPED = [(0, None, None, None), (0, None, None, 0), (None, 0, 0, None), (0, 0, 0, 0), (None, None, None, 0)]


@pytest.mark.slow
@pytest.mark.parametrize("least", IMPLEMENTATIONS)
@pytest.mark.parametrize("mapped", MAPPED)
def test_a_population_is_a_loop_over_members(mapped: tuple[int | None, ...], least: int, set_limit: SetLimit):
    set_limit("edges", numbers=Limit(least))
    indices = [np.stack(side) for side in zip(*(ends(2, 9, 30) for _ in range(3)), strict=True)]
    goal = normal(2, 9, 6)
    operands = [
        array if axis == 0 else array[0]
        for array, axis in zip((normal(3, 2, 9, 6), *indices, normal(3, 2, 30, 2)), mapped, strict=True)
    ]

    def every(x: Any, senders: Any, receivers: Any, scores: Any) -> Any:
        def loss(x: Any, scores: Any) -> Any:
            y = edge_sum(x, senders, receivers, edge_softmax(scores, receivers, 9))
            values = gather_nodes(y, senders)
            y = scatter_max(values, receivers, 9) + scatter_sum(values * values, receivers, 9)
            return (y * goal).sum(), y

        return jax.grad(loss, argnums=(0, 1), has_aux=True)(x, scores)

    found = jax.tree.leaves(jax.jit(jax.vmap(every, in_axes=mapped))(*operands))
    alone = jax.jit(every)
    for i in range(3):
        own = [array[i] if axis == 0 else array for array, axis in zip(operands, mapped, strict=True)]
        for ours, theirs in zip(found, jax.tree.leaves(alone(*own)), strict=True):
            close(ours[i], theirs)


@needs_kernel
def test_members_of_members(set_limit: SetLimit):
    set_limit("edges", numbers=Limit(0))
    x, (senders, receivers) = normal(2, 3, 1, 7, 5), ends(3, 7, 20)
    senders, receivers = senders[:, None], receivers[:, None]
    inner = jax.vmap(edge_sum, in_axes=(0, 0, 0))
    found = jax.jit(jax.vmap(inner, in_axes=(0, None, None)))(x, senders, receivers)
    plain = jax.jit(edge_kernels.plain_sum)
    for i, j in np.ndindex(2, 3):
        close(found[i, j], plain(x[i, j], senders[j], receivers[j]))


@needs_kernel
def test_layers_share_two_lists_of_edges(set_limit: SetLimit):
    set_limit("edges", numbers=Limit(0))
    senders, receivers = ends(1, 9, 30)

    def loss(x: Any, senders: Any, receivers: Any) -> Any:
        for _ in range(3):
            x = jnp.tanh(edge_sum(x, senders, receivers))
        return x.sum()

    program = jax.jit(jax.grad(loss)).lower(normal(1, 9, 4), senders, receivers).compile().as_text()
    assert program.count('custom_call_target="lamina_edge_sum_f32"') == 6
    assert program.count('custom_call_target="lamina_edge_order_i32"') == 2


@needs_kernel
def test_many_numbers_take_the_kernels_and_few_do_not(monkeypatch: pytest.MonkeyPatch):
    calls, call = [], edge_kernels._call
    monkeypatch.setattr(edge_kernels, "_call", lambda name, *a: calls.append(name) or call(name, *a))
    few = TABLE["edges"].limits["numbers"].at_least // 16 - 1
    slope = jax.grad(lambda x, *ends: edge_sum(x, *ends).sum())
    for edges, expected in ((few, set()), (few + 1, {"edge_order", "edge_sum"})):
        calls.clear()
        jax.eval_shape(slope, normal(1, 9, 16), *ends(1, 9, edges))
        assert set(calls) == expected


def test_bfloat16_is_computed_by_xla():
    x, (senders, receivers) = normal(1, 9, 4), ends(1, 9, 20)
    low = edge_sum(jnp.asarray(x, jnp.bfloat16), senders, receivers)
    assert low.dtype == jnp.bfloat16
    np.testing.assert_allclose(low.astype(jnp.float32), edge_sum(x, senders, receivers), atol=0.1)


def test_any_whole_numbers_are_ids():
    x = jnp.arange(6.0).reshape(1, 3, 2)
    for dtype in (np.int8, np.int16, np.int64):
        assert gather_nodes(x, np.array([[2, -1]], dtype)).tolist() == [[[4.0, 5.0], [0.0, 0.0]]]


def test_nodes_that_fill_up_are_zero():
    np.testing.assert_array_equal(
        present(np.array([[True, False]]), np.ones((1, 2, 1), np.float32)), [[[1], [0]]]
    )


PROGRAM = """
import os, sys, hashlib
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:int(sys.argv[1])]))
import jax, numpy as np
from lamina.ops.edges import edge_softmax, edge_sum, gather_nodes, scatter_max
from lamina.ops.native import library
assert library.has_kernels("edges", "float32")
random = np.random.default_rng(0)
s, r = (np.minimum(*random.integers(-1, 4000, (2, 1, 60000))).astype(np.int32) for _ in range(2))
x, scores = (random.normal(size=(1, n, f)).astype(np.float32) for n, f in ((4000, 70), (60000, 7)))
def loss(x, scores):
    y = edge_sum(x, s, r, edge_softmax(scores, r, 4000))
    return (scatter_max(gather_nodes(y, s), r, 4000) ** 2).sum(), y
run = jax.jit(jax.grad(loss, argnums=(0, 1), has_aux=True))
arrays = jax.tree.leaves(run(x, scores))
print(hashlib.sha256(b"".join(np.asarray(a).tobytes() for a in arrays)).hexdigest())
"""


@needs_kernel
@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one processor"
)
def test_the_number_of_threads_changes_no_bit():
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
    bits = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, threads], env=environment, capture_output=True, check=True
        ).stdout
        for threads in ("1", "2")
    }
    assert len(bits) == 1 and bits != {b""}
