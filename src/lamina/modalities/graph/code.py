"""Symbols and numbers of nodes, or of edges, as a model takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.graphs.store import Features

FILL = -1


@dataclass(frozen=True)
class FeatureCode:
    """Which number a symbol has, and by which mean and standard deviation numbers are scaled.

    The symbols of all columns have numbers of their own, one column behind another. One that training never
    saw has none: it adds nothing.

    Args:
        names: of the columns of symbols.
        letters: for each of them the symbols of training, sorted.
        number_names: of the columns of numbers.
        mean: of each number in training.
        std: of each number in training, 1 where it is constant.
    """

    names: tuple[str, ...]
    letters: tuple[tuple[str, ...], ...]
    number_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @staticmethod
    def fit(features: Features) -> FeatureCode:
        """Return the code of the nodes, or edges, of the training graphs.

        Columns that hold the same symbol, or number, everywhere are left out.

        Args:
            features: of all of them.
        """
        names, letters = [], []
        for place, name in enumerate(features.names):
            held = np.unique(features.symbols[:, place]).tolist()
            if len(held) > 1:
                names.append(name)
                letters.append(tuple(sorted(features.alphabets[place][code] for code in held)))
        numbers = features.numbers.astype(np.float64)
        mean, std = (numbers.mean(0), numbers.std(0)) if len(numbers) else (np.zeros(0), np.zeros(0))
        kept = [place for place in range(len(mean)) if std[place] > 0]
        return FeatureCode(
            tuple(names),
            tuple(letters),
            tuple(features.number_names[place] for place in kept),
            tuple(float(mean[place]) for place in kept),
            tuple(float(std[place]) for place in kept),
        )

    @property
    def symbols(self) -> int:
        """How many different symbols there are."""
        return sum(map(len, self.letters))

    @property
    def is_empty(self) -> bool:
        """Whether nothing tells one node from another."""
        return not self.names and not self.number_names

    def ids(self, features: Features, where: str) -> np.ndarray:
        """Return the number of each symbol, -1 for one that training never saw, int32 (n, columns).

        Args:
            features: of nodes, or edges.
            where: the place that an error names.

        Raises:
            DataError: a column is absent.
        """
        found = np.full((len(features.symbols), len(self.names)), FILL, np.int32)
        start = 0
        for place, (name, letters) in enumerate(zip(self.names, self.letters, strict=True)):
            own = self._place(features.names, name, where)
            known = {letter: start + number for number, letter in enumerate(letters)}
            translated = [known.get(letter, FILL) for letter in features.alphabets[own]]
            if len(found):
                found[:, place] = np.array(translated or [FILL], np.int32)[features.symbols[:, own]]
            start += len(letters)
        return found

    def numbers(self, features: Features, where: str) -> np.ndarray:
        """Return the scaled numbers, float32 (n, columns).

        Args:
            features: of nodes, or edges.
            where: the place that an error names.

        Raises:
            DataError: a column is absent.
        """
        places = [self._place(features.number_names, name, where) for name in self.number_names]
        own = features.numbers[:, places].astype(np.float64)
        scaled = (own - np.array(self.mean)[None]) / np.array(self.std)[None]
        return scaled.astype(np.float32)

    def _place(self, names: tuple[str, ...], name: str, where: str) -> int:
        if name not in names:
            raise DataError(
                f"the graphs have no '{name}'",
                where=where,
                expected=", ".join((*self.names, *self.number_names)),
                received=", ".join(names) or "none",
                fix="give graphs with what the network learned from",
            )
        return names.index(name)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "names": list(self.names),
            "letters": [list(letters) for letters in self.letters],
            "number_names": list(self.number_names),
            "mean": list(self.mean),
            "std": list(self.std),
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> FeatureCode:
        """Return the code that :meth:`to_json` stored."""
        letters = tuple(tuple(own) for own in stored["letters"])
        names, number_names = tuple(stored["names"]), tuple(stored["number_names"])
        return FeatureCode(names, letters, number_names, tuple(stored["mean"]), tuple(stored["std"]))
