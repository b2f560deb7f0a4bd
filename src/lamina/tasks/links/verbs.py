"""What people do with a network of links: ask for the edges that a graph most probably lacks; vectors."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.errors import suggest as suggest_name
from lamina.core.keys import key, up_to
from lamina.tasks.base import Verb
from lamina.tasks.embed import embed_verb
from lamina.tasks.links.missing import best_pairs

if TYPE_CHECKING:
    from lamina.data.nodes.column import NodeColumn
    from lamina.data.nodes.graph import NodeGraph
    from lamina.data.table import AbstractTable

MOST_SUGGESTED = 100_000


@dataclass(frozen=True)
class SuggestKeys:
    """The keys of suggesting links."""

    data: Any = key(None, "the graph: a file that lamina reads")  # noqa: RUF009
    node: str | None = key(
        None,
        "name of a node, or its number where nodes have none, whose links are wanted; of any node without",
    )
    n: int = key(10, "how many links, the most probable first", **up_to(MOST_SUGGESTED))


@dataclass(frozen=True)
class Suggestion:
    """An edge that the graph lacks.

    Args:
        sender: the name of a node, or its number where nodes have no names.
        receiver: of another.
        probability: that they are linked, if as many pairs are linked as are not.
    """

    sender: str | int
    receiver: str | int
    probability: float


def node_vectors(network: Any, table: AbstractTable) -> np.ndarray:
    """Return the vector of each row's node, by all edges of the graph.

    Args:
        network: trained.
        table: from `lamina.network.network.Network.read`.
    """
    from lamina.objectives.edges import NodeVectors

    encoder = network.encoder.only
    column: Any = table.column(encoder.name)
    return network.decoded(encoder.arrays(column.ids, column.graph), by=NodeVectors())


def suggest(network: Any, keys: SuggestKeys) -> list[Suggestion]:
    """Return the most probable edges that a graph lacks.

    Args:
        network: trained.
        keys: of the verb.

    Raises:
        ConfigError: there is no graph, or no such node.
    """
    if keys.data is None:
        raise ConfigError("there is no graph", expected="a path", fix="suggest(data)")
    table = network.read(keys.data)
    column: NodeColumn = table.column(network.encoder.only.name)  # type: ignore[assignment]
    graph = column.graph
    starts = np.arange(graph.count) if keys.node is None else np.array([_number(graph, keys.node)])
    pairs, scores = best_pairs(node_vectors(network, table), starts, graph, keys.n)
    chances = 1 / (1 + np.exp(-scores))
    both = zip(pairs.tolist(), chances.tolist(), strict=True)
    names: Sequence[str | int] = graph.names or range(graph.count)
    return [Suggestion(names[a], names[b], chance) for (a, b), chance in both]


def _number(graph: NodeGraph, node: str) -> int:
    """Return the number of a node.

    Raises:
        ConfigError: there is no such node.
    """
    word = str(node)  # in Python a number may stand for it
    if graph.names:
        if word in graph.names:
            return graph.names.index(word)
        near = suggest_name(word, graph.names)
        raise ConfigError(f"there is no node '{word}'{near}", expected=f"a name such as '{graph.names[0]}'")
    if not word.isdecimal() or int(word) >= graph.count:
        raise ConfigError("there is no such node", expected=f"0 to {graph.count - 1}", received=node)
    return int(word)


def _shown(found: Sequence[Suggestion]) -> Iterator[str]:
    """Yield suggestions as CSV, a line each."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["sender", "receiver", "probability"])
    for one in found:
        writer.writerow([one.sender, one.receiver, f"{one.probability:.6g}"])
    yield buffer.getvalue()


def _told(found: Sequence[Suggestion]) -> dict[str, Any]:
    return {"links": [asdict(one) for one in found]}


VERBS = {
    "suggest": Verb(
        "the most probable edges that a graph lacks",
        SuggestKeys,
        suggest,
        "DATA --node 5",
        asked="data",
        reads=True,
        shown=_shown,
        told=_told,
        saved={".csv": lambda found: "".join(_shown(found)).encode()},
    ),
    **embed_verb(node_vectors),
}
