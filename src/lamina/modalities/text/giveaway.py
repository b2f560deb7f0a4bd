"""A word or phrase that gives the class of a text away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.modalities.text.ngrams import count_ngrams, csr

COVERED = 0.95  # of the texts of the class that hold the phrase
OUTSIDE = 0.005  # … of the texts of the other classes, at most
FEWEST = 20  # texts of the class: below, a match may be chance


@dataclass(frozen=True)
class Giveaway:
    """A phrase that nearly all texts of a class hold, and hardly any other text.

    Args:
        phrase: a word, or two neighboring words.
        label: the code of the class.
        coverage: share of the texts of the class that hold it.
        outside: share of the other texts that hold it.
    """

    phrase: str
    label: int
    coverage: float
    outside: float


def find_giveaway(texts: Sequence[str], codes: np.ndarray) -> Giveaway | None:
    """Return the phrase that tells one class from all others best, if it does so nearly always.

    Args:
        texts: in one form.
        codes: the class of each, from 0.

    Example:
        >>> texts = ["re: win now", "hello there"] * 20
        >>> find_giveaway(texts, np.array([0, 1] * 20)).coverage
        1.0
    """
    if not len(codes):
        return None
    sizes = np.bincount(codes)
    large = sizes >= FEWEST
    if not large.any() or len(sizes) < 2:
        return None
    names, held = count_ngrams(texts)
    classes = csr((np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=(len(codes), len(sizes)))
    within = np.asarray((held.T @ classes).todense())  # texts that hold a phrase, by class
    coverage = within / np.maximum(sizes, 1)
    outside = (within.sum(axis=1, keepdims=True) - within) / np.maximum(len(codes) - sizes, 1)
    sure = (coverage >= COVERED) & (outside <= OUTSIDE) & large
    if not sure.any():
        return None
    phrase, label = np.unravel_index(np.where(sure, coverage - outside, -1).argmax(), sure.shape)
    place = (int(phrase), int(label))
    return Giveaway(names[place[0]], place[1], float(coverage[place]), float(outside[place]))
