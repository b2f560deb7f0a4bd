"""Texts cut into characters or bytes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lamina.modalities.text.bags import Bags, bags_of_lengths
from lamina.modalities.text.normal import normalized

CHARACTERS, BYTES = "characters", "bytes"
UNKNOWN = "\ufffd"


@dataclass(frozen=True)
class Characters:
    """The characters of a text; those that training never saw are one, number 0.

    Args:
        characters: those that are told apart, the most frequent first.
        lowercase: whether capital letters become small ones.
        verbatim: whether texts are cut as they stand, with their case, blanks and line ends.

    Example:
        >>> known = Characters.fit(["abba"], most=3, lowercase=False)
        >>> known.encode(["ab!"]).ids.tolist()
        [1, 2, 0]
    """

    characters: tuple[str, ...]
    lowercase: bool
    verbatim: bool = False
    kind = CHARACTERS
    is_ordered = True

    @staticmethod
    def fit(texts: Sequence[str], *, most: int, lowercase: bool, verbatim: bool = False) -> Characters:
        """Return the most frequent characters of the training texts.

        Args:
            texts: of the training rows.
            most: characters at most, the unknown one included.
            lowercase: whether capital letters become small ones.
            verbatim: whether texts are cut as they stand.
        """
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text if verbatim else normalized(text, lowercase=lowercase))
        frequent = sorted(counts, key=lambda character: (-counts[character], character))
        return Characters(tuple(frequent[: max(1, most - 1)]), lowercase, verbatim)

    @property
    def symbols(self) -> int:
        """How many characters are told apart, the unknown one included."""
        return len(self.characters) + 1

    @cached_property
    def _numbers(self) -> np.ndarray:
        """The symbol of each code point of Unicode."""
        found = np.zeros(sys.maxunicode + 1, np.int32)
        found[[ord(character) for character in self.characters]] = np.arange(1, self.symbols)
        return found

    def encode(self, texts: Sequence[str]) -> Bags:
        """Return the characters of texts.

        Args:
            texts: as they were given.
        """
        if not self.verbatim:
            texts = [normalized(text, lowercase=self.lowercase) for text in texts]
        points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
        return bags_of_lengths(self._numbers[points], np.array([len(text) for text in texts], np.int64))

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of some symbols; an unknown character is U+FFFD.

        Args:
            ids: symbols.
        """
        characters = (UNKNOWN, *self.characters)
        return "".join(characters[number] for number in ids)

    @cached_property
    def byte_lengths(self) -> np.ndarray:
        """How many bytes of UTF-8 each symbol stands for."""
        lengths = [len(character.encode("utf-8", "surrogatepass")) for character in self.characters]
        return np.array([1, *lengths], np.int32)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        stored = {"kind": self.kind, "characters": list(self.characters), "lowercase": self.lowercase}
        return {**stored, "verbatim": True} if self.verbatim else stored


@dataclass(frozen=True)
class Bytes:
    """The bytes of a text in UTF-8: nothing is learned, and nothing is unknown.

    Args:
        lowercase: whether capital letters become small ones.
        verbatim: whether texts are cut as they stand, with their case, blanks and line ends.

    Example:
        >>> Bytes(lowercase=False).encode(["aé"]).ids.tolist()
        [97, 195, 169]
    """

    lowercase: bool
    verbatim: bool = False
    kind = BYTES
    symbols = 256
    is_ordered = True

    def encode(self, texts: Sequence[str]) -> Bags:
        """Return the bytes of texts.

        Args:
            texts: as they were given.
        """
        if not self.verbatim:
            texts = [normalized(text, lowercase=self.lowercase) for text in texts]
        found = [text.encode("utf-8", "replace") for text in texts]
        lengths = np.array([len(own) for own in found], np.int64)
        return bags_of_lengths(np.frombuffer(b"".join(found), np.uint8).astype(np.int32), lengths)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of some bytes; what is no UTF-8 is U+FFFD.

        Args:
            ids: bytes.
        """
        return np.asarray(ids, np.uint8).tobytes().decode("utf-8", "replace")

    @cached_property
    def byte_lengths(self) -> np.ndarray:
        """How many bytes each symbol stands for: one."""
        return np.ones(self.symbols, np.int32)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        stored = {"kind": self.kind, "lowercase": self.lowercase}
        return {**stored, "verbatim": True} if self.verbatim else stored
