"""Sets of graphs in the text format of the TU collection: a file a fact, a line a node or edge.

The format is described at https://chrsmrrs.github.io/datasets/docs/format.
"""

from __future__ import annotations

import numpy as np

from lamina.core.errors import DataError
from lamina.data.graphs.store import Features, Graphs
from lamina.data.readers.parsers.graph_archive import Lines

INDICATOR = "_graph_indicator.txt"
_ANEW = "fetch the data anew"


def read_tu(files: dict[str, Lines], source: str) -> tuple[Graphs, dict[str, np.ndarray]]:
    """Return the graphs, and the columns beside them: ``label``, or ``target`` where they have numbers.

    Args:
        files: by name, ``NAME_graph_indicator.txt`` among them.
        source: path, for messages.

    Raises:
        DataError: a file is missing, has another number of lines than it should, or an edge leads nowhere.
    """
    found = _Files(files, source)
    owner = found.column("graph_indicator")
    if owner.min() < 1:
        row = int(np.flatnonzero(owner < 1)[0])
        raise found.need("graph_indicator").wrong(row, "no graph has this number", expected="1 or more")
    count = int(owner.max())
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner - 1, minlength=count)
    if not counts.all():
        missing = int(np.flatnonzero(counts == 0)[0]) + 1
        raise DataError(f"graph {missing} has no node", where=found.need("graph_indicator").where, fix=_ANEW)
    ends = np.cumsum(counts)
    place = np.empty(len(owner), np.int64)
    place[order] = np.arange(len(owner)) - np.repeat(ends - counts, counts)
    pairs = _edges(found, owner)
    edge_owner = owner[pairs[:, 0]] - 1
    turn = np.argsort(edge_owner, kind="stable")
    edge_ends = np.cumsum(np.bincount(edge_owner, minlength=count))
    nodes = found.features("node", len(owner)).take(order)
    links = found.features("edge", len(pairs)).take(turn)
    graphs = Graphs(ends, edge_ends, place[pairs[turn]].astype(np.int32), nodes, links)
    return graphs, found.beside(count)


def _edges(found: _Files, owner: np.ndarray) -> np.ndarray:
    """Return sender and receiver of each edge, counted from 0 over all nodes."""
    lines = found.need("A")
    pairs = lines.numbers(columns=2) - 1
    outside = ((pairs < 0) | (pairs >= len(owner))).any(axis=1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise lines.wrong(row, "an edge leads to a node that is not there", expected=f"1 to {len(owner)}")
    torn = owner[pairs[:, 0]] != owner[pairs[:, 1]]
    if torn.any():
        row = int(np.flatnonzero(torn)[0])
        one, other = owner[pairs[row]].tolist()
        message = f"an edge leads from graph {one} to graph {other}"
        raise lines.wrong(row, message, expected="two nodes of one graph")
    return pairs


class _Files:
    """The files of one set of graphs.

    Args:
        files: by name.
        source: path, for messages.
    """

    def __init__(self, files: dict[str, Lines], source: str):
        names = [name for name in files if name.endswith(INDICATOR)]
        if len(names) > 1:
            listed = ", ".join(name.removesuffix(INDICATOR) for name in names)
            raise DataError("several sets of graphs", where=source, received=listed, fix="give one of them")
        self.prefix, self.files, self.source = names[0].removesuffix(INDICATOR), files, source

    def get(self, fact: str) -> Lines | None:
        """Return the file of a fact, such as ``node_labels``, or None."""
        return self.files.get(f"{self.prefix}_{fact}.txt")

    def need(self, fact: str) -> Lines:
        """Return the file of a fact that must be there.

        Raises:
            DataError: it is absent or empty.
        """
        found = self.get(fact)
        if found is None or not found.lines:
            what = "is absent" if found is None else "is empty"
            raise DataError(f"{self.prefix}_{fact}.txt {what}", where=self.source, fix=_ANEW)
        return found

    def column(self, fact: str) -> np.ndarray:
        """Return the one whole number of each line."""
        return self.need(fact).numbers(columns=1)[:, 0]

    def counted(self, fact: str, count: int, noun: str, *, whole: bool) -> np.ndarray | None:
        """Return the numbers of a fact, of which there must be a line for each node, edge or graph.

        Raises:
            DataError: there are more or fewer lines.
        """
        lines = self.get(fact)
        if lines is None:
            return None
        found = lines.numbers(whole=whole)
        if len(found) != count:
            raise DataError(
                f"not one line for each {noun}",
                where=lines.where,
                expected=f"{count:,} lines",
                received=f"{len(found):,}",
                fix=_ANEW,
            )
        return found

    def features(self, noun: str, count: int) -> Features:
        """Return labels as symbols and attributes as numbers, of nodes or edges."""
        labels = self.counted(f"{noun}_labels", count, noun, whole=True)
        numbers = self.counted(f"{noun}_attributes", count, noun, whole=False)
        found = Features.none(count)
        if labels is not None:
            names = numbered(f"{noun} label", labels.shape[1])
            each = [Features.of_symbols(own, name) for own, name in zip(labels.T, names, strict=True)]
            codes = np.concatenate([own.symbols for own in each], axis=1)
            found = Features(codes, tuple(own.alphabets[0] for own in each), names, found.numbers, ())
        if numbers is not None:
            found = found.with_numbers(numbers, numbered(f"{noun} attribute", numbers.shape[1]))
        return found

    def beside(self, count: int) -> dict[str, np.ndarray]:
        """Return the columns beside the graphs."""
        labels = self.counted("graph_labels", count, "graph", whole=True)
        numbers = self.counted("graph_attributes", count, "graph", whole=False)
        found: dict[str, np.ndarray] = {}
        for base, own in (("label", labels), ("target", numbers)):
            if own is not None:
                found |= dict(zip(numbered(base, own.shape[1]), own.T, strict=True))
        return found


def numbered(base: str, count: int) -> tuple[str, ...]:
    """Return names for columns of one sort.

    Example:
        >>> numbered("label", 1), numbered("label", 2)
        (('label',), ('label_1', 'label_2'))
    """
    return (base,) if count == 1 else tuple(f"{base}_{number}" for number in range(1, count + 1))
