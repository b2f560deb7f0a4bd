"""Texts cut into characters or bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lamina.modalities.text.bags import Bags, bags_of
from lamina.modalities.text.normal import normalized

CHARACTERS, BYTES = "characters", "bytes"


@dataclass(frozen=True)
class Characters:
    """The characters of a text; those that training never saw are one, number 0.

    Args:
        characters: those that are told apart, the most frequent first.
        lowercase: whether capital letters become small ones.

    Example:
        >>> known = Characters.fit(["abba"], most=3, lowercase=False)
        >>> known.encode(["ab!"]).ids.tolist()
        [1, 2, 0]
    """

    characters: tuple[str, ...]
    lowercase: bool
    kind = CHARACTERS
    is_ordered = True

    @staticmethod
    def fit(texts: Sequence[str], *, most: int, lowercase: bool) -> Characters:
        """Return the most frequent characters of the training texts.

        Args:
            texts: of the training rows.
            most: characters at most, the unknown one included.
            lowercase: whether capital letters become small ones.
        """
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(normalized(text, lowercase=lowercase))
        frequent = sorted(counts, key=lambda character: (-counts[character], character))
        return Characters(tuple(frequent[: max(1, most - 1)]), lowercase)

    @property
    def symbols(self) -> int:
        """How many characters are told apart, the unknown one included."""
        return len(self.characters) + 1

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {character: number + 1 for number, character in enumerate(self.characters)}

    def encode(self, texts: Sequence[str]) -> Bags:
        """Return the characters of texts.

        Args:
            texts: as they were given.
        """
        numbers, lowercase = self._numbers, self.lowercase
        return bags_of([[numbers.get(c, 0) for c in normalized(t, lowercase=lowercase)] for t in texts])

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {"kind": self.kind, "characters": list(self.characters), "lowercase": self.lowercase}


@dataclass(frozen=True)
class Bytes:
    """The bytes of a text in UTF-8: nothing is learned, and nothing is unknown.

    Args:
        lowercase: whether capital letters become small ones.

    Example:
        >>> Bytes(lowercase=False).encode(["aé"]).ids.tolist()
        [97, 195, 169]
    """

    lowercase: bool
    kind = BYTES
    symbols = 256
    is_ordered = True

    def encode(self, texts: Sequence[str]) -> Bags:
        """Return the bytes of texts.

        Args:
            texts: as they were given.
        """
        return bags_of(
            [list(normalized(t, lowercase=self.lowercase).encode("utf-8", "replace")) for t in texts]
        )

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {"kind": self.kind, "lowercase": self.lowercase}
