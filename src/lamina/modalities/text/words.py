"""Texts cut at blanks into words, each told by itself and by its letters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lamina.modalities.text.bags import FILL, Bags, bags_of_lengths
from lamina.modalities.text.normal import normalized

WORDS = "words"
UNKNOWN = "\ufffd"
LONGEST_AFFIX = 4  # characters of a beginning or ending
MOST_STRETCHES = 8  # of three characters
MOST_PARTS = 2 * LONGEST_AFFIX + MOST_STRETCHES + 2  # of a word
FEWEST = 2  # different words that hold a part; else it says no more than the word
MOST_PARTS_TOLD = 50_000
NO_PART = "="  # stands for what no word has, so that there always is a part
_RUNS = re.compile(r"(.)\1+")


@dataclass(frozen=True)
class Words:
    """The words of a text, as blanks separate them, in their order.

    A word that training never saw is read in small letters, else it is number 0. Besides, a word is the bag
    of its parts, so that an unknown one is told by its letters: beginnings and endings of up to four
    characters, stretches of three, the word in small letters, and its shape (``Xx`` for Paris, ``d-d`` for
    12-5).

    Args:
        words: that are told apart, the most frequent first.
        parts: that are told apart.
        lowercase: whether capital letters become small ones.

    Example:
        >>> known = Words.fit(["a cat", "a hat"], most=9, lowercase=False)
        >>> known.encode(["A dog"]).ids.tolist()
        [1, 0]

    References:
        Ratnaparkhi. A maximum entropy model for part-of-speech tagging. EMNLP 1996: affixes and shapes.
        Bojanowski, Grave, Joulin, Mikolov. Enriching word vectors with subword information. TACL 2017.
    """

    words: tuple[str, ...]
    parts: tuple[str, ...]
    lowercase: bool
    kind = WORDS
    is_ordered = True

    @staticmethod
    def fit(texts: Sequence[str], *, most: int, lowercase: bool) -> Words:
        """Return the most frequent words of the training texts, and the parts that two of them hold.

        Args:
            texts: of the training rows.
            most: words at most, the unknown one included.
            lowercase: whether capital letters become small ones.
        """
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(_formed(word, lowercase) for word in text.split())
        frequent = sorted(counts, key=lambda word: (-counts[word], word))
        held: Counter[str] = Counter()
        for word in frequent:
            held.update(set(parts_of(word)))
        parts = sorted((part for part in held if held[part] >= FEWEST), key=lambda part: (-held[part], part))
        return Words(tuple(frequent[: max(1, most - 1)]), (NO_PART, *parts[:MOST_PARTS_TOLD]), lowercase)

    @property
    def symbols(self) -> int:
        """How many words are told apart, the unknown one included."""
        return len(self.words) + 1

    def encode(self, texts: Sequence[str]) -> Bags:
        """Return the words of texts, each with its parts.

        Args:
            texts: as they were given.
        """
        place: dict[str, int] = {}
        rows = [[place.setdefault(word, len(place)) for word in text.split()] for text in texts]
        formed = [_formed(word, self.lowercase) for word in place]
        numbers = np.array([self._number(word) for word in formed], np.int32)
        parts = np.full((len(formed), MOST_PARTS), FILL, np.int32)
        for row, word in zip(parts, formed, strict=True):
            own = [self._parts[part] for part in parts_of(word) if part in self._parts]
            row[: len(own)] = own
        lengths = np.array([len(row) for row in rows], np.int64)
        flat = np.fromiter((number for row in rows for number in row), np.int64, int(lengths.sum()))
        bags = bags_of_lengths(numbers[flat], lengths)
        return Bags(bags.ids, bags.scale, bags.ends, parts[flat])

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of some words; an unknown one is U+FFFD.

        Args:
            ids: numbers of words.
        """
        return " ".join((UNKNOWN, *self.words)[number] for number in ids)

    def _number(self, word: str) -> int:
        return self._words.get(word) or self._words.get(word.lower(), 0)

    @cached_property
    def _words(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, start=1)}

    @cached_property
    def _parts(self) -> dict[str, int]:
        return {part: number for number, part in enumerate(self.parts)}

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {
            "kind": self.kind,
            "words": list(self.words),
            "parts": list(self.parts),
            "lowercase": self.lowercase,
        }


def parts_of(word: str) -> list[str]:
    """Return the parts that tell a word: beginnings, endings, stretches, itself in small letters, its shape.

    Args:
        word: without blanks.

    Example:
        >>> parts_of("Up")
        ['^u', '^up', 'p$', 'up$', '=up', '#Xx']
    """
    small = word.lower()
    reach = range(1, min(LONGEST_AFFIX, len(small)) + 1)
    stretches = [small[at : at + 3] for at in range(1, len(small) - 3)][:MOST_STRETCHES]
    return [
        *(f"^{small[:size]}" for size in reach),
        *(f"{small[-size:]}$" for size in reach),
        *(f"~{stretch}" for stretch in dict.fromkeys(stretches)),
        f"={small}",
        f"#{_shape(word)}",
    ]


def _shape(word: str) -> str:
    """Return a word with X for capital letters, x for small ones, d for digits; runs of one are one."""
    marks = ("X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word)
    return _RUNS.sub(r"\1", "".join(marks))[:8]


def _formed(word: str, lowercase: bool) -> str:
    """Return a word in one form, never an empty one."""
    return normalized(word, lowercase=lowercase) or word
