"""Vectors of texts of any length: the mean over all of their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.modalities.text.bags import bags_of_lengths
from lamina.tasks.embed import embed_verb

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable


def vectors_of_texts(network: Any, table: AbstractTable) -> np.ndarray:
    """Return the mean over the tokens of each text of what the head reads; zeros for an empty text.

    A text that is longer than the context is read in stretches as long as that, one after another.

    Args:
        network: trained on texts alone.
        table: from `lamina.network.network.Network.read`.
    """
    from lamina.objectives.vectors import Vectors

    encoder = network.encoder.only
    bags = encoder.tokens.encode(encoder.texts(table))
    text, lengths = stretches(bags.lengths, encoder.length)
    x = bags_of_lengths(bags.ids, lengths).padded(encoder.length)
    found = network.decoded(x, by=Vectors())
    sums = np.zeros((len(bags.lengths), found.shape[1]), np.float64)
    np.add.at(sums, text, found * lengths[:, None])
    return (sums / np.maximum(bags.lengths, 1)[:, None]).astype(np.float32)


def stretches(lengths: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the text and the length of each stretch; an empty text is one stretch.

    Args:
        lengths: of the texts, in tokens.
        most: tokens of a stretch.

    Example:
        >>> text, found = stretches(np.array([5, 0, 2]), 2)
        >>> text.tolist(), found.tolist()
        ([0, 0, 0, 1, 2], [2, 2, 1, 0, 2])
    """
    count = np.maximum(1, -(-lengths // most))
    text = np.repeat(np.arange(len(lengths)), count)
    number = np.arange(len(text)) - np.repeat(np.cumsum(count) - count, count)
    return text, np.minimum(most, lengths[text] - number * most)


EMBED = embed_verb(vectors_of_texts)
