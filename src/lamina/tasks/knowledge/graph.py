"""Triples as numbers: which column is which, questions in both directions, known answers. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data.stream import AbstractStream
from lamina.data.words import TRIPLE_NAMES

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

SURE_NAMES = TRIPLE_NAMES[:2]
UNKNOWN = -1
_AT_ONCE = 256  # questions whose answers are held as a byte an entity


def columns_named(names: Sequence[str]) -> tuple[str, str, str] | None:
    """Return which columns are heads, relations and tails by their names, or None.

    Args:
        names: of the columns.

    Example:
        >>> columns_named(["Object", "Subject", "Predicate", "split"])
        ('Subject', 'Predicate', 'Object')
    """
    own = {name.strip().lower(): name for name in names}
    for usual in TRIPLE_NAMES:
        if all(name in own for name in usual):
            head, relation, tail = (own[name] for name in usual)
            return head, relation, tail
    return None


def words_of(table: AbstractTable, name: str) -> tuple[list[str], np.ndarray]:
    """Return the different values of a column as texts, and the number of its own in each row, -1 if missing.

    Args:
        table: the data.
        name: of the column.
    """
    column = table.changed(forms={name: ""}).labels(name)  # names are learned as they are written
    found = column.distinct()
    return found.spellings(), found.codes


def numbered(words: Sequence[str], codes: np.ndarray, numbers: dict[str, int]) -> np.ndarray:
    """Return the number of the value in each row, -1 where it has none.

    Args:
        words: the different values.
        codes: place of each row's value in them.
        numbers: value → number.
    """
    own = np.array([*(numbers.get(word, UNKNOWN) for word in words), UNKNOWN], np.int32)
    return own[codes]


def both_directions(triples: np.ndarray, relations: int) -> np.ndarray:
    """Return the questions (entity, relation, answer) of triples: first all tails, then all heads.

    Args:
        triples: (n, 3), head, relation, tail; -1 for what is unknown.
        relations: how many there are; the inverse of r is r + relations.

    Example:
        >>> both_directions(np.array([[7, 0, 9]]), 2).tolist()
        [[7, 0, 9], [9, 2, 7]]
    """
    head, relation, tail = triples.T
    inverse = np.where(relation < 0, UNKNOWN, relation + relations)
    tails, heads = np.stack([head, relation, tail], 1), np.stack([tail, inverse, head], 1)
    return np.concatenate([tails, heads]).astype(np.int32)


def complete(triples: np.ndarray) -> np.ndarray:
    """Return the different triples of which nothing is unknown, sorted."""
    found = triples[(triples >= 0).all(axis=1)]
    return np.unique(found, axis=0).astype(np.int32) if len(found) else np.zeros((0, 3), np.int32)


def is_among(triples: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return which of some triples stand among others, (n,).

    Args:
        triples: (n, 3), nothing unknown, each once.
        others: (m, 3), nothing unknown, each once.

    Example:
        >>> is_among(np.array([[0, 0, 1], [1, 0, 2]]), np.array([[1, 0, 2], [2, 0, 0]])).tolist()
        [False, True]
    """
    both = np.concatenate([triples, others])
    _, places, counts = np.unique(both, axis=0, return_inverse=True, return_counts=True)
    return counts[places.reshape(-1)[: len(triples)]] > 1


class Answers:
    """The known answers of every question.

    Args:
        triples: (n, 3), nothing unknown.
        entities: how many there are.
        relations: how many there are.
    """

    def __init__(self, triples: np.ndarray, entities: int, relations: int):
        self.entities, self.relations = entities, relations
        asked = both_directions(complete(triples), relations)
        codes = self._codes(asked[:, 0], asked[:, 1])
        order = np.lexsort((asked[:, 2], codes))
        self.answers = asked[order, 2]
        self.codes, starts = np.unique(codes[order], return_index=True)
        self.ends = np.append(starts, len(codes))

    def _codes(self, entity: np.ndarray, relation: np.ndarray) -> np.ndarray:
        return entity.astype(np.int64) * (2 * self.relations) + relation

    @property
    def questions(self) -> np.ndarray:
        """All questions that have an answer, (q, 2): entity and relation."""
        found = np.stack(np.divmod(self.codes, max(1, 2 * self.relations)), 1)
        return found.astype(np.int32).reshape(-1, 2)

    def groups(self, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return questions and their answers, at most so many together: (g, 2), and (g, most) with -1.

        Answers of one question stand in random order, always the same.

        Args:
            most: answers of one example.
        """
        counts = np.diff(self.ends)
        parts = -(-counts // most)
        owner = np.repeat(np.arange(len(counts)), parts)
        shuffled = np.lexsort(
            (np.random.default_rng(0).random(len(self.answers)), np.repeat(np.arange(len(counts)), counts))
        )
        own = self.answers[shuffled]
        number = np.arange(len(owner)) - np.repeat(np.cumsum(parts) - parts, parts)
        places = (self.ends[:-1][owner] + number * most)[:, None] + np.arange(most)
        there = places < self.ends[1:][owner][:, None]
        found = np.where(there, own[np.minimum(places, max(0, len(own) - 1))], UNKNOWN).astype(np.int32)
        return self.questions[owner], found

    def known(self, entity: int, relation: int) -> np.ndarray:
        """Return the known answers of a question, increasing."""
        code = int(self._codes(np.asarray(entity), np.asarray(relation)))
        place = int(np.searchsorted(self.codes, code))
        if entity < 0 or relation < 0 or place == len(self.codes) or self.codes[place] != code:
            return np.zeros(0, np.int32)
        return self.answers[self.ends[place] : self.ends[place + 1]]

    def bits(self, questions: np.ndarray) -> np.ndarray:
        """Return a bit for each entity that says whether it is a known answer, uint8 (q, ⌈n / 8⌉).

        Args:
            questions: (q, 2 or more): entity, relation.
        """
        found = np.zeros((len(questions), -(-self.entities // 8)), np.uint8)
        for start in range(0, len(questions), _AT_ONCE):
            own = questions[start : start + _AT_ONCE]
            flags = np.zeros((len(own), self.entities), bool)
            for row, (entity, relation) in enumerate(own[:, :2].tolist()):
                flags[row, self.known(entity, relation)] = True
            found[start : start + _AT_ONCE] = np.packbits(flags, axis=1, bitorder="little")
        return found


class KnownBits(AbstractStream):
    """The bits of known answers of many questions, made when they are asked for.

    Args:
        answers: all known ones.
        questions: (q, 3).
    """

    def __init__(self, answers: Answers, questions: np.ndarray):
        self.answers, self.questions = answers, questions
        self.shape, self.dtype = (len(questions), -(-answers.entities // 8)), np.dtype(np.uint8)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return the bits of some questions."""
        return self.answers.bits(self.questions[np.asarray(rows)])


def questions_as_arrays(
    questions: np.ndarray, answers: Answers, *, most_bytes: int = 1 << 28
) -> dict[str, Any]:
    """Return what a network is asked to measure it: ``entity``, ``relation``, ``answer`` and ``known``.

    Args:
        questions: (q, 3).
        answers: all known ones, which are filtered.
        most_bytes: of ``known`` that is held as an array; more is made batch by batch.
    """
    known: Any = KnownBits(answers, questions)
    if known.nbytes <= most_bytes:
        known = answers.bits(questions)
    entity, relation, answer = (np.ascontiguousarray(column) for column in questions.T)
    return {"entity": entity, "relation": relation, "answer": answer, "known": known}
