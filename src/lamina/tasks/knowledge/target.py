"""What is learned of a graph: its entities, its relations, and which triples are known."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.inputs import TripleInputs
from lamina.core.json_checks import record, wrong
from lamina.core.packed import packed, unpacked
from lamina.tasks.base import AbstractTarget
from lamina.tasks.knowledge.graph import Answers, both_directions, complete, is_among, numbered, words_of

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

# A question with its answer, as numbers; -1 is what training never saw. Relations from R upward ask for
# heads.
ASKED = np.dtype([("entity", np.int32), ("relation", np.int32), ("answer", np.int32)])


class KnowledgeTarget(AbstractTarget):
    """Entities and relations of the training rows, numbered, and the known triples.

    Args:
        columns: of heads, relations and tails.
        entities: their names, in the order of their numbers.
        relations: their names, in the order of their numbers.
        known: (n, 3) numbers of all triples of the data, whose entities and relations are known, each once.
        trained: (n,), which of them train.
    """

    names = ()

    def __init__(
        self,
        columns: Sequence[str],
        entities: Sequence[str],
        relations: Sequence[str],
        known: np.ndarray,
        trained: np.ndarray,
    ):
        self.columns, self.known, self.trained = tuple(columns), known, trained
        self.entities, self.relations = tuple(entities), tuple(relations)

    @staticmethod
    def fit(
        table: AbstractTable, columns: Sequence[str], rows: np.ndarray, *, whole: AbstractTable | None = None
    ) -> KnowledgeTarget:
        """Return the target: what stands in training rows is learned.

        Args:
            table: the data.
            columns: of heads, relations and tails.
            rows: indices of the training rows.
            whole: whose triples are known, held-out ones among them; without, those of the training rows.
        """
        head, relation, tail = columns
        entities = sorted({*_seen(table, head, rows), *_seen(table, tail, rows)})
        found = KnowledgeTarget(
            columns,
            entities,
            sorted(_seen(table, relation, rows)),
            np.zeros((0, 3), np.int32),
            np.zeros(0, bool),
        )
        own = complete(found.triples(table, rows))
        known = own if whole is None else complete(np.concatenate([own, found.triples(whole)]))
        return KnowledgeTarget(columns, found.entities, found.relations, known, is_among(known, own))

    @property
    def inputs(self) -> TripleInputs:
        """What a model is told: of the triples those that train, and none that is held out."""
        graph = np.ascontiguousarray(self.known[self.trained], np.int32).tobytes()
        return TripleInputs(len(self.entities), len(self.relations), graph)

    @functools.cached_property
    def numbers(self) -> dict[str, int]:
        """Name of an entity → its number."""
        return {name: number for number, name in enumerate(self.entities)}

    @functools.cached_property
    def relation_numbers(self) -> dict[str, int]:
        """Name of a relation → its number."""
        return {name: number for number, name in enumerate(self.relations)}

    @functools.cached_property
    def answers(self) -> Answers:
        """The known answers of every question."""
        return Answers(self.known, len(self.entities), len(self.relations))

    def answers_with(self, triples: np.ndarray) -> Answers:
        """Return the known answers, those of further triples among them.

        Args:
            triples: (n, 3), -1 for what is unknown.
        """
        both = complete(np.concatenate([self.known, triples]))
        if len(both) == len(self.known):
            return self.answers
        return Answers(both, len(self.entities), len(self.relations))

    def triples(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the triples of rows as numbers, int32 (n, 3); -1 for what training never saw.

        Args:
            table: the data.
            rows: indices; all without.

        Raises:
            DataError: a column is absent.
        """
        for name in self.columns:
            table.require(name, fix="give triples the columns of the training data")
        numbers = (self.numbers, self.relation_numbers, self.numbers)
        each = [
            numbered(*words_of(table, name), own) for name, own in zip(self.columns, numbers, strict=True)
        ]
        found = np.stack(each, axis=1)
        return found if rows is None else found[np.asarray(rows)]

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the triples of rows as numbers."""
        return self.triples(table, rows)

    def measured(self, table: AbstractTable) -> np.ndarray:
        """Return both questions of each triple, of the type `ASKED`: first all tails, then all heads."""
        return asked_of(both_directions(self.triples(table), len(self.relations)))

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return the ranks."""
        return decoded

    def caption(self, value: Any) -> str:
        """Return a question and its answer."""
        entity, answer = (self._name(value[field]) for field in ("entity", "answer"))
        number = int(value["relation"])
        name = self.relations[number % len(self.relations)] if number >= 0 else "?"
        return f"{answer} {name} {entity}" if number >= len(self.relations) else f"{entity} {name} {answer}"

    def _name(self, number: Any) -> str:
        return self.entities[int(number)] if int(number) >= 0 else "?"

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold; triples as packed int32."""
        return {
            "columns": list(self.columns),
            "entities": list(self.entities),
            "relations": list(self.relations),
            "known": packed(self.known.T.astype(np.int32)),
            "trained": packed(np.packbits(self.trained)),
        }

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> KnowledgeTarget:
        """Return the target in an artifact's JSON, each field checked.

        Raises:
            ArtifactError: a field has the wrong form.
        """
        _FORM(stored, place)
        if len(stored["columns"]) != 3:
            raise wrong(f"{place}.columns", "three columns", stored["columns"])
        flat = unpacked(stored["known"], "<i4", place=f"{place}.known", most=_MOST_BYTES)
        if len(flat) % 3:
            raise wrong(f"{place}.known", "three numbers a triple", len(flat))
        known = np.ascontiguousarray(flat.reshape(3, -1).T)
        sizes = [len(stored[name]) for name in ("entities", "relations", "entities")]
        if len(known) and ((known < 0).any() or (known.max(axis=0) >= sizes).any()):
            raise wrong(f"{place}.known", f"numbers below {sizes}", known.max(axis=0).tolist())
        bits = unpacked(stored["trained"], "<u1", place=f"{place}.trained", most=_MOST_BYTES)
        if len(bits) != -(-len(known) // 8):
            expected = f"a bit for each of {len(known):,} triples"
            raise wrong(f"{place}.trained", expected, f"{len(bits):,} bytes")
        trained = np.unpackbits(bits, count=len(known)).astype(bool)
        return KnowledgeTarget(stored["columns"], stored["entities"], stored["relations"], known, trained)


def asked_of(questions: np.ndarray) -> np.ndarray:
    """Return questions (q, 3) as records of the type `ASKED`."""
    found = np.zeros(len(questions), ASKED)
    for place, name in enumerate(("entity", "relation", "answer")):
        found[name] = questions[:, place]
    return found


def _seen(table: AbstractTable, name: str, rows: np.ndarray) -> set[str]:
    """Return the values of a column in some rows."""
    words, codes = words_of(table, name)
    own = np.unique(codes[rows])
    return {words[code] for code in own[own >= 0].tolist()}


_MOST_BYTES = 1 << 32
_FORM = record(
    columns=json_checks.texts,
    entities=json_checks.texts,
    relations=json_checks.texts,
    known=json_checks.text,
    trained=json_checks.text,
)
