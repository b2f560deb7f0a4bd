"""Networks over graphs: what they compute, whatever fills up, for graphs and for nodes."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import TableInputs
from lamina.core.inputs.graph import GraphInputs, NodeInputs
from lamina.models import MODELS

NAMES = ("gcn", "gat", "sage", "gin", "mpnn", "pna", "gps")
INPUTS = GraphInputs(numbers=2, symbols=4, edge_symbols=3)
every = pytest.mark.parametrize("name", NAMES)


def example(seed: int = 0, nodes: int = 5) -> dict[str, np.ndarray]:
    """One graph: a ring with a chord."""
    random = np.random.default_rng(seed)
    around = np.stack([np.arange(nodes), (np.arange(nodes) + 1) % nodes], axis=1)
    edges = np.concatenate([around, around[:, ::-1], [[0, 2], [2, 0]]]).astype(np.int32)
    kinds = random.integers(0, 3, nodes + 1)
    return {
        "mask": np.ones((1, nodes), bool),
        "edges": edges[None],
        "numbers": random.normal(size=(1, nodes, 2)).astype(np.float32),
        "symbols": random.integers(0, 4, (1, nodes, 1)).astype(np.int32),
        "edge_symbols": np.concatenate([kinds[:-1], kinds[:-1], kinds[-1:], kinds[-1:]]).astype(np.int32)[
            None, :, None
        ],
    }


def filled_up(x: dict[str, np.ndarray], more: int = 3) -> dict[str, np.ndarray]:
    def longer(array: np.ndarray, fill: Any) -> np.ndarray:
        space = [(0, 0), (0, more), *[(0, 0)] * (array.ndim - 2)]
        return np.pad(array, space, constant_values=fill)

    return {name: longer(array, -1 if array.dtype == np.int32 else 0) for name, array in x.items()}


@functools.cache
def model(name: str, *, nodes: bool = False, **options: Any) -> Any:
    inputs = NodeInputs(INPUTS) if nodes else INPUTS
    return MODELS[name].build(inputs, 3, size=8, key=0, **options)


@pytest.mark.slow
@every
def test_what_fills_up_changes_nothing(name: str):
    x = example()
    np.testing.assert_allclose(model(name)(filled_up(x)), model(name)(x), atol=1e-5)


@every
def test_the_order_of_nodes_changes_nothing(name: str):
    x, order = example(), np.array([3, 0, 4, 1, 2])
    place = np.argsort(order)
    other = {key: array[:, order] if key in ("numbers", "symbols") else array for key, array in x.items()}
    other["edges"] = place[x["edges"]].astype(np.int32)
    np.testing.assert_allclose(model(name)(other), model(name)(x), atol=1e-5)


@every
def test_nodes_of_one_graph_are_answered_one_by_one(name: str):
    common, network = example(), model(name, nodes=True)
    whole = network({"at": np.arange(5, dtype=np.int32), "common": common})
    found = network({"at": np.array([4, 0, 0], np.int32), "common": common})
    np.testing.assert_allclose(found, np.asarray(whole)[[4, 0, 0]], atol=1e-6)


def test_gcn_is_that_of_kipf_and_welling():
    inputs = GraphInputs(symbols=6, weighted=True)
    network = MODELS["gcn"].build(NodeInputs(inputs), 2, size=4, key=0, dropout=0.0)
    random = np.random.default_rng(1)
    dense = np.where(random.random((5, 6)) < 0.5, random.random((5, 6)), 0).astype(np.float32)
    ids = np.where(dense > 0, np.arange(6)[None], -1).astype(np.int32)
    x = example()
    common = {"mask": x["mask"], "edges": x["edges"], "symbols": ids[None], "scale": dense[None]}
    near = np.eye(5)
    for a, b in x["edges"][0]:
        near[b, a] = 1
    root = np.diag(near.sum(1) ** -0.5)
    walk = root @ near @ root
    first, last = np.asarray(network.trunk.entry.symbols), network.head.layer
    hidden = np.maximum(walk @ dense @ first + network.trunk.layers[0].bias, 0)
    expected = walk @ hidden @ np.asarray(last.lin.weight).T + last.bias
    found = network({"at": np.arange(5, dtype=np.int32), "common": common})
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_dropout_acts_on_inputs_and_hidden_layers():
    network, x = model("gcn", dropout=0.5), example()
    first, second = (np.asarray(network(x, key=jax.random.PRNGKey(s), train=True)) for s in (2, 3))
    assert (first != second).any()
    np.testing.assert_array_equal(network(x), network(x, key=jax.random.PRNGKey(0)))


@pytest.mark.parametrize("norm", ["none", "batch", "each", "layer"])
def test_every_normalization_and_readout_runs(norm: str):
    for readout in ("sum", "mean", "max"):
        assert model("gin", node_norm=norm, readout=readout, depth=1)(example()).shape == (1, 3)


@pytest.mark.parametrize(
    ("name", "inputs", "options", "message"),
    [
        ("gcn", TableInputs(3), {}, "the inputs are no graphs"),
        ("gin", GraphInputs(), {}, "neither numbers nor symbols"),
        ("gcn", NodeInputs(INPUTS), {"depth": 1}, "too few convolutions"),
        ("gat", INPUTS, {"heads": 3}, "no multiple of heads"),
        ("gin", INPUTS, {"node_norm": "instance"}, "unknown normalization"),
        ("gin", INPUTS, {"readout": "first"}, "unknown read-out"),
    ],
)
def test_what_cannot_be_built_is_refused(name: str, inputs: Any, options: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        MODELS[name].build(inputs, 2, size=8, key=0, **options)


@every
def test_edges_without_features_are_edges_too(name: str):
    network = MODELS[name].build(GraphInputs(numbers=2), 2, size=8, key=0)
    x = {key: array for key, array in example().items() if key in ("mask", "edges", "numbers")}
    assert np.isfinite(network(x)).all()
