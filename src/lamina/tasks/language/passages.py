"""Long texts cut into passages, so that some of them train and others validate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.data.split import Split, SplitKeys
from lamina.data.texts.files import BLOCK
from lamina.data.texts.ranges import TextRanges

FEWEST_DOCUMENTS = 20  # texts from which whole ones validate, not the ends of all
PASSAGE = 2_000  # characters, about
FEWEST = 100  # passages of a text that is long enough: the split is then within a hundredth of what is asked
SHORTEST = 64  # characters


def passages(texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
    r"""Return the passages of texts in their order, and the text of each; joined, they are the texts.

    A passage ends behind a line end, or behind a blank where a line is long.

    Args:
        texts: any.

    Example:
        >>> passages(["one line\\nanother"])
        (['one line\\nanother'], array([0]))
    """
    size = max(SHORTEST, min(PASSAGE, sum(map(len, texts)) // FEWEST))
    found: list[str] = []
    numbers: list[int] = []
    for number, text in enumerate(texts):
        own = list(_cut(text, size)) or [""]
        found += own
        numbers += [number] * len(own)
    return found, np.array(numbers, np.int64)


def _cut(text: str, size: int) -> list[str]:
    """Return a text in passages of about a size."""
    found, start = [], 0
    while len(text) - start > 2 * size:
        stop = _end(text, start + size, start + 2 * size)
        found.append(text[start:stop])
        start = stop
    return [*found, text[start:]] if start < len(text) else found


def _end(text: str, low: int, high: int) -> int:
    """Return where a passage ends between two places: behind a line end, a blank, or at the first place."""
    for mark in ("\n", " "):
        place = text.find(mark, low, high)
        if place >= 0:
            return place + 1
    return low


def file_passages(texts: TextRanges) -> TextRanges:
    """Return the passages of texts in files, as `passages` does; sizes are bytes.

    Cost: each file is passed through once; two numbers a passage are held.

    Args:
        texts: whole ones.
    """
    size = max(SHORTEST, min(PASSAGE, texts.nbytes // FEWEST))
    found = [_file_cuts(texts, row, size) for row in range(len(texts))]
    numbers = np.repeat(texts.numbers, [len(cuts) - 1 for cuts in found])
    starts, stops = (np.concatenate([cuts[own] for cuts in found]) for own in (slice(-1), slice(1, None)))
    return TextRanges(texts.files, numbers, starts, stops)


def _file_cuts(texts: TextRanges, row: int, size: int) -> np.ndarray:
    """Return where the passages of a text begin, and last where the text ends."""
    file = texts.files[texts.numbers[row]]
    place, end = int(texts.starts[row]), int(texts.stops[row])
    cuts = [place]
    while end - place > 2 * size:
        block = file.read(place, min(end, place + max(BLOCK, 4 * size)))
        last, at = len(block) - 2 * size, 0  # a passage begins before the last place, so that its end is seen
        while at < last:
            at = _file_end(block, at + size, at + 2 * size)
            cuts.append(place + at)
        place += at
    if cuts[-1] < end or len(cuts) == 1:  # one passage at least, perhaps an empty one
        cuts.append(end)
    return np.array(cuts, np.int64)


def _file_end(block: bytes, low: int, high: int) -> int:
    """Return where a passage ends between two places: as `_end`, or before the next whole character."""
    for mark in (b"\n", b" "):
        place = block.find(mark, low, high)
        if place >= 0:
            return place + 1
    while low < high and block[low] & 0xC0 == 0x80:
        low += 1
    return low


def split_passages(documents: np.ndarray, keys: SplitKeys, seed: int) -> Split:
    """Return passages that train, validate and test: whole texts drawn at random, or the ends of few.

    Args:
        documents: the text that each passage is of, from `passages`.
        keys: shares of the passages.
        seed: of the run.

    Raises:
        DataError: no passage is left to train on.
    """
    texts, rows = int(documents.max(initial=0)) + 1, len(documents)
    place = np.arange(rows) / rows
    if texts >= FEWEST_DOCUMENTS:
        random = np.random.Generator(np.random.Philox(key=np.array([seed, 2**63], np.uint64)))
        place = (random.permutation(texts) / texts)[documents]
    tests = _last(place, keys.test)
    valid = ~tests & _last(np.where(tests, -1.0, place), keys.test + keys.valid if keys.valid else 0.0)
    if not (~tests & ~valid).any():
        raise DataError("no text is left to train on", fix="give more text, or lower valid= and test=")
    return Split(*(np.flatnonzero(own) for own in (~tests & ~valid, valid, tests)))


def rule_of(documents: np.ndarray) -> str:
    """Return how `split_passages` decides, for a person to read."""
    texts = int(documents.max(initial=0)) + 1
    return "whole texts, drawn at random" if texts >= FEWEST_DOCUMENTS else "the ends of the text"


def _last(place: np.ndarray, share: float) -> np.ndarray:
    """Return which passages are the last ones: so large a share, and one at least unless it is 0."""
    return place >= min(1 - share, place.max()) if share else np.zeros(len(place), bool)
