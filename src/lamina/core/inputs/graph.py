"""Graphs: nodes with features, and edges between them."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs


@dataclass(frozen=True)
class GraphInputs(AbstractInputs):
    """Graphs, one an example, filled up to the same number of nodes and edges.

    ``x`` holds

    - ``mask``: bool (b, n), which nodes are there;
    - ``edges``: int32 (b, …, 2), sender and receiver of each edge, nodes of the same graph; -1 and -1 fill
      up. An edge without direction stands twice;
    - ``numbers``: float32 (b, n, f), where nodes have numbers;
    - ``symbols``: int32 (b, n, t), where nodes have symbols, such as a kind of atom; -1 fills up. A node
      with sparse numbers has a symbol for each that is not zero, and ``scale``, float32 (b, n, t), holds
      them;
    - ``edge_numbers``: float32 (b, …, g), and ``edge_symbols``: int32 (b, …, u): the same of edges;
    - ``edge_weight``: float32 (b, …), not below 0, where edges count unequally: for models that weigh them.

    Args:
        numbers: numbers of a node, f.
        symbols: different symbols of nodes; ids are below it.
        edge_numbers: numbers of an edge, g.
        edge_symbols: different symbols of edges.
        weighted: whether symbols of nodes have a scale.
        degrees: how many nodes of the training graphs have 0, 1, 2 … edges that lead to them; empty where
            nobody counted.
    """

    numbers: int = 0
    symbols: int = 0
    edge_numbers: int = 0
    edge_symbols: int = 0
    weighted: bool = False
    degrees: tuple[int, ...] = ()


@dataclass(frozen=True)
class NodeInputs(AbstractInputs):
    """Nodes of one graph, one an example: ``x = {"at": int32 (b,), "common": the graph}``.

    The graph stands once, as `GraphInputs` says, with b = 1; ``at`` says which of its nodes are meant. Where
    neighbors are drawn, ``starts``, ``degrees`` (1, n) and ``senders`` (1, e), int32, stand for its edges:
    those to node i are senders[starts_i : starts_i + degrees_i].

    Args:
        graph: what a model is told about the graph.
        neighbors: how many neighbors of a node are drawn, round by round; empty: the graph is seen whole.
    """

    graph: GraphInputs
    neighbors: tuple[int, ...] = ()
