"""Whether samples look real, and whether they show all that is real: by balls around points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.objectives.metrics.distances import as_points, radii, squared_blocks

NEIGHBORS = 3  # Kynkäänniemi et al. 2019
DENSITY_NEIGHBORS = 5  # Naeem et al. 2020


@dataclass(frozen=True)
class Support:
    """How the region of samples and that of real examples lie to each other; each is 0 to 1, density any.

    Args:
        precision: share of the samples that lie in a ball around some real example: do they look real?
        recall: share of the real examples that lie in a ball around some sample: is all of it there?
        density: balls of real examples that a sample lies in, over how many are expected; 1 for real ones.
        coverage: share of the balls around real examples that hold a sample.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def support(
    samples: ArrayLike,
    real: ArrayLike,
    *,
    neighbors: int = NEIGHBORS,
    density_neighbors: int = DENSITY_NEIGHBORS,
) -> Support:
    """Return precision, recall, density and coverage, O(samples · real · features).

    A ball around a point reaches as far as its k-th nearest neighbor among the points of its own set.
    A single real example far from all others has a large ball, which flatters precision; density counts balls
    instead of asking for one, and coverage never trusts balls of samples.

    Args:
        samples: features of samples, (rows, features), two rows at least.
        real: features of real examples.
        neighbors: k of precision and recall.
        density_neighbors: k of density and coverage.

    Example:
        >>> support([[0.0], [0.4], [9.0]], [[0.0], [1.0], [2.0]], neighbors=1, density_neighbors=1).precision
        0.6666666666666666

    References:
        Kynkäänniemi et al. Improved precision and recall metric for assessing generative models. NeurIPS
        2019. Naeem et al. Reliable fidelity and diversity metrics for generative models. ICML 2020.
    """
    ours, theirs = as_points(samples), as_points(real)
    precision = within(ours, theirs, radii(theirs, neighbors)) > 0
    recall = within(theirs, ours, radii(ours, neighbors)) > 0
    reach = radii(theirs, density_neighbors)
    density = within(ours, theirs, reach).mean() / min(density_neighbors, len(theirs) - 1)
    return Support(
        float(precision.mean()), float(recall.mean()), float(density), _coverage(ours, theirs, reach)
    )


def within(points: ArrayLike, centers: ArrayLike, reach: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return in how many balls each point lies, (points,).

    Args:
        points: (points, features).
        centers: (balls, features).
        reach: radius of each ball.
    """
    ours, theirs = as_points(points), as_points(centers)
    found = np.empty(len(ours), np.intp)
    for own, squares in squared_blocks(ours, theirs):
        found[own] = (squares <= np.square(reach)).sum(axis=1)
    return found


def _coverage(samples: NDArray[np.float64], real: NDArray[np.float64], reach: NDArray[np.float64]) -> float:
    """Return the share of the balls around real examples that hold a sample."""
    closest = np.full(len(real), np.inf)
    for _, squares in squared_blocks(samples, real):
        np.minimum(closest, squares.min(axis=0), out=closest)
    return float((closest <= np.square(reach)).mean())
