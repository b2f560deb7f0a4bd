"""Layers over graphs are those of PyTorch Geometric: same weights by name, same outputs, same gradients."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.nn.graph.graphs import EDGE, EVERY, HISTOGRAM, KINDS, SIZES, WIDTH, batch

from lamina.core.tree import named_arrays, trainable, with_arrays
from lamina.nn import Graph

torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of what it does not find
    theirs = pytest.importorskip("torch_geometric.nn")

pytestmark = pytest.mark.filterwarnings("ignore")


def network(inputs: int, outputs: int) -> Any:
    return torch.nn.Sequential(torch.nn.Linear(inputs, 6), torch.nn.ReLU(), torch.nn.Linear(6, outputs))


class Gated(torch.nn.Module):
    """As the paper's authors have it: a step of messages, then of a GRU."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = theirs.NNConv(WIDTH, WIDTH, network(EDGE, WIDTH * WIDTH))
        self.gru = torch.nn.GRUCell(WIDTH, WIDTH)

    def forward(self, x: Any, edges: Any, features: Any) -> Any:
        for _ in range(3):
            x = self.gru(torch.relu(self.conv(x, edges, features)), x)
        return x


def pna(**keywords: Any) -> Any:
    return theirs.PNAConv(WIDTH, 6, deg=torch.tensor(HISTOGRAM), **keywords)


# Name → their layer, and what it is given: edges ("e"), features of edges ("f"), kinds ("k"), graphs ("g").
TWINS: dict[str, tuple[Callable[[], Any], str]] = {
    "GCN": (lambda: theirs.GCNConv(WIDTH, 3), "e"),
    "SAGE mean": (lambda: theirs.SAGEConv(WIDTH, 3), "e"),
    "SAGE max": (lambda: theirs.SAGEConv(WIDTH, 3, aggr="max"), "e"),
    "GAT": (lambda: theirs.GATConv(WIDTH, 3, heads=2), "e"),
    "GAT with edges, mean": (
        lambda: theirs.GATConv(WIDTH, 3, heads=2, concat=False, edge_dim=EDGE),
        "ef",
    ),
    "GATv2": (lambda: theirs.GATv2Conv(WIDTH, 3, heads=2), "e"),
    "GATv2 with edges, mean": (
        lambda: theirs.GATv2Conv(WIDTH, 3, heads=2, concat=False, edge_dim=EDGE),
        "ef",
    ),
    "GIN": (lambda: theirs.GINConv(network(WIDTH, 3), eps=0.3), "e"),
    "GIN learned": (lambda: theirs.GINConv(network(WIDTH, 3), eps=0.3, train_eps=True), "e"),
    "GINE": (lambda: theirs.GINEConv(network(WIDTH, 3), train_eps=True, edge_dim=EDGE), "ef"),
    "NNConv": (lambda: theirs.NNConv(WIDTH, 3, network(EDGE, WIDTH * 3)), "ef"),
    "GatedNNConv": (Gated, "ef"),
    "PNA": (
        lambda: pna(
            aggregators=["mean", "min", "max", "std"], scalers=["identity", "amplification", "attenuation"]
        ),
        "e",
    ),
    "PNA with edges": (
        lambda: pna(
            aggregators=["sum", "var", "max"],
            scalers=["linear", "inverse_linear", "identity"],
            edge_dim=EDGE,
            towers=2,
        ),
        "ef",
    ),
    "RGCN": (lambda: theirs.RGCNConv(WIDTH, 3, KINDS), "ek"),
    "RGCN with bases": (lambda: theirs.RGCNConv(WIDTH, 3, KINDS, num_bases=2), "ek"),
    "GPS": (lambda: theirs.GPSConv(WIDTH, theirs.GINConv(network(WIDTH, WIDTH)), heads=2), "eg"),
    "GraphNorm": (lambda: theirs.GraphNorm(WIDTH), "g"),
    "NodeBatchNorm": (lambda: theirs.BatchNorm(WIDTH), ""),
    "sum": (lambda: theirs.aggr.SumAggregation(), "g"),
    "mean": (lambda: theirs.aggr.MeanAggregation(), "g"),
    "max": (lambda: theirs.aggr.MaxAggregation(), "g"),
    "attention": (
        lambda: theirs.aggr.AttentionalAggregation(network(WIDTH, 1), network(WIDTH, 3)),
        "g",
    ),
    "Set2Set": (lambda: theirs.aggr.Set2Set(WIDTH, 3), "g"),
}
# Their name → ours, where numbers of a list or a wrapped module stand in between.
RENAMED = [
    (r"\.module\.|^module\.", lambda m: "." if m[0][0] == "." else ""),
    (r"(p(re|ost)_nns\.\d+)\.0", r"\1"),
    (r"attn\.in_proj_", "attn.in_proj."),
    (r"^mlp\.0", "mlp.first"),
    (r"^mlp\.3", "mlp.second"),
    (r"nn\.(\d)", lambda m: f"nn.layers.{int(m[1]) // 2}"),
    (r"_l0$", ""),
]


