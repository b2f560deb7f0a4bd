"""Symbols of many texts, one text after another, and the same filled up to one length."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from lamina.data.ragged import Ragged

FILL = -1  # the id where a text has no symbol any more


@dataclass(frozen=True)
class Bags:
    """The symbols of texts, one text after another.

    Args:
        ids: int32, of all texts.
        scale: float32, the weight of each symbol.
        ends: where each text ends in them.
        parts: int32, the parts of each symbol, where it is told by them too; see `lamina.core.inputs.text`.
    """

    ids: np.ndarray
    scale: np.ndarray
    ends: np.ndarray
    parts: np.ndarray | None = None

    @property
    def lengths(self) -> np.ndarray:
        """How many symbols each text has."""
        return np.diff(self.ends, prepend=0)

    def shortened(self, length: int) -> Bags:
        """Return bags of no more symbols than a length: those of the largest weight, in their order.

        Args:
            length: symbols of a text at most.

        Example:
            >>> scale = np.array([0.1, 0.7, 0.5], np.float32)
            >>> Bags(np.arange(3, dtype=np.int32), scale, np.array([3])).shortened(2).ids.tolist()
            [1, 2]
        """
        lengths = self.lengths
        long = np.flatnonzero(lengths > length)
        if not long.size:
            return self
        kept = np.ones(len(self.ids), bool)
        for row in long.tolist():
            own = slice(self.ends[row] - lengths[row], self.ends[row])
            least = np.argsort(-self.scale[own], kind="stable")[length:]
            kept[own.start + least] = False
        return Bags(self.ids[kept], self.scale[kept], np.cumsum(np.minimum(lengths, length)))

    def padded(self, length: int) -> dict[str, np.ndarray]:
        """Return ``{"ids", "scale"}``, (texts, length) each, and ``parts``; what is longer is cut off.

        Args:
            length: symbols of each text.

        Example:
            >>> bags = Bags(np.arange(5, dtype=np.int32), np.ones(5, np.float32), np.array([3, 3, 5]))
            >>> bags.padded(2)["ids"].tolist()
            [[0, 1], [-1, -1], [3, 4]]
        """
        lengths = self.lengths
        ids = np.full((len(lengths), length), FILL, np.int32)
        scale = np.zeros((len(lengths), length), np.float32)
        column = np.arange(len(self.ids)) - np.repeat(self.ends - lengths, lengths)
        row = np.repeat(np.arange(len(lengths)), lengths)
        kept = column < length
        ids[row[kept], column[kept]] = self.ids[kept]
        scale[row[kept], column[kept]] = self.scale[kept]
        if self.parts is None:
            return {"ids": ids, "scale": scale}
        parts = np.full((*ids.shape, self.parts.shape[1]), FILL, np.int32)
        parts[row[kept], column[kept]] = self.parts[kept]
        return {"ids": ids, "scale": scale, "parts": parts}

    def ragged(self, length: int) -> dict[str, Ragged]:
        """Return what `padded` does as rows of unequal length; what is longer is cut off.

        Args:
            length: symbols of a text at most.
        """
        lengths = self.lengths
        kept = np.arange(len(self.ids)) - np.repeat(self.ends - lengths, lengths) < length
        ends = np.cumsum(np.minimum(lengths, length))
        found = {
            "ids": Ragged(self.ids[kept], ends, length=length, fill=FILL),
            "scale": Ragged(self.scale[kept], ends, length=length, fill=0.0),
        }
        if self.parts is not None:
            found["parts"] = Ragged(self.parts[kept], ends, length=length, fill=FILL)
        return found


def bags_of(rows: list[list[int]]) -> Bags:
    """Return the symbols of texts, each weighted by one over their number: a bag is then their mean.

    Args:
        rows: symbols of each text.
    """
    lengths = np.array([len(row) for row in rows], np.int64)
    return bags_of_lengths(np.fromiter(itertools.chain(*rows), np.int32, int(lengths.sum())), lengths)


def bags_of_lengths(ids: np.ndarray, lengths: np.ndarray) -> Bags:
    """Return the symbols of texts, each weighted by one over their number.

    Args:
        ids: int32, of all texts, one text after another.
        lengths: symbols of each text.
    """
    scale = np.repeat(1.0 / np.maximum(lengths, 1), lengths).astype(np.float32)
    return Bags(ids, scale, np.cumsum(lengths))
