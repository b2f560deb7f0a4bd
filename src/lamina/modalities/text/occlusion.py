"""What each word of a text does to the answer: the answer without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

MOST_WORDS = 80  # of a text that are left out one at a time
_WORD = re.compile(r"\S+")
# The words of a long text are joined: so many characters of scripts without blanks are one part.
_LONGEST = 24


@dataclass(frozen=True)
class Effects:
    """The words of one text, and what each does to an answer.

    Args:
        text: as it was given.
        spans: where each word begins and ends in it.
        effects: the output with the word minus the output without it, one a word.
        output: the output of the whole text.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    effects: np.ndarray
    output: float

    def parts(self) -> tuple[tuple[str, float], ...]:
        """Return the text in parts, each with its effect over the largest one, 0 between words."""
        most = float(np.abs(self.effects).max(initial=0.0)) or 1.0
        found, end = [], 0
        for (start, stop), effect in zip(self.spans, self.effects.tolist(), strict=True):
            found += [(self.text[end:start], 0.0), (self.text[start:stop], effect / most)]
            end = stop
        return tuple((part, strength) for part, strength in [*found, (self.text[end:], 0.0)] if part)


def word_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return where each word of a text begins and ends, of the first 80.

    Example:
        >>> word_spans("to be")
        ((0, 2), (3, 5))
    """
    found = []
    for match in _WORD.finditer(text):
        start, stop = match.span()
        found += [(at, min(at + _LONGEST, stop)) for at in range(start, stop, _LONGEST)]
    return tuple(found[:MOST_WORDS])


def without_each(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """Return the text without one word, for each word.

    Args:
        text: any.
        spans: where the words are.
    """
    return [text[:start] + text[stop:] for start, stop in spans]


def occlude(texts: Sequence[str], outputs: Callable[[list[str], np.ndarray], np.ndarray]) -> list[Effects]:
    """Return what each word of some texts does to their outputs.

    Args:
        texts: the texts.
        outputs: ``(texts, rows) -> one number a text``; rows say which of the given texts each one is from.

    References:
        Zeiler, Fergus. Visualizing and understanding convolutional networks. ECCV 2014, section 4.2.
        Li, Monroe, Jurafsky. Understanding neural networks through representation erasure. 2016.
    """
    spans = [word_spans(text) for text in texts]
    changed: list[str] = []
    for text, own in zip(texts, spans, strict=True):
        changed += [text, *without_each(text, own)]
    counts = [1 + len(own) for own in spans]
    if not changed:
        return []
    found = outputs(changed, np.repeat(np.arange(len(texts)), counts))
    cut = np.split(found, np.cumsum(counts)[:-1])
    return [
        Effects(text, own, values[0] - values[1:], float(values[0]))
        for text, own, values in zip(texts, spans, cut, strict=True)
    ]