def ours_of(theirs: str) -> str:
    for pattern, new in RENAMED:
        theirs = re.sub(pattern, new, theirs)
    return theirs


def flat(graph: Graph, x: Any) -> tuple[Any, dict[str, Any]]:
    """All nodes one after another, as PyTorch Geometric has them."""
    mask = np.asarray(graph.mask)
    starts = np.cumsum([0, *(size for size, _ in SIZES)])[:-1, None]
    is_edge = np.asarray(graph.senders) >= 0
    edges = np.stack([(np.asarray(ends) + starts)[is_edge] for ends in (graph.senders, graph.receivers)])
    return torch.tensor(np.asarray(x)[mask], requires_grad=True), {
        "e": torch.tensor(edges, dtype=torch.long),
        "f": torch.tensor(np.asarray(graph.features)[is_edge]),
        "k": torch.tensor(np.asarray(graph.kinds)[is_edge], dtype=torch.long),
        "g": torch.tensor(np.repeat(np.arange(len(SIZES)), [size for size, _ in SIZES])),
    }


BOTH = [(name, True) for name in TWINS] + [("GPS", False), ("NodeBatchNorm", False)]


@pytest.mark.parametrize(("name", "train"), BOTH)
def test_outputs_and_gradients(name: str, train: bool):
    make, told = TWINS[name]
    torch.manual_seed(0)
    twin = make().train(train)
    x, graph = batch(loops=name.startswith("GAT"))
    graph = graph._replace(weights=None)
    renamed = {ours_of(key): value for key, value in twin.state_dict().items()}
    known = named_arrays(EVERY[name](0))
    left = {key for key in renamed if not re.search("num_batches|avg_deg|\\beps$", key) or key in known}
    assert left == set(known)
    if "Norm" in name:  # which begin with ones and zeros
        for parameter in twin.parameters():
            torch.nn.init.normal_(parameter)
    weights = {ours_of(key): value.numpy().copy() for key, value in twin.state_dict().items()}
    layer = with_arrays(EVERY[name](0), {key: weights[key] for key in known})

    nodes, given = flat(graph, x)
    y = twin(nodes, *(given[letter] for letter in told))
    goal = torch.randn_like(y)
    (y * goal).sum().backward()

    is_nodes = y.shape[0] == int(graph.mask.sum())
    rows = graph.mask if is_nodes else jnp.ones(len(SIZES), bool)
    wide = np.zeros((*rows.shape, y.shape[1]), np.float32)
    wide[np.asarray(rows)] = goal.numpy()

    def loss(layer: Any, x: Any) -> Any:
        found = layer(x, graph, train=train)
        return (jnp.where(rows[..., None], found, 0) * wide).sum(), found

    slope = jax.jit(jax.grad(loss, argnums=(0, 1), has_aux=True))
    (of_layer, of_x), found = jax.device_get(slope(layer, x))
    close(found[np.asarray(rows)], y.detach().numpy())
    close(of_x[np.asarray(graph.mask)], nodes.grad.numpy())
    np.testing.assert_array_equal(of_x[~np.asarray(graph.mask)], 0)
    is_trained = named_arrays(jax.tree.map(np.asarray, trainable(layer)))
    gradients = named_arrays(of_layer)
    for key, parameter in twin.named_parameters():
        assert is_trained[ours_of(key)]
        close(gradients[ours_of(key)], parameter.grad.numpy())


def test_weights_of_edges():
    torch.manual_seed(0)
    twin = theirs.GCNConv(WIDTH, 3)
    torch.nn.init.normal_(twin.bias)
    x, graph = batch()
    known = {key: value.detach().numpy().copy() for key, value in twin.state_dict().items()}
    layer = with_arrays(EVERY["GCN"](0), known)

    nodes, given = flat(graph, x)
    y = twin(nodes, given["e"], torch.tensor(np.asarray(graph.weights)[np.asarray(graph.senders) >= 0]))
    (y**2).sum().backward()

    def loss(layer: Any, x: Any) -> Any:
        found = jnp.where(graph.mask[..., None], layer(x, graph), 0)
        return (found**2).sum(), found

    (of_layer, of_x), found = jax.device_get(jax.jit(jax.grad(loss, argnums=(0, 1), has_aux=True))(layer, x))
    mask = np.asarray(graph.mask)
    close(found[mask], y.detach().numpy())
    close(of_x[mask], nodes.grad.numpy())
    for key, parameter in twin.named_parameters():
        close(named_arrays(of_layer)[key], parameter.grad.numpy())


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(theirs).max())))


def test_every_layer_has_its_twin():
    assert set(EVERY) - set(TWINS) == {"GraphSequential"}
