"""What tags say of entities, and tags as codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

OUTSIDE = "O"
NO_TAG = -1  # the code behind the end of a sentence
BEGIN, SINGLE, INSIDE, END = "BSIE"
_LETTERS = {"B": BEGIN, "S": SINGLE, "U": SINGLE, "I": INSIDE, "M": INSIDE, "E": END, "L": END}
_TAG = re.compile(r"([BSUIMEL])-(.+)")


@dataclass(frozen=True)
class Scheme:
    """What tags say of entities: ``B-city`` begins one, ``I-city`` goes on with it, ``O`` is outside.

    Args:
        labels: the tags in the order of their codes.

    Example:
        >>> scheme = Scheme(("B-city", "I-city", "O"))
        >>> scheme.has_entities, scheme.types
        (True, ('city',))
    """

    labels: tuple[str, ...]

    @cached_property
    def _parsed(self) -> list[re.Match[str] | None]:
        return [_TAG.fullmatch(label) for label in self.labels]

    @property
    def has_entities(self) -> bool:
        """Whether each tag is outside, or begins or goes on with an entity of a type."""
        known = zip(self.labels, self._parsed, strict=True)
        return any(self._parsed) and all(match or label == OUTSIDE for label, match in known)

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types of entities, sorted."""
        return tuple(sorted({match[2] for match in self._parsed if match}))

    @cached_property
    def type_codes(self) -> np.ndarray:
        """The number of the type of each tag, -1 outside; one more at the end for the code -1."""
        numbers = {name: number for number, name in enumerate(self.types)}
        return np.array([numbers[match[2]] if match else -1 for match in self._parsed] + [-1])

    @cached_property
    def letters(self) -> np.ndarray:
        """What each tag does: ``B``, ``S``, ``I`` or ``E``, empty outside; one more for the code -1."""
        return np.array([_LETTERS[match[1]] if match else "" for match in self._parsed] + [""])

    def entities(self, codes: np.ndarray) -> np.ndarray:
        """Return the entities of sentences: rows of sentence, first word, last word and type.

        An entity begins with ``B`` or ``S``, behind ``E`` or ``S``, or where the type changes, so that an
        ``I`` behind ``O`` begins one too, as the program conlleval counts.

        Args:
            codes: of tags, (sentences, words), -1 behind the end.

        References:
            Tjong Kim Sang, Buchholz. Introduction to the CoNLL-2000 shared task: chunking. CoNLL 2000.
        """
        if not codes.size:
            return np.zeros((0, 4), np.int64)
        types, letters = self.type_codes[codes], self.letters[codes]
        before = np.pad(types, ((0, 0), (1, 0)), constant_values=-1)[:, :-1]
        letter_before = np.pad(letters, ((0, 0), (1, 0)), constant_values="")[:, :-1]
        begins = np.isin(letters, (BEGIN, SINGLE)) | np.isin(letter_before, (END, SINGLE)) | (before != types)
        begins &= types >= 0
        behind = np.pad(types, ((0, 0), (0, 1)), constant_values=-1)[:, 1:]
        begins_behind = np.pad(begins, ((0, 0), (0, 1)), constant_values=False)[:, 1:]
        ends = (types >= 0) & ((behind < 0) | begins_behind)
        rows, first = np.nonzero(begins)
        return np.stack([rows, first, np.nonzero(ends)[1], types[begins]], axis=1)

    def breaks(self, codes: np.ndarray) -> np.ndarray:
        """Return where a tag goes on with an entity that does not stand before it, (sentences, words).

        Args:
            codes: of tags, (sentences, words), -1 behind the end.
        """
        allowed = np.pad(self.may_follow, ((0, 1), (0, 1)), constant_values=True)
        before = np.pad(codes, ((0, 0), (1, 0)), constant_values=NO_TAG)[:, :-1]
        found = ~allowed[before, codes]
        if codes.size:
            found[:, 0] |= ~np.append(self.may_begin, True)[codes[:, 0]]
        return found

    @cached_property
    def may_follow(self) -> np.ndarray:
        """Whether a tag may stand behind another, (before, behind): what goes on needs its entity before."""
        types, letters = self.type_codes[:-1], self.letters[:-1]
        goes_on = np.isin(letters, (INSIDE, END))
        is_open = np.isin(letters, (BEGIN, INSIDE))
        return ~goes_on[None, :] | (is_open[:, None] & (types[:, None] == types[None, :]))

    @cached_property
    def may_begin(self) -> np.ndarray:
        """Whether a sentence may begin with a tag."""
        return ~np.isin(self.letters[:-1], (INSIDE, END))


def codes_of(sentences: Sequence[Sequence[int]], width: int) -> np.ndarray:
    """Return codes of sentences as an array int32 (sentences, width), cut off and filled up by -1.

    Args:
        sentences: codes of each.
        width: words.
    """
    found = np.full((len(sentences), width), NO_TAG, np.int32)
    for row, own in zip(found, sentences, strict=True):
        row[: len(own)] = own[:width]
    return found
