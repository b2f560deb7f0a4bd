"""Networks that draw neighbors: with all of them they say what the whole graph says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import lamina
from lamina.cli.main import main
from lamina.core.inputs.graph import GraphInputs, NodeInputs
from lamina.core.random import make_key
from lamina.core.tree import named_arrays, with_arrays
from lamina.models import build
from lamina.models.neighbor_trees import tree_edges, trees

NODES, FEATURES = 12, 3


def graph() -> tuple[dict[str, Any], dict[str, Any]]:
    """A graph as it is seen whole, and as neighbors are drawn from it."""
    random = np.random.default_rng(0)
    upper = np.triu(random.random((NODES, NODES)) < 0.3, 1)
    edges = np.argwhere((upper | upper.T).T)[:, ::-1].astype(np.int32)  # sorted by receiver
    x = random.normal(size=(1, NODES, FEATURES)).astype(np.float32)
    degrees = np.bincount(edges[:, 1], minlength=NODES).astype(np.int32)
    starts = (np.cumsum(degrees) - degrees).astype(np.int32)
    whole = {"mask": np.ones((1, NODES), bool), "edges": edges[None], "numbers": x}
    return whole, {
        "starts": starts[None],
        "degrees": degrees[None],
        "senders": edges[None, :, 0],
        "numbers": x,
    }


def test_a_tree_holds_its_node_neighbors_and_theirs():
    whole, parts = graph()
    most = int(parts["degrees"].max())
    found = trees(jnp.arange(NODES), parts, (most, most))
    assert (
        found["edges"].shape == (NODES, most + most * most, 2)
        and len(tree_edges((most, most))) == most + most**2
    )
    for node in range(NODES):
        senders = set(whole["edges"][0][whole["edges"][0][:, 1] == node][:, 0].tolist())
        is_edge = np.asarray(found["edges"][node, :most, 0] >= 0)
        assert is_edge.sum() == len(senders) == np.asarray(found["mask"][node, 1 : most + 1]).sum()
    np.testing.assert_array_equal(found["numbers"][:, 0], parts["numbers"][0])


def test_a_drawn_edge_brings_its_weight():
    whole, parts = graph()
    weight = np.arange(1, 1 + len(whole["edges"][0]), dtype=np.float32)
    of_edge = {tuple(ends): value for ends, value in zip(whole["edges"][0].tolist(), weight, strict=True)}
    found = trees(jnp.arange(NODES), {**parts, "edge_weight": weight[None]}, (2, 2), key=make_key(0))
    numbers = {tuple(row): place for place, row in enumerate(parts["numbers"][0].tolist())}
    nodes = [[numbers[tuple(row)] for row in tree] for tree in np.asarray(found["numbers"]).tolist()]
    drawn = (np.asarray(found[name]) for name in ("edges", "edge_weight"))
    for tree, ends, weights in zip(nodes, *drawn, strict=True):
        for (child, parent), value in zip(ends.tolist(), weights.tolist(), strict=True):
            assert child < 0 or of_edge[tree[child], tree[parent]] == value


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sage"])
def test_with_all_neighbors_it_is_the_whole_graph(name: str):
    whole, parts = graph()
    most, kind = int(parts["degrees"].max()), GraphInputs(numbers=FEATURES)
    one = build(name, inputs=NodeInputs(kind), outputs=2, size=4, dropout=0.0)
    drawn = build(name, inputs=NodeInputs(kind, (most, most)), outputs=2, size=4, dropout=0.0)
    drawn = with_arrays(drawn, named_arrays(one))
    at = np.array([5, 0, 7], np.int32)
    expected = one({"at": at, "common": whole})
    np.testing.assert_allclose(drawn({"at": at, "common": parts}), expected, atol=1e-5)
    pairs = drawn({"at": at[None, :, None], "common": parts})
    np.testing.assert_allclose(pairs[0, :, 0], expected, atol=1e-5)
    few = build(name, inputs=NodeInputs(kind, (1, 1)), outputs=2, size=4, dropout=0.0)
    few = with_arrays(few, named_arrays(one))
    keyed = [np.asarray(few({"at": at, "common": parts}, key=make_key(k))) for k in (0, 0, 1)]
    np.testing.assert_array_equal(keyed[0], keyed[1])
    assert np.abs(keyed[0] - keyed[2]).max() > 1e-4


def test_from_a_file_with_drawn_neighbors(tmp_path: Path):
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], 40)
    upper = np.triu(random.random((80, 80)) < np.where(y[:, None] == y[None, :], 0.3, 0.02), 1)
    x = y[:, None] + random.normal(0, 2, (80, 4))
    np.savez(tmp_path / "g.npz", edge_index=np.stack(np.nonzero(upper | upper.T)), y=y, x=x)
    words = ["model=sage", "neighbors=5,5", "epochs=30", "size=8", "dropout=0", "batch_size=16"]
    run = tmp_path / "run"
    assert main(["fit", str(tmp_path / "g.npz"), "--target", "target", *words, "--out", str(run)]) == 0
    network = lamina.load(run)
    assert network.encoder.only.neighbors == (5, 5)
    assert network.evaluate(tmp_path / "g.npz")["accuracy"] > 0.85
    np.testing.assert_array_equal(network.predict(tmp_path / "g.npz"), network.predict(tmp_path / "g.npz"))
