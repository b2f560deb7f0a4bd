"""What is wrong with triples: gaps, repetitions, and what held-out ones give away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.table import AbstractTable
from lamina.tasks.knowledge.graph import complete, words_of
from lamina.tasks.knowledge.target import KnowledgeTarget

NEARLY_ALWAYS = 0.8  # share of a relation's triples that stand the other way round in another one
FEWEST = 10  # triples of a relation that is judged so
WORTH_A_WARNING = 0.01  # share of the held-out triples


def of_rows(table: AbstractTable, columns: Sequence[str]) -> Iterator[Finding]:
    """Yield gaps, and how many triples stand a second time.

    Args:
        table: the data.
        columns: of heads, relations and tails.
    """
    codes = np.stack([words_of(table, name)[1] for name in columns], axis=1)
    gaps = np.flatnonzero((codes < 0).any(axis=1))
    if gaps.size:
        name = columns[int((codes[gaps[0]] < 0).argmax())]
        message = f"{counted(gaps.size, 'triple')} {'lacks' if gaps.size == 1 else 'lack'} a value"
        yield error(
            "gap-in-triple", table.where(int(gaps[0]), name), message, "fill it in, or remove the row"
        )
        return
    order = np.lexsort(codes.T)
    same = np.zeros(len(codes), bool)
    same[order[1:]] = (codes[order[1:]] == codes[order[:-1]]).all(axis=1)
    if same.any():
        row, count = int(same.argmax()), int(np.count_nonzero(same))
        stand = f"{counted(count, 'triple')} {'stands' if count == 1 else 'stand'}"
        message = f"{stand} a second time; each counts once"
        yield note("duplicate-triples", table.where(row), message)


def between(
    target: KnowledgeTarget, trained: np.ndarray, table: AbstractTable, held: np.ndarray
) -> Iterator[Finding]:
    """Yield what training never saw of held-out triples, and relations that are others read backwards.

    Args:
        target: fitted to the training rows.
        trained: triples of these, (n, 3).
        table: that holds the held-out rows.
        held: their indices.
    """
    given = target.triples(table, held)
    unseen = np.flatnonzero((given < 0).any(axis=1))
    if unseen.size:
        have = f"{counted(len(held), 'held-out triple')} {'has' if unseen.size == 1 else 'have'}"
        message = (
            f"{unseen.size:,} of {have} an "
            "entity or a relation that no training triple has; answers that training never saw rank last"
        )
        yield note("unseen-entity", table.where(int(held[unseen[0]])), message)
    yield from _backwards(target, complete(trained), given, table.source)


def _backwards(
    target: KnowledgeTarget, trained: np.ndarray, held: np.ndarray, source: str
) -> Iterator[Finding]:
    """Yield relations that are nearly always another one read backwards, and what that gives away."""
    pairs = inverse_pairs(trained, len(target.relations))
    if not pairs:
        return
    known = held[(held >= 0).all(axis=1) & (held[:, 0] != held[:, 2])]
    told = _told_backwards(trained, known, {(one, other) for one, other, _ in pairs})
    if not told:
        return
    named = [
        f"{_pair(target.relations, one, other)} ({share:.0%} of its triples)" for one, other, share in pairs
    ]
    more = f", and {len(named) - 1} more" if len(named) > 1 else ""
    message = (
        f"relation {named[0]}{more}; so training says {told:,} of {counted(len(held), 'held-out triple')}, "
        "which flatters the metrics"
    )
    fix = "keep one relation of each pair, or both directions of a fact on one side of the split"
    say = warning if told > WORTH_A_WARNING * max(1, len(held)) else note
    found = say("inverse-relations", source, message, fix)
    yield Finding(found.level, found.code, found.message, found.where, found.fix, tuple(named))


def _pair(relations: Sequence[str], one: int, other: int) -> str:
    if one == other:
        return f"'{relations[one]}' holds both ways"
    return f"'{relations[one]}' is '{relations[other]}' read backwards"


def inverse_pairs(trained: np.ndarray, relations: int) -> list[tuple[int, int, float]]:
    """Return relations of which nearly every triple (h, r, t) has a (t, r', h): r, r' and the share of r's.

    The largest shares first. O(triples · log triples).

    Args:
        trained: different triples, (n, 3).
        relations: how many there are.

    Example:
        >>> parent = np.array([[i, 0, i + 20] for i in range(20)])
        >>> inverse_pairs(np.concatenate([parent, parent[:, ::-1] + [0, 1, 0]]), 2)
        [(0, 1, 1.0), (1, 0, 1.0)]
    """
    trained = trained[trained[:, 0] != trained[:, 2]]  # what stands in a relation to itself says nothing
    found = _matches(trained, trained)
    if not len(found[0]):
        return []
    one, other = trained[found[0], 1].astype(np.int64), trained[found[1], 1].astype(np.int64)
    codes, counts = np.unique(one * relations + other, return_counts=True)
    sizes = np.bincount(trained[:, 1], minlength=relations)
    share = counts / sizes[codes // relations]
    good = (share >= NEARLY_ALWAYS) & (sizes[codes // relations] >= FEWEST)
    order = np.argsort(-share[good], kind="stable")
    return [
        (int(c // relations), int(c % relations), float(s))
        for c, s in zip(codes[good][order], share[good][order], strict=True)
    ]


def _told_backwards(trained: np.ndarray, held: np.ndarray, pairs: set[tuple[int, int]]) -> int:
    """Return how many held-out triples stand the other way round in training, by one of some pairs."""
    found = _matches(held, trained)
    hits = {
        int(row)
        for row, match in zip(*found, strict=True)
        if (int(held[row, 1]), int(trained[match, 1])) in pairs
    }
    return len(hits)


def _matches(triples: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of triples (h, r, t) and of others (t, r', h) that belong together."""
    if not len(triples) or not len(others):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    entities = 1 + int(max(triples[:, [0, 2]].max(), others[:, [0, 2]].max()))
    asked = triples[:, 2].astype(np.int64) * entities + triples[:, 0]
    codes = others[:, 0].astype(np.int64) * entities + others[:, 2]
    order = np.argsort(codes, kind="stable")
    low = np.searchsorted(codes[order], asked, "left")
    counts = np.searchsorted(codes[order], asked, "right") - low
    rows = np.repeat(np.arange(len(triples)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, order[np.repeat(low, counts) + within]
