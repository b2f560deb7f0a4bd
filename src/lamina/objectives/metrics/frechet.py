"""Fréchet distance: how far the Gaussians of two sets of features lie apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.core.errors import DataError
from lamina.objectives.metrics.distances import as_points


class Floor(NamedTuple):
    """What real examples score against real examples.

    Args:
        mean: over the repeats.
        std: between the repeats, 0 of one.
    """

    mean: float
    std: float


def frechet_of_gaussians(
    mean: ArrayLike, covariance: ArrayLike, other_mean: ArrayLike, other_covariance: ArrayLike
) -> float:
    """Return the squared Fréchet (2-Wasserstein) distance of two Gaussians, O(features³).

    ``|μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁^½ Σ₂ Σ₁^½)^½)``

    Both roots are those of symmetric matrices by their eigenvalues, negative ones (rounding) taken as zero:
    unlike the root of ``Σ₁ Σ₂`` this stays real where there are fewer examples than features.

    Args:
        mean: (features,).
        covariance: (features, features), symmetric.
        other_mean: of the other one.
        other_covariance: of the other one.

    Example:
        >>> frechet_of_gaussians([0.0], [[1.0]], [3.0], [[4.0]])
        10.0

    References:
        Dowson, Landau. The Fréchet distance between multivariate normal distributions. Journal of
        Multivariate Analysis 12, 1982. Heusel et al. GANs trained by a two time-scale update rule converge to
        a local Nash equilibrium. NeurIPS 2017 (as a judge of samples, in the features of Inception v3).
    """
    first, second = np.atleast_1d(np.asarray(mean, np.float64)), np.asarray(other_mean, np.float64)
    own, other = np.atleast_2d(np.asarray(covariance, np.float64)), np.asarray(other_covariance, np.float64)
    root = _root(own)
    between = np.linalg.eigvalsh(root @ other @ root)
    shared = np.sqrt(np.maximum(between, 0.0)).sum()
    found = np.square(first - second).sum() + np.trace(own) + np.trace(other) - 2 * shared
    return float(max(0.0, found))


def frechet(features: ArrayLike, others: ArrayLike) -> float:
    """Return the Fréchet distance of two sets of features, O(rows · features² + features³).

    Of n examples it is too large by about c / n, since their mean and covariance are estimates: only figures
    of equally many examples can be compared, and one should stand beside its `frechet_floor`, what real
    examples of the same number score, or be `extrapolated_frechet`.

    Args:
        features: (rows, features), two rows at least.
        others: (rows, features) of what they are compared with.

    Raises:
        DataError: there are fewer than two rows, or the features are not equally many.

    Example:
        >>> frechet([[0.0], [2.0]], [[5.0], [7.0]])
        25.0
    """
    first, second = _checked(features), _checked(others)
    if first.shape[1] != second.shape[1]:
        raise DataError(
            "features of two kinds cannot be compared", expected=first.shape[1], received=second.shape[1]
        )
    return frechet_of_gaussians(*gaussian(first), *gaussian(second))


def frechet_floor(real: ArrayLike, size: int | None = None, *, repeats: int = 3, seed: int = 0) -> Floor:
    """Return the Fréchet distance between two halves of real examples: what a perfect generator would score.

    Args:
        real: features of real examples, (rows, features).
        size: examples of a half; half of all without, and never more.
        repeats: how often two halves are drawn anew.
        seed: decides which.
    """
    points = _checked(real)
    found = [frechet(*halves(points, size, seed=seed + repeat)) for repeat in range(repeats)]
    return Floor(float(np.mean(found)), float(np.std(found)))


def halves(
    points: NDArray[np.float64], size: int | None = None, *, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two parts of some rows that share none, drawn at random.

    Args:
        points: rows first, four at least for parts of two.
        size: rows of a part; half of all without, and never more.
        seed: decides which.
    """
    most = len(points) // 2
    size = most if size is None else min(size, most)
    order = np.random.default_rng(seed).permutation(len(points))
    return points[order[:size]], points[order[size : 2 * size]]


def extrapolated_frechet(
    features: ArrayLike, real: ArrayLike, *, sizes: int = 8, repeats: int = 3, seed: int = 0
) -> float:
    """Return the Fréchet distance of infinitely many samples: the line through distances over 1/n, at 0.

    ``d(n) ≈ d + c / n`` for n from a fifth of all samples to all; may be slightly below zero where there is
    no distance. What is too large for the number of real examples remains.

    Args:
        features: of samples, (rows, features), twenty rows at least.
        real: of real examples.
        sizes: how many n, spread evenly over 1/n.
        repeats: draws of each n.
        seed: decides which samples are drawn.

    Raises:
        DataError: there are too few samples.

    References:
        Chong, Forsyth. Effectively unbiased FID and Inception score and where to find them. CVPR 2020.
    """
    points, fixed = _checked(features), gaussian(_checked(real))
    if len(points) < 20:
        raise DataError("too few samples to extrapolate from", expected="20 rows", received=points.shape)
    generator = np.random.default_rng(seed)
    inverse = np.linspace(1 / len(points), 5 / len(points), sizes)
    over, found = [], []
    for size in np.round(1 / inverse).astype(int):
        for _ in range(1 if size == len(points) else repeats):
            drawn = points[generator.choice(len(points), size, replace=False)]
            over.append(1 / size)
            found.append(frechet_of_gaussians(*gaussian(drawn), *fixed))
    return float(np.polynomial.Polynomial.fit(over, found, 1)(0.0))


def gaussian(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and covariance (divided by n - 1) of some rows.

    Args:
        points: (rows, features), two rows at least.
    """
    mean = points.mean(axis=0)
    centered = points - mean
    return mean, centered.T @ centered / (len(points) - 1)


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def _checked(features: ArrayLike) -> NDArray[np.float64]:
    points = as_points(features)
    if len(points) < 2:
        raise DataError("one example has no covariance", expected="two rows or more", received=points.shape)
    return points
