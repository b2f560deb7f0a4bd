"""What people do with a graph that was learned: find missing entities, and take vectors of known ones."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.keys import key, up_to
from lamina.tasks.base import Verb
from lamina.tasks.embed import embed_verb

if TYPE_CHECKING:
    import numpy as np

    from lamina.data.table import AbstractTable
    from lamina.tasks.knowledge.complete import Completion
    from lamina.tasks.knowledge.target import KnowledgeTarget

MOST_SHOWN = 10_000


@dataclass(frozen=True)
class CompleteKeys:
    """The keys of completion."""

    head: str = key("", "entity that the triple begins with; tails are found")
    relation: str = key("", "relation of the triple")
    tail: str = key("", "entity that the triple ends with; heads are found")
    n: int = key(10, "how many entities to show, the likeliest first", **up_to(MOST_SHOWN))
    known: bool = key(False, "show also those whose triples the data have")


def _complete(network: Any, keys: CompleteKeys) -> list[Completion]:
    from lamina.tasks.knowledge.complete import completions

    return completions(network, keys)


def _example(target: KnowledgeTarget) -> str:
    """Return a question whose answer the data know, of names that a terminal takes as they are, if any."""
    named = ((target.entities[head], target.relations[relation]) for head, relation, _ in target.known)
    usual = (names for names in named if all(name.isprintable() and name[:1] != "-" for name in names))
    head, relation = next(usual, ("X", "R"))
    return shlex.join(["--head", head, "--relation", relation])


def _shown(found: Sequence[Completion]) -> Iterator[str]:
    """Yield a line for each entity: its probability and the triple."""
    for number, one in enumerate(found):
        yield "\n" if number else ""
        triple, known = f"{one.head}  {one.relation}  {one.tail}", "  (known)" if one.known else ""
        yield f"{one.probability:7.2%}  {triple}{known}"


def _told(found: Sequence[Completion]) -> dict[str, Any]:
    return {"completions": [asdict(one) for one in found]}


def _vectors(network: Any, table: AbstractTable) -> np.ndarray:
    from lamina.tasks.knowledge.complete import vectors_of_entities

    return vectors_of_entities(network, table)


VERBS = {
    "complete": Verb(
        "find the likeliest entities for the open place of a triple",
        CompleteKeys,
        _complete,
        _example,
        shown=_shown,
        told=_told,
    ),
    **embed_verb(_vectors),
}
