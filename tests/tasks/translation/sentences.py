"""Pairs of sentences in two small languages that say the same word by word."""

from __future__ import annotations

import numpy as np

WORDS = dict(
    zip(
        "the a big small old cat dog bird ran sat flew slept".split(),
        "le un grand petit vieux chat chien oiseau courut assis vola dormit".split(),
        strict=True,
    )
)


def sentences(count: int, seed: int = 0) -> dict[str, list[str]]:
    """Return sentences of four to seven words, and their translations."""
    random = np.random.default_rng(seed)
    words = [random.choice(list(WORDS), random.integers(4, 8)) for _ in range(count)]
    return {
        "english": [" ".join(own) + "." for own in words],
        "french": [" ".join(WORDS[word] for word in own) + " !" for own in words],
    }
