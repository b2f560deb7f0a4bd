"""The means of an epoch: what each part's loss and metrics came to over its steps."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.objectives.base import Part


def plain(value: Any) -> Any:
    """Return a Python number for a scalar, a NumPy array for a population's values."""
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else array


def turns(step: int, count: int, every: int) -> int:
    """Return how many of ``count`` steps from ``step`` on have a number that ``every`` divides.

    Example:
        >>> turns(0, 10, 5), turns(1, 4, 5), turns(3, 10, 1)
        (2, 0, 10)
    """
    return -(-(step + count) // every) + -step // every


class EpochMeans:
    """Adds up the means of chunks, each weighed by its steps.

    Args:
        parts: of the objective.
    """

    def __init__(self, parts: Mapping[str, Part]):
        self.parts = dict(parts)
        self.totals: dict[str, dict[str, Any]] = {name: {"loss": 0.0} for name in parts}
        self.taken = dict.fromkeys(parts, 0)

    def add(self, found: Mapping[str, Mapping[str, Any]], *, step: int, count: int) -> None:
        """Add the means of a chunk of ``count`` steps that began at ``step``."""
        for name, part in self.parts.items():
            taken = turns(step, count, part.every)
            if taken == 0:  # its means are of nothing
                continue
            self.taken[name] += taken
            total = self.totals[name]
            for key, value in found[name].items():
                total[key] = total.get(key, 0.0) + taken * plain(value)

    def logs(self) -> dict[str, Any]:
        """Return the means by the names of the history.

        ``train_loss`` and ``train_<metric>`` of a single part; of several ``train_<part>_loss`` and
        ``train_<part>_<metric>``, after ``train_loss``, the sum of their losses.
        """
        means = {
            part: {key: value / max(1, self.taken[part]) for key, value in total.items()}
            for part, total in self.totals.items()
        }
        if len(means) == 1:
            return {f"train_{key}": value for values in means.values() for key, value in values.items()}
        each = {f"train_{part}_{key}": v for part, values in means.items() for key, v in values.items()}
        return {"train_loss": sum(values["loss"] for values in means.values()), **each}

    def clear(self) -> None:
        """Begin another epoch; names once seen stay, so that every epoch logs the same."""
        self.totals = {name: dict.fromkeys(total, 0.0) for name, total in self.totals.items()}
        self.taken = dict.fromkeys(self.taken, 0)

    def to_place(self) -> dict[str, Any]:
        """Return what a snapshot keeps."""
        return copy.deepcopy({"totals": self.totals, "taken": self.taken})

    def restore(self, place: Mapping[str, Any]) -> None:
        """Go on from what a snapshot kept."""
        self.totals, self.taken = copy.deepcopy(place["totals"]), dict(place["taken"])
