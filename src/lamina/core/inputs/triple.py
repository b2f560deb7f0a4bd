"""Questions to a knowledge graph: which entity stands in a relation to another."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lamina.core.inputs.base import AbstractInputs


@dataclass(frozen=True)
class TripleInputs(AbstractInputs):
    """Questions (entity, relation, ?), ``x = {"entity": int32 (b,), "relation": int32 (b,)}``.

    Relation r asks for tails: which t stands in (h, r, t)? Its inverse, r + relations, asks for heads: which
    h stands in (h, r, t)? So models learn 2 · relations of them.

    Args:
        entities: how many there are, heads and tails together.
        relations: how many there are, their inverses not counted.
        graph: the triples that train, each once, for models that see an entity's neighbors: int32 (n, 3) as
            bytes, so that inputs can be compared; see `triples`.

    Example:
        >>> TripleInputs(entities=5, relations=2).directed
        4
    """

    entities: int
    relations: int
    graph: bytes = field(default=b"", repr=False)

    @property
    def directed(self) -> int:
        """How many relations there are with their inverses."""
        return 2 * self.relations

    @property
    def triples(self) -> np.ndarray:
        """The triples that train, int32 (n, 3): head, relation, tail."""
        return np.frombuffer(self.graph, np.int32).reshape(-1, 3)
