"""Networks of messages along edges, for graphs as wholes: every block sees what the edges are like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs
from lamina.core.inputs.graph import GraphInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.models.graph_inputs import TAKES, Entry, edges_of, graph_inputs, sampled
from lamina.models.graph_network import GraphNetwork, LinearHead, NodeNetwork, norm_of, readout_of
from lamina.models.registry import register
from lamina.nn.activation import relu
from lamina.nn.dropout import Dropout
from lamina.nn.graph.gin import GINConv, GINEConv
from lamina.nn.graph.gps import GPSBlock
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.jumping import jump_concat
from lamina.nn.graph.layer import AbstractGraphLayer, GraphSequential, apply
from lamina.nn.graph.mpnn import GatedNNConv
from lamina.nn.graph.pna import PNAConv
from lamina.nn.graph.readout import Set2Set
from lamina.nn.linear import Linear
from lamina.ops.edges import present

USUAL_DEGREES = (0, 1, 2, 1)  # where nobody counted: as of molecules
EDGE_WIDTH = 16  # numbers of an edge, where it has too many symbols for an indicator each
MOST_INDICATORS = 32  # numbers and symbols of an edge that each layer weighs itself


class MessageTrunk(Module):
    """Blocks over graphs, one after another, behind an entry of nodes and one of edges.

    h⁰ = entry(nodes);  hˡ⁺¹ = block(hˡ, graph), or hˡ + block(hˡ, graph).

    Args:
        entry: of the nodes.
        edges: of the edges; None where nothing is known of them.
        blocks: layers over graphs.
        is_residual: whether a block's result is added to what it was given.
        jumps: whether the features of all layers leave side by side; else those of the last one.

    Shapes:
        the arrays of `GraphInputs` → (batch, nodes, features), Graph
    """

    entry: Entry
    edges: Entry | Indicators | None
    blocks: list[AbstractGraphLayer]
    is_residual: bool = static()
    jumps: bool = static()

    def __init__(
        self,
        entry: Entry,
        edges: Entry | Indicators | None,
        blocks: list[Any],
        *,
        is_residual: bool = False,
        jumps: bool = False,
    ):
        self.entry, self.edges, self.blocks = entry, edges, blocks
        self.is_residual, self.jumps = is_residual, jumps

    def __call__(
        self, x: dict[str, Any], *, key: Any = None, train: bool = False
    ) -> tuple[Float[Array, "b n d"], Graph]:
        count = len(self.blocks) + 2
        keys = [None] * count if key is None else list(hashed_keys(key, count))
        h = self.entry(x, key=keys[-1], train=train)
        features = None if self.edges is None else self.edges(x, key=keys[-2], train=train).astype(h.dtype)
        graph = edges_of(x, features)
        h = present(graph.mask, h)
        found = [h]
        for block, own in zip(self.blocks, keys, strict=False):
            y = block(h, graph, key=own, train=train)
            h = present(graph.mask, h + y if self.is_residual else y)
            found.append(h)
        return jump_concat(found) if self.jumps else h, graph


class Indicators(Module):
    """Numbers of an edge, and 1 for each symbol that it has, 0 for each other: layers weigh them themselves.

    Args:
        numbers: of an edge.
        symbols: how many different ones there are.
    """

    symbols: int = static()
    width: int = static()

    def __init__(self, numbers: int, symbols: int):
        self.symbols, self.width = symbols, numbers + symbols

    def __call__(self, x: dict[str, Any], *, key: Any = None, train: bool = False) -> Float[Array, "b e g"]:
        found = []
        if self.width > self.symbols:
            numbers = jnp.asarray(x["edge_numbers"])
            found.append(numbers.reshape(numbers.shape[0], -1, numbers.shape[-1]))
        if self.symbols:
            ids = jnp.asarray(x["edge_symbols"])
            ids = ids.reshape(ids.shape[0], -1, ids.shape[-1])
            found.append((ids[..., None] == jnp.arange(self.symbols)[None, None, None]).any(2))
        dtype = found[0].dtype if self.width > self.symbols else jnp.float32
        return jnp.concatenate([own.astype(dtype) for own in found], axis=-1)


def _entry_of_edges(graph: GraphInputs, key: Any) -> Entry | Indicators | None:
    """Return what makes features of the edges, or None where nothing is known of them."""
    numbers, symbols = graph.edge_numbers, graph.edge_symbols
    if not numbers + symbols:
        return None
    if numbers + symbols <= MOST_INDICATORS:
        return Indicators(numbers, symbols)
    return Entry(numbers, symbols, EDGE_WIDTH, prefix="edge_", key=key)


def message_network(
    inputs: Inputs,
    outputs: int,
    *,
    block: Callable[..., AbstractGraphLayer],
    width: int,
    count: int,
    readout: str | Callable[..., Module],
    dropout: float,
    is_residual: bool = False,
    jumps: bool = False,
    key: Any,
) -> Module:
    """Return a network of blocks, with a read-out for graphs, or a weighted sum for each node.

    Args:
        inputs: `GraphInputs` or `NodeInputs`.
        outputs: numbers that leave.
        block: ``block(graph inputs, features of an edge, key=)``, a layer over graphs, width → width.
        width: features of a node.
        count: blocks.
        readout: name in `READOUTS`, or ``readout(width, key=)``.
        dropout: probability in [0, 1) before the head.
        is_residual: whether a block's result is added to what it was given.
        jumps: whether the head sees the features of all layers.
        key: random key or seed.
    """
    graph, is_nodes = graph_inputs(inputs)
    entry_key, edge_key, read_key, head_key, *keys = split(key, 4 + count)
    entry = Entry(graph.numbers, graph.symbols, width, key=entry_key)
    edges = _entry_of_edges(graph, edge_key)
    blocks = [block(graph, 0 if edges is None else edges.width, key=own) for own in keys]
    trunk = MessageTrunk(entry, edges, blocks, is_residual=is_residual, jumps=jumps)
    features = width * (count + 1) if jumps else width
    if is_nodes:
        own = LinearHead(features, outputs, dropout=dropout, key=head_key)
        return NodeNetwork(trunk, head=own, neighbors=sampled(inputs))
    if isinstance(readout, str):
        read: Module = readout_of(readout)
    else:
        read, features = readout(features, key=read_key), 2 * features
    return GraphNetwork(trunk, readout=read, head=Linear(features, outputs, key=head_key), dropout=dropout)


@register(
    "gin", size=64, dial="features of a node", takes=TAKES,
    reference="Xu, Hu, Leskovec, Jegelka. How powerful are graph neural networks? ICLR 2019",
)  # fmt: skip
def gin(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    dropout: float = 0.0,
    node_norm: str = "batch",
    readout: str = "sum",
    key: Any,
) -> Module:
    """Graph isomorphism network: sums over neighbors; tells most graphs apart, and is quick."""

    def block(graph: GraphInputs, edges: int, *, key: Any) -> AbstractGraphLayer:
        layer = isomorphism(size, edges, node_norm=node_norm, key=key)
        return Behind(layer, GraphSequential(norm_of(node_norm, size)), Dropout(dropout))

    return message_network(
        inputs, outputs, block=block, width=size, count=depth, readout=readout,
        dropout=dropout, jumps=True, key=key,
    )  # fmt: skip


def isomorphism(width: int, edge_width: int, *, node_norm: str, key: Any) -> AbstractGraphLayer:
    """Return a layer of GIN with two weighted sums for each node, which sees the edges where they are told.

    Args:
        width: features of a node.
        edge_width: features of an edge, 0 where nothing is known of them.
        node_norm: between the two weighted sums, as `norm_of` says.
        key: random key or seed.
    """
    first, second, own = split(key, 3)
    norm = GraphSequential(norm_of(node_norm, width))
    inner = Behind(Linear(width, width, key=first), norm, Dropout(0.0))
    nodes = GraphSequential([inner, Linear(width, width, key=second)])
    return GINEConv(width, edge_width, nodes, key=own) if edge_width else GINConv(nodes)


class Behind(AbstractGraphLayer):
    """y = dropout(relu(norm(layer(x)))).

    Args:
        layer: over graphs, or over each node by itself.
        norm: of its outputs.
        dropout: of what leaves.
    """

    layer: Module
    norm: AbstractGraphLayer
    dropout: Dropout

    def __init__(self, layer: Module, norm: AbstractGraphLayer, dropout: Dropout):
        self.layer, self.norm, self.dropout = layer, norm, dropout

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        first, second = (None, None) if key is None else hashed_keys(key, 2)
        y = self.norm(apply(self.layer, x, graph, key=first, train=train), graph, train=train)
        return self.dropout(relu(y), key=second, train=train)


class OfAnyEdges(AbstractGraphLayer):
    """A layer that wants features of edges, over graphs that may have none: each edge then is 1.

    Args:
        layer: over graphs.
    """

    layer: AbstractGraphLayer

    def __init__(self, layer: AbstractGraphLayer):
        self.layer = layer

    def __call__(self, x: Any, graph: Graph, *, key: Any = None, train: bool = False) -> Any:
        if graph.features is None:
            graph = graph._replace(features=jnp.ones((*graph.senders.shape, 1), x.dtype))
        return self.layer(x, graph, key=key, train=train)


@register(
    "mpnn", size=64, dial="features of a node", takes=TAKES,
    reference="Gilmer et al. Neural message passing for quantum chemistry. ICML 2017",
)  # fmt: skip
def mpnn(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 3,
    dropout: float = 0.0,
    key: Any,
) -> Module:
    """Message passing by a matrix for each edge, a GRU and Set2Set: for few molecules; slow where wide."""

    def block(graph: GraphInputs, edges: int, *, key: Any) -> AbstractGraphLayer:
        return OfAnyEdges(GatedNNConv(size, edges or 1, hidden=size, steps=depth, key=key))

    return message_network(
        inputs, outputs, block=block, width=size, count=1, readout=Set2Set,
        dropout=dropout, key=key,
    )  # fmt: skip


@register(
    "pna", size=64, dial="features of a node", takes=TAKES,
    reference="Corso et al. Principal neighbourhood aggregation for graph nets. NeurIPS 2020",
)  # fmt: skip
def pna(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    dropout: float = 0.0,
    node_norm: str = "batch",
    readout: str = "mean",
    key: Any,
) -> Module:
    """Means, extremes and spreads of neighbors at once: where degrees differ, and for molecules."""

    def block(graph: GraphInputs, edges: int, *, key: Any) -> AbstractGraphLayer:
        degrees = graph.degrees if any(graph.degrees[1:]) else USUAL_DEGREES
        layer = PNAConv(size, size, degree_histogram=degrees, edge_features=edges or None, key=key)
        return Behind(layer, GraphSequential(norm_of(node_norm, size)), Dropout(dropout))

    return message_network(
        inputs, outputs, block=block, width=size, count=depth, readout=readout,
        dropout=dropout, is_residual=True, key=key,
    )  # fmt: skip


@register(
    "gps", size=64, dial="features of a node", takes=TAKES,
    reference="Rampášek et al. Recipe for a general, powerful, scalable graph transformer. NeurIPS 2022",
    defaults={"walk_steps": 16},
)  # fmt: skip
def gps(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    heads: int = 4,
    dropout: float = 0.1,
    node_norm: str = "batch",
    readout: str = "mean",
    key: Any,
) -> Module:
    """Messages along edges beside attention among all nodes: where what matters is many edges apart."""

    def block(graph: GraphInputs, edges: int, *, key: Any) -> AbstractGraphLayer:
        own, block_key = split(key, 2)
        conv = isomorphism(size, edges, node_norm=node_norm, key=own)

        def norm(width: int) -> Module:
            return GraphSequential(norm_of(node_norm, width))

        return GPSBlock(size, conv, heads=heads, rate=dropout, norm=norm, key=block_key)

    return message_network(
        inputs, outputs, block=block, width=size, count=depth, readout=readout,
        dropout=dropout, key=key,
    )  # fmt: skip
