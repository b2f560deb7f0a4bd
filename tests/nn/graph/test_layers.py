"""What every layer over graphs keeps: the order of nodes and edges, and what fills up, change nothing."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.nn.graph.graphs import EVERY, HISTOGRAM, KINDS, LAYERS, READOUTS, WIDTH, batch, network

from lamina.core.errors import ConfigError
from lamina.core.taps import observe
from lamina.core.tree import stack_modules
from lamina.nn import (
    DropEdge,
    GATConv,
    GatedNNConv,
    GINEConv,
    Graph,
    GraphNorm,
    NodeBatchNorm,
    PNAConv,
    RGCNConv,
    SAGEConv,
    Set2Set,
    jump_concat,
    jump_max,
    with_self_loops,
)

every = pytest.mark.parametrize("name", EVERY)


@functools.partial(jax.jit, static_argnames="train")
def run(layer: Any, x: Any, graph: Graph, key: Any = None, *, train: bool = True) -> Any:
    return layer(x, graph, key=key, train=train)


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def of_nodes(name: str, y: Any, mask: Any) -> np.ndarray:
    """What anybody may read of a result: that of nodes which are there, or of graphs."""
    return np.where(np.asarray(mask)[..., None], y, 0) if name in LAYERS else np.asarray(y)


@every
def test_order_of_nodes_and_edges(name: str):
    x, graph = batch()
    layer, random = EVERY[name](0), np.random.default_rng(1)
    new = np.stack([random.permutation(graph.nodes) for _ in range(len(x))])  # old place of each
    moved = np.argsort(new, axis=1)
    edges = np.stack([random.permutation(graph.senders.shape[1]) for _ in range(len(x))])
    rows = np.arange(len(x))[:, None]
    ends = [
        np.where(e < 0, e, moved[rows, np.maximum(e, 0)])[rows, edges] for e in map(np.asarray, graph[1:3])
    ]
    told = [np.asarray(of)[rows, edges] for of in graph[3:]]
    other = Graph(*map(jnp.asarray, (np.asarray(graph.mask)[rows, new], *ends, *told)))
    found = of_nodes(name, run(layer, jnp.asarray(np.asarray(x)[rows, new]), other), other.mask)
    expected = of_nodes(name, run(layer, x, graph), graph.mask)
    close(found, expected[rows, new] if name in LAYERS else expected)


@every
def test_what_fills_up_changes_nothing(name: str):
    x, graph = batch()
    layer = EVERY[name](0)
    expected = of_nodes(name, run(layer, x, graph), graph.mask)
    wide = jnp.pad(x, ((0, 1), (0, 3), (0, 0)), constant_values=-7.0)
    space = ((0, 1), (2, 3))
    longer = [jnp.pad(of, space, constant_values=-1) for of in (graph.senders, graph.receivers, graph.kinds)]
    features = jnp.pad(graph.features, (*space, (0, 0)), constant_values=100.0)
    weights = jnp.pad(graph.weights, space, constant_values=100.0)
    other = Graph(jnp.pad(graph.mask, ((0, 1), (0, 3))), *longer[:2], features, longer[2], weights)
    found = of_nodes(name, run(layer, wide, other), other.mask)
    close(found[tuple(map(slice, expected.shape))], expected)
    assert np.isfinite(found).all()


@pytest.mark.slow
@every
def test_a_population_shares_the_graph(name: str):
    x, graph = batch()
    layers = [EVERY[name](seed) for seed in (0, 5)]
    call = lambda layer, x: layer(x, graph, train=True)  # noqa: E731
    found = jax.jit(jax.vmap(call, in_axes=(0, None), axis_size=2))(stack_modules(layers), x)
    for i, layer in enumerate(layers):
        expected = of_nodes(name, run(layer, x, graph), graph.mask)
        close(of_nodes(name, found[i], graph.mask), expected)


def test_self_loops_are_made_once_for_nodes_that_are_there():
    _, graph = batch(loops=True)
    looped = with_self_loops(graph)
    count = (looped.senders == looped.receivers) & (looped.senders >= 0)
    np.testing.assert_array_equal(count.sum(1), graph.mask.sum(1))
    again = with_self_loops(looped._replace(features=None))
    np.testing.assert_array_equal((again.senders >= 0).sum(1), (looped.senders >= 0).sum(1))
    assert looped.features.shape[1] == looped.weights.shape[1] == looped.senders.shape[1]


@pytest.mark.parametrize("name", ["GCN", "SAGE mean"])
def test_a_weight_counts_as_edges_that_stand_so_often(name: str):
    x, graph = batch()
    layer, times = LAYERS[name](0), np.array([0, 1, 3])[np.arange(graph.senders.shape[1]) % 3]
    often = Graph(graph.mask, *(jnp.repeat(ends, times, axis=1) for ends in graph[1:3]))
    weighted = Graph(*graph[:3], weights=jnp.broadcast_to(jnp.float32(times), graph.senders.shape))
    found, expected = run(layer, x, weighted), run(layer, x, often)
    close(of_nodes(name, found, graph.mask), of_nodes(name, expected, graph.mask))


def test_dropout_of_attention():
    x, graph = batch()
    layer = GATConv(WIDTH, 3, heads=2, rate=0.5, key=0)
    whole = run(layer, x, graph, train=False)
    np.testing.assert_array_equal(run(layer, x, graph, 1, train=False), whole)
    first, second = (run(layer, x, graph, jnp.array([0, seed], jnp.uint32)) for seed in (1, 2))
    assert not np.allclose(first, second) and not np.allclose(first, whole)


def test_attention_is_tapped_and_sums_to_one():
    x, graph = batch()
    layer = GATConv(WIDTH, 3, heads=2, key=0)
    _, seen = observe(layer, "weights")(x, graph)
    receivers = np.asarray(with_self_loops(graph).receivers)
    for i, mask in enumerate(np.asarray(graph.mask)):
        sums = [np.asarray(seen["weights"])[i][receivers[i] == node].sum(0) for node in np.flatnonzero(mask)]
        close(sums, np.ones((mask.sum(), 2)))


def test_running_statistics_are_those_of_the_nodes_that_are_there():
    x, graph = batch()
    norm = NodeBatchNorm(WIDTH, momentum=0.25)
    _, seen = observe(norm, "running_*")(x, graph, train=True)
    nodes = np.asarray(x)[np.asarray(graph.mask)]
    close(seen["running_mean"], 0.25 * nodes.mean(0))
    close(seen["running_var"], 0.75 + 0.25 * nodes.var(0, ddof=1))
    np.testing.assert_allclose(norm(x, graph), x / np.sqrt(1 + 1e-5), rtol=1e-5)


def test_a_batch_without_nodes_is_finite():
    x, graph = batch()
    graph = graph._replace(mask=jnp.zeros_like(graph.mask))
    none = graph._replace(
        senders=jnp.full_like(graph.senders, -1), receivers=jnp.full_like(graph.receivers, -1)
    )
    for name, make in {**READOUTS, **{name: LAYERS[name] for name in ("GPS", "GraphNorm", "PNA")}}.items():
        slope = jax.jit(jax.grad(lambda layer: run(layer, x, none).sum()))(make(0))
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope)), name


def test_dropped_edges():
    _, graph = batch()
    drop = DropEdge(0.5)
    assert drop(graph) is graph and DropEdge(0.0)(graph, train=True) is graph
    dropped = jax.jit(lambda graph, key: drop(graph, key=key, train=True))(graph, np.array([0, 3], np.uint32))
    gone = np.asarray(dropped.senders) != np.asarray(graph.senders)
    assert 0.2 < gone.sum() / (np.asarray(graph.senders) >= 0).sum() < 0.8
    for side in ("senders", "receivers"):
        expected = np.where(gone, -1, getattr(graph, side))
        np.testing.assert_array_equal(getattr(dropped, side), expected)


@pytest.mark.parametrize("bases", [None, 2])
def test_weights_of_edges_stand_in_place_of_the_counts_of_their_kinds(bases: int | None):
    x, graph = batch()
    layer = RGCNConv(WIDTH, 3, relations=KINDS, bases=bases, key=0)
    ends = [np.asarray(of) for of in (graph.receivers, graph.kinds)]
    same = (ends[0][:, :, None] == ends[0][:, None]) & (ends[1][:, :, None] == ends[1][:, None])
    counted = graph._replace(weights=jnp.asarray(1 / same.sum(-1), jnp.float32))
    bare = graph._replace(weights=None)
    a, b, twice = (of_nodes("RGCN", run(layer, x, g), graph.mask) for g in (bare, counted, graph))
    close(a, b)
    assert not np.allclose(a, twice, atol=1e-3)


def test_jumping_knowledge():
    first, second = np.ones((1, 2, 3), np.float32), np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    assert jump_concat([first, second]).shape == (1, 2, 6)
    np.testing.assert_array_equal(jump_max([first, second]), np.maximum(first, second))


def test_graph_norm_is_of_each_graph_by_itself():
    x, graph = batch()
    norm = GraphNorm(WIDTH)
    alone = norm(x[:1], Graph(*(of[:1] for of in graph)))
    close(norm(x, graph)[:1], alone)


def test_refusals():
    x, graph = batch()
    bare = Graph(*graph[:3])
    for layer in (GINEConv(WIDTH, 3, network(WIDTH, 3, 0), key=0), GatedNNConv(WIDTH, 3, key=0)):
        with pytest.raises(ConfigError, match="no features of edges"):
            layer(x, bare)
    with pytest.raises(ConfigError, match="no kinds of edges"):
        RGCNConv(WIDTH, 3, relations=5, key=0)(x, bare)
    with pytest.raises(ConfigError, match="unknown aggregator 'maen'"):
        SAGEConv(WIDTH, 3, aggregator="maen", key=0)
    with pytest.raises(ConfigError, match="multiple of 4"):
        PNAConv(WIDTH, 6, degree_histogram=HISTOGRAM, towers=4, key=0)
    with pytest.raises(ConfigError, match="no edge"):
        PNAConv(WIDTH, 6, degree_histogram=(3,), key=0)
    with pytest.raises(ConfigError, match="unknown scaler"):
        PNAConv(WIDTH, 6, degree_histogram=HISTOGRAM, scalers=("log",), key=0)
    for make in (lambda: Set2Set(4, steps=0, key=0), lambda: GatedNNConv(4, 3, steps=0, key=0)):
        with pytest.raises(ConfigError, match="steps is out of range"):
            make()
    with pytest.raises(ConfigError, match="rate of dropped edges"):
        DropEdge(1.0)
    with pytest.raises(ConfigError, match="needs a key"):
        DropEdge(0.5)(graph, train=True)
