"""The judge of samples: every figure beside what real examples score against real examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.core.errors import DataError
from lamina.objectives.metrics.distances import as_points
from lamina.objectives.metrics.frechet import frechet, halves
from lamina.objectives.metrics.precision_recall import support

FEWEST = 8  # samples, and examples of a half
_MEASURES = ("frechet", "precision", "recall", "density", "coverage")


@dataclass(frozen=True)
class Judged:
    """What samples score against real examples that were not trained on, and what such examples score.

    Args:
        samples: name → figure: ``frechet``, ``precision``, ``recall``, ``density``, ``coverage``.
        real: the same of real examples: one half of them against the other.
        count: examples on each side of every comparison.
        features: in what they were compared, for a person to read.
    """

    samples: Mapping[str, float]
    real: Mapping[str, float]
    count: int
    features: str = ""

    @property
    def ratio(self) -> float:
        """How many times the Fréchet distance is that of real examples."""
        floor = self.real["frechet"]
        return self.samples["frechet"] / floor if floor > 0 else float("inf")

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {**dataclasses.asdict(self), "ratio": self.ratio}

    def __str__(self) -> str:
        """Return a table for a person."""
        lines = [f"{'':<12}{'samples':>10}{'real':>10}"]
        lines += [f"{name:<12}{self.samples[name]:>10.4g}{self.real[name]:>10.4g}" for name in self.samples]
        lines.append(f"Fréchet distance: {self.ratio:.2f} times that of real examples")
        where = f" in {self.features}" if self.features else ""
        return "\n".join([*lines, f"{self.count:,} samples against {self.count:,} held-out examples{where}"])


def judge(
    samples: ArrayLike, real: ArrayLike, *, features: str = "", repeats: int = 3, seed: int = 0
) -> Judged:
    """Judge samples by features of theirs, and real examples in the same way.

    Held-out examples are cut at random into two halves. Samples are compared with each half, and the halves
    with one another; sizes are equal in all comparisons, since the Fréchet distance depends on them. Figures
    are means over the halves and the repeats.

    Args:
        samples: features of samples, (rows, features).
        real: features of real examples that neither the generator nor what makes the features was trained on.
        features: what the features are, for a person to read.
        repeats: how often halves are drawn.
        seed: decides which.

    Raises:
        DataError: there are too few rows, or the features are not equally many.

    Example:
        >>> points = np.random.default_rng(0).normal(size=(400, 2))
        >>> found = judge(points[:100] + [4.0, 0.0], points[100:])
        >>> found.samples["precision"] < 0.3 < 0.7 < found.real["precision"]
        True
    """
    ours, theirs = as_points(samples), as_points(real)
    size = min(len(ours), len(theirs) // 2)
    if size < FEWEST:
        raise DataError(
            "too few rows to judge samples by",
            expected=f"{FEWEST} samples and {2 * FEWEST} real examples",
            received=f"{len(ours)} and {len(theirs)}",
        )
    found: dict[str, list[dict[str, float]]] = {"samples": [], "real": []}
    for repeat in range(repeats):
        first, second = halves(theirs, size, seed=seed + repeat)
        own = _drawn(ours, size, seed + repeat)
        found["samples"] += [_compared(own, first), _compared(own, second)]
        found["real"] += [_compared(first, second), _compared(second, first)]
    return Judged(_means(found["samples"]), _means(found["real"]), size, features)


def _compared(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> dict[str, float]:
    found = {"frechet": frechet(ours, theirs), **dataclasses.asdict(support(ours, theirs))}
    return {name: found[name] for name in _MEASURES}


def _drawn(points: NDArray[np.float64], size: int, seed: int) -> NDArray[np.float64]:
    return points[np.random.default_rng(seed).permutation(len(points))[:size]]


def _means(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([own[name] for own in found])) for name in _MEASURES}
