"""Features: numbers that samples are compared by, and how they are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.objectives.metrics.distances import as_points

MOST_COMPONENTS = 64
MOST_FITTED = 1_000  # examples that components are fitted to


@dataclass(frozen=True)
class Features:
    """What makes features of samples.

    Args:
        vectors: samples, rows first → (rows, features).
        words: what they are, for a person to read.
        sha256: of the artifact of the network that makes them; empty where none does.
    """

    vectors: Callable[[Any], ArrayLike]
    words: str
    sha256: str = ""

    def __call__(self, samples: Any) -> NDArray[np.float64]:
        """Return the features of samples, (rows, features)."""
        return as_points(self.vectors(samples))


def component_features(training: ArrayLike, most: int = MOST_COMPONENTS) -> Features:
    """Return the leading principal components of training examples as features, O(rows² · values).

    They see what varies most and not what matters: for images rather light, size and place than things. Where
    a classifier of such data exists, its features say more.

    Args:
        training: rows first; of many the first 1,000 count, so they should be in random order.
        most: components.

    Example:
        >>> rows = np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
        >>> abs(component_features(rows)(rows)[:, 0]).tolist()
        [2.0, 0.0, 2.0]
    """
    points = as_points(training)[:MOST_FITTED]
    mean = points.mean(axis=0)
    basis, share = _components(points - mean, most)
    words = (
        f"the {basis.shape[1]:,} leading principal components of {len(points):,} training examples "
        f"({share:.0%} of their variance)"
    )
    return Features(lambda samples: (as_points(samples) - mean) @ basis, words)


def _components(centered: NDArray[np.float64], most: int) -> tuple[NDArray[np.float64], float]:
    """Return the leading components, (values, components), and their share of the variance.

    Of a few examples of many values by the products of examples, which are fewer than those of values.
    """
    is_wide = centered.shape[1] > len(centered)
    values, vectors = np.linalg.eigh(centered @ centered.T if is_wide else centered.T @ centered)
    values, vectors = values[::-1], vectors[:, ::-1]
    count = max(1, min(most, int((values > 1e-10 * max(values[0], 1e-300)).sum())))
    total = max(float(np.maximum(values, 0).sum()), 1e-300)
    basis = vectors[:, :count]
    if is_wide:
        basis = centered.T @ basis / np.sqrt(np.maximum(values[:count], 1e-300))
    return basis, float(values[:count].sum() / total)
