"""Convolutions over graphs, one after another: the first acts on the inputs themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs
from lamina.core.inputs.graph import GraphInputs
from lamina.core.module import Module, replace, static
from lamina.core.random import Blank, split
from lamina.core.shapes import Float
from lamina.models.graph_inputs import TAKES, Columns, Entry, edges_of, graph_inputs, sampled
from lamina.models.graph_network import GraphNetwork, LayerHead, NodeNetwork, norm_of, readout_of
from lamina.models.registry import register
from lamina.nn.activation import ACTIVATIONS
from lamina.nn.dropout import Dropout
from lamina.nn.graph.gat import GATConv
from lamina.nn.graph.gcn import GCNConv
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import apply
from lamina.nn.graph.sage import SAGEConv
from lamina.nn.linear import Linear
from lamina.ops.edges import present

MOST = 1 << 60  # values of arrays that take no memory
Layer = Callable[..., Module]  # (in_features, out_features, key=) -> a layer over graphs


class ConvolutionTrunk(Module):
    """h ← activation(norm(convolution(dropout(h), graph))), from the inputs on.

    The first convolution's matrix is that of the entry, which computes only what stands in sparse inputs.

    Args:
        entry: the first convolution's matrix.
        layers: the convolutions; the first one without a matrix of its own.
        norms: one behind each convolution, or none.
        activation: name in `lamina.nn.ACTIVATIONS`.
        dropout: probability in [0, 1) that an input of a convolution is left out in training.

    Shapes:
        the arrays of `GraphInputs` → (batch, nodes, features), Graph
    """

    entry: Entry
    layers: list[Module]
    norms: list[Module]
    dropout: Dropout
    activation: str = static()

    def __init__(
        self,
        entry: Entry,
        layers: list[Module],
        *,
        norms: list[Module],
        activation: str,
        dropout: float,
    ):
        self.entry, self.layers, self.norms, self.dropout = entry, layers, norms, Dropout(dropout)
        self.activation = activation
        ACTIVATIONS[activation]  # an unknown name is refused here, not while compiling

    def __call__(
        self, x: dict[str, Any], *, key: Any = None, train: bool = False
    ) -> tuple[Float[Array, "b n d"], Graph]:
        count = 2 * len(self.layers)
        keys = [None] * count if key is None else list(hashed_keys(key, count))
        graph, activation = edges_of(x), ACTIVATIONS[self.activation]
        h = self.entry(x, key=keys[0], train=train)
        for place, layer in enumerate(self.layers):
            if place:
                h = self.dropout(h, key=keys[2 * place], train=train)
            h = layer(h, graph, key=keys[2 * place + 1], train=train)
            h = activation(apply(self.norms[place], h, graph, train=train) if self.norms else h)
        return present(graph.mask, h), graph


def entered(graph: GraphInputs, layer: Any, *, dropout: float, key: Any) -> tuple[Entry, Module]:
    """Return the matrices of a convolution as an entry, and the convolution without them.

    Args:
        graph: what is known of the graphs.
        layer: a convolution whose matrices act on its inputs alone, made for any number of inputs.
        dropout: probability in [0, 1) that a number or symbol is left out in training.
        key: random key or seed.
    """
    own = {name: part for name, part in vars(layer).items() if isinstance(part, Linear)}
    width, places = 0, {}
    for name, part in own.items():
        places[name] = Columns(width, width + part.outputs, bias=part.bias is not None)
        width += part.outputs
    entry = Entry(graph.numbers, graph.symbols, width, dropout=dropout, key=key)
    return entry, replace(layer, **places)


def convolution_network(
    inputs: Inputs,
    outputs: int,
    *,
    layer: Layer,
    last: Layer,
    width: int,
    depth: int,
    activation: str,
    dropout: float,
    node_norm: str,
    readout: str,
    key: Any,
) -> Module:
    """Return a network of convolutions: for nodes the last one gives the outputs, for graphs a read-out.

    Args:
        inputs: `GraphInputs` or `NodeInputs`.
        outputs: numbers that leave.
        layer: makes a hidden convolution.
        last: makes the one that gives the outputs of nodes.
        width: features of a node.
        depth: convolutions in all.
        activation: name in `lamina.nn.ACTIVATIONS`.
        dropout: probability in [0, 1).
        node_norm: behind each hidden convolution, as `norm_of` says.
        readout: name in `READOUTS`.
        key: random key or seed.

    Raises:
        ConfigError: the inputs are no graphs, or there are too few convolutions.
    """
    graph, is_nodes = graph_inputs(inputs)
    if depth < 1 + is_nodes:
        raise ConfigError("too few convolutions", expected=f"depth >= {1 + is_nodes}", received=depth)
    entry_key, head_key, *keys = split(key, 2 + depth)
    free = Blank(MOST) if isinstance(key, Blank) else keys[0]  # its matrices are dropped: they count for none
    entry, first = entered(graph, layer(1, width, key=free), dropout=dropout, key=entry_key)
    hidden = [layer(width, width, key=own) for own in keys[1 : depth - is_nodes]]
    layers = [first, *hidden]
    norms = [norm for _ in layers for norm in norm_of(node_norm, width)]
    trunk = ConvolutionTrunk(entry, layers, norms=norms, activation=activation, dropout=dropout)
    if is_nodes:
        own = LayerHead(last(width, outputs, key=head_key), dropout=dropout)
        return NodeNetwork(trunk, head=own, neighbors=sampled(inputs))
    head = Linear(width, outputs, key=head_key)
    return GraphNetwork(trunk, readout=readout_of(readout), head=head, dropout=dropout)


@register(
    "gcn", size=64, dial="features of a node", takes=TAKES,
    reference="Kipf, Welling. Semi-supervised classification with graph convolutional networks. ICLR 2017",
)  # fmt: skip
def gcn(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 2,
    dropout: float = 0.5,
    activation: str = "relu",
    node_norm: str = "none",
    readout: str = "mean",
    key: Any,
) -> Module:
    """Graph convolution: means over neighbors; small, quick, and hard to beat where neighbors are alike."""
    return convolution_network(
        inputs, outputs, layer=GCNConv, last=GCNConv, width=size, depth=depth, activation=activation,
        dropout=dropout, node_norm=node_norm, readout=readout, key=key,
    )  # fmt: skip


@register(
    "gat", size=64, dial="features of a node, of all heads together", takes=TAKES,
    reference="Veličković et al. Graph attention networks. ICLR 2018",
)  # fmt: skip
def gat(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 2,
    heads: int = 8,
    dropout: float = 0.6,
    activation: str = "elu",
    node_norm: str = "none",
    readout: str = "mean",
    key: Any,
) -> Module:
    """Graph attention: a node weighs its neighbors; where some of them say more than others."""
    if size % heads:
        raise ConfigError("size is no multiple of heads", expected=f"a multiple of {heads}", received=size)

    def layer(in_features: int, out_features: int, *, key: Any) -> Module:
        return GATConv(in_features, out_features // heads, heads=heads, rate=dropout, key=key)

    last = functools.partial(GATConv, rate=dropout)
    return convolution_network(
        inputs, outputs, layer=layer, last=last, width=size, depth=depth, activation=activation,
        dropout=dropout, node_norm=node_norm, readout=readout, key=key,
    )  # fmt: skip


@register(
    "sage", size=64, dial="features of a node", takes=TAKES,
    reference="Hamilton, Ying, Leskovec. Inductive representation learning on large graphs. NeurIPS 2017",
)  # fmt: skip
def sage(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 2,
    dropout: float = 0.5,
    activation: str = "relu",
    node_norm: str = "none",
    readout: str = "mean",
    key: Any,
) -> Module:
    """GraphSAGE: a node beside the mean of its neighbors; where a node is not like its neighbors."""
    return convolution_network(
        inputs, outputs, layer=SAGEConv, last=SAGEConv, width=size, depth=depth, activation=activation,
        dropout=dropout, node_norm=node_norm, readout=readout, key=key,
    )  # fmt: skip
