"""Texts as weighted bags of n-grams: words, neighboring words, and stretches of characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lamina.modalities.text.bags import Bags
from lamina.modalities.text.normal import normalized, words_of

NGRAMS = "ngrams"
SHORTEST, LONGEST = 2, 5  # characters of a stretch
FEWEST = (1, 1, 2)  # texts that must hold a word, a pair, a stretch: most stretches of one text say nothing
Matrix = Any  # sparse, (texts, n-grams)
_BETWEEN = " "  # the two words of a pair
_EDGE = " "  # stands before and behind a word, so that its beginning and its end are told


def csr(*given: Any, **shape: Any) -> Matrix:
    """Return a sparse matrix stored row after row; see `scipy.sparse.csr_matrix`."""
    from scipy.sparse import csr_matrix  # which runs without texts do without

    return csr_matrix(*given, **shape)


def side_by_side(parts: Sequence[Matrix]) -> Matrix:
    """Return sparse matrices of one height side by side."""
    from scipy.sparse import hstack

    return hstack(parts, format="csr")


@dataclass(frozen=True)
class Ngrams:
    """The n-grams that training texts hold, and how rare each is.

    A text is the bag of its words, its pairs of neighboring words, and the stretches of 2 to 5 characters
    within a word that two training texts hold at least. The weight of an n-gram is
    (1 + ln count) · (1 + ln((1 + n) / (1 + d))) with n training texts, d of which hold it; the weights of a
    text are scaled to a length of one.

    Args:
        words: that are told apart.
        pairs: of words, with a blank between.
        characters: stretches of characters; a blank marks the edge of a word.
        rarity: one a word, then one a pair, then one a stretch: the second factor above.
        lowercase: whether capital letters become small ones.

    References:
        Joulin, Grave, Bojanowski, Mikolov. Bag of tricks for efficient text classification. EACL 2017.
        Salton, Buckley. Term-weighting approaches in automatic text retrieval. Information Processing and
        Management 1988.
    """

    words: tuple[str, ...]
    pairs: tuple[str, ...]
    characters: tuple[str, ...]
    rarity: tuple[float, ...]
    lowercase: bool
    kind = NGRAMS
    is_ordered = False

    @staticmethod
    def fit(texts: Sequence[str], *, most: int, lowercase: bool) -> Ngrams:
        """Return the n-grams of the training texts, the most frequent of each group.

        Args:
            texts: of the training rows.
            most: n-grams at most.
            lowercase: whether capital letters become small ones.
        """
        tokens = _Tokens.of(texts, lowercase=lowercase)
        groups = (tokens.words(), tokens.pairs(), tokens.characters())
        found = [_frequent(group, fewest) for group, fewest in zip(groups, FEWEST, strict=True)]
        limit = _smallest_kept([texts_with for _, texts_with in found], most)
        names: list[tuple[str, ...]] = []
        rarity: list[float] = []
        for known, texts_with in found:
            kept = texts_with >= limit
            names.append(tuple(np.array(known, object)[kept].tolist()))
            rarity += (1 + np.log((1 + len(texts)) / (1 + texts_with[kept]))).tolist()
        words, pairs, characters = names
        return Ngrams(words, pairs, characters, tuple(rarity), lowercase)

    @property
    def symbols(self) -> int:
        """How many n-grams are told apart, at least one."""
        return max(1, len(self.rarity))

    def encode(self, texts: Sequence[str]) -> Bags:
        """Return the n-grams of texts, what is unknown is left out.

        Args:
            texts: as they were given.
        """
        tokens = _Tokens.of(texts, lowercase=self.lowercase)
        groups = (tokens.words(), tokens.pairs(), tokens.characters(self._characters))
        known = (self._words, self._pairs, self._characters)
        parts = [group.columns(own) for group, own in zip(groups, known, strict=True)]
        counts = side_by_side(parts) if self.rarity else csr((len(texts), 1))
        counts.sort_indices()  # the order of a sum must not depend on the other texts
        return _weighted(counts, np.array(self.rarity or (1.0,), np.float64))

    @cached_property
    def _words(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.words)}

    @cached_property
    def _pairs(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.pairs)}

    @cached_property
    def _characters(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.characters)}

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "kind": self.kind,
            "words": list(self.words),
            "pairs": list(self.pairs),
            "characters": list(self.characters),
            "rarity": list(self.rarity),
            "lowercase": self.lowercase,
        }


def count_ngrams(texts: Sequence[str]) -> tuple[list[str], Matrix]:
    """Return the words and pairs of words of texts, and which text holds which, (texts, n-grams) of 0 and 1.

    Args:
        texts: in one form.
    """
    tokens = _Tokens.of(texts, lowercase=False)
    words, pairs = tokens.words(), tokens.pairs()
    held = side_by_side([words.counts, pairs.counts])
    held.data[:] = 1
    return words.names + pairs.names, held


@dataclass(frozen=True)
class _Group:
    """How often each text holds each n-gram of one group.

    Args:
        names: of the n-grams.
        counts: (texts, n-grams).
    """

    names: list[str]
    counts: Matrix

    def columns(self, numbers: dict[str, int]) -> Matrix:
        """Return the counts with the columns of known n-grams, numbered as given; the others are left out."""
        place = np.array([numbers.get(name, -1) for name in self.names], np.int32)
        columns = place[self.counts.indices]
        known = columns >= 0
        ends = np.concatenate([[0], np.cumsum(known)])[self.counts.indptr]
        shape = (self.counts.shape[0], len(numbers))
        return csr((self.counts.data[known], columns[known], ends), shape=shape)


class _Tokens:
    """The words of texts as numbers, so that counting is a product of sparse matrices."""

    def __init__(self, names: list[str], flat: np.ndarray, ends: np.ndarray):
        self.names, self.flat, self.ends = names, flat, ends

    @staticmethod
    def of(texts: Sequence[str], *, lowercase: bool) -> _Tokens:
        numbers: dict[str, int] = {}
        rows = [
            [numbers.setdefault(word, len(numbers)) for word in words_of(normalized(t, lowercase=lowercase))]
            for t in texts
        ]
        lengths = np.array([len(row) for row in rows], np.int64)
        flat = np.fromiter((number for row in rows for number in row), np.int64, int(lengths.sum()))
        return _Tokens(list(numbers), flat, np.cumsum(lengths))

    @property
    def rows(self) -> np.ndarray:
        """The text of each word."""
        return np.repeat(np.arange(len(self.ends)), np.diff(self.ends, prepend=0))

    def words(self) -> _Group:
        """Return the words."""
        return _Group(self.names, _counted(self.rows, self.flat, len(self.ends), len(self.names)))

    def pairs(self) -> _Group:
        """Return the pairs of neighboring words."""
        rows, width = self.rows, max(1, len(self.names))
        within = rows[:-1] == rows[1:]
        codes = (self.flat[:-1] * width + self.flat[1:])[within]
        distinct, number = np.unique(codes, return_inverse=True)
        names = [self.names[c // width] + _BETWEEN + self.names[c % width] for c in distinct.tolist()]
        return _Group(names, _counted(rows[:-1][within], number, len(self.ends), len(names)))

    def characters(self, known: dict[str, int] | None = None) -> _Group:
        """Return the stretches of characters within words; those that are known, where a dict says which."""
        numbers: dict[str, int] = dict(known or {})
        words: list[int] = []
        found: list[int] = []
        for index, word in enumerate(self.names):
            for stretch in _stretches(word):
                if known is None:
                    numbers.setdefault(stretch, len(numbers))
                if stretch in numbers:
                    words.append(index)
                    found.append(numbers[stretch])
        places = np.array(words, np.int64), np.array(found, np.int64)
        of_word = _counted(*places, len(self.names), len(numbers))
        return _Group(list(numbers), self.words().counts @ of_word)


def _stretches(word: str) -> list[str]:
    """Return the stretches of characters of a word; one that is the whole word is left to the words."""
    marked = _EDGE + word + _EDGE
    size = len(marked)
    return [
        marked[start : start + length]
        for length in range(SHORTEST, min(LONGEST, size - 1) + 1)
        for start in range(size - length + 1)
    ]


def _counted(rows: np.ndarray, columns: np.ndarray, height: int, width: int) -> Matrix:
    """Return how often each pair of row and column stands in the two lists."""
    found = csr((np.ones(len(rows), np.float32), (rows, columns)), shape=(height, width))
    found.sum_duplicates()
    return found


def _frequent(group: _Group, fewest: int) -> tuple[list[str], np.ndarray]:
    """Return names and numbers of texts of the n-grams that enough texts hold, in alphabetic order."""
    texts_with = np.bincount(group.counts.indices, minlength=len(group.names))
    kept = [number for number in np.flatnonzero(texts_with >= fewest).tolist()]
    kept.sort(key=group.names.__getitem__)
    return [group.names[number] for number in kept], texts_with[kept].astype(np.int64)


def _smallest_kept(texts_with: list[np.ndarray], most: int) -> int:
    """Return the number of texts from which on no more n-grams than ``most`` are kept."""
    counts = np.sort(np.concatenate(texts_with))[::-1]
    if counts.size <= most:
        return 1
    limit = int(counts[most - 1])
    return limit if np.count_nonzero(counts >= limit) <= most else limit + 1


def _weighted(counts: Matrix, rarity: np.ndarray) -> Bags:
    """Return the bags of counts, weighted and scaled to length one."""
    weights = ((1 + np.log(counts.data)) * rarity[counts.indices]).astype(np.float32)
    starts = counts.indptr[:-1]
    lengths = np.diff(counts.indptr)
    squares = np.add.reduceat(np.append(weights**2, 0), starts) if len(starts) else starts
    weights /= np.repeat(np.sqrt(np.where(lengths, squares, 1)), lengths)
    return Bags(counts.indices.astype(np.int32), weights, counts.indptr[1:].astype(np.int64))
