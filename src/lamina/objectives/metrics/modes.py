"""Modes: whether a generator shows every kind of thing that there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.objectives.metrics.distances import nearest

WITHIN = 3.0  # standard deviations (Srivastava et al. 2017)


@dataclass(frozen=True, eq=False)
class ModeCoverage:
    """Which modes samples hit.

    Args:
        counts: good samples of each mode.
        good: share of the samples that belong to a mode.
        divergence: Kullback-Leibler divergence of the modes' shares among good samples to those that are
            expected, in nats; infinite where no sample is good.
    """

    counts: NDArray[np.intp]
    good: float
    divergence: float

    @property
    def hit(self) -> int:
        """How many modes have a good sample."""
        return int((self.counts > 0).sum())

    def __str__(self) -> str:
        """Return the figures as text."""
        return (
            f"{self.hit:,} of {len(self.counts):,} modes, {self.good:.1%} good samples, "
            f"KL {self.divergence:.3g} nats"
        )


def mode_coverage(
    samples: ArrayLike,
    centers: ArrayLike,
    std: float,
    *,
    within: float = WITHIN,
    shares: ArrayLike | None = None,
) -> ModeCoverage:
    """Return which of some known modes samples hit, and how many samples lie at one.

    Args:
        samples: (rows, features).
        centers: of the modes, (modes, features).
        std: standard deviation of a mode.
        within: how many of them a good sample is away at most.
        shares: expected of each mode; equal ones without.

    Example:
        >>> print(mode_coverage([[0.0], [0.1], [5.0]], [[0.0], [1.0]], 0.1))
        1 of 2 modes, 66.7% good samples, KL 0.693 nats

    References:
        Srivastava et al. VEEGAN: reducing mode collapse in GANs using implicit variational learning. NeurIPS
        2017: 25 Gaussians on a grid, a sample is good within three standard deviations.
    """
    found = nearest(samples, centers)
    good = found.distances[:, 0] <= within * std
    count = len(np.asarray(centers))
    return _coverage(np.bincount(found.rows[good, 0], minlength=count), len(good), shares)


def class_coverage(classes: ArrayLike, count: int, *, shares: ArrayLike | None = None) -> ModeCoverage:
    """Return which of some classes samples hit, as a classifier sees them; -1 is a sample that shows none.

    Args:
        classes: of the samples, (rows,).
        count: how many classes there are.
        shares: expected of each class; equal ones without.

    Example:
        >>> class_coverage([0, 1, 1, 0], 2).divergence
        0.0

    References:
        Metz et al. Unrolled generative adversarial networks. ICLR 2017: stacked MNIST, 1,000 classes.
    """
    classes = np.asarray(classes).reshape(-1)
    return _coverage(np.bincount(classes[classes >= 0], minlength=count), len(classes), shares)


def _coverage(counts: NDArray[np.intp], samples: int, shares: ArrayLike | None) -> ModeCoverage:
    expected = np.full(len(counts), 1 / len(counts)) if shares is None else np.asarray(shares, np.float64)
    total = int(counts.sum())
    good = total / samples if samples else 0.0
    if not total:
        return ModeCoverage(counts, good, float("inf"))
    there = counts > 0
    own = counts[there] / total
    with np.errstate(divide="ignore"):
        divergence = float(own @ np.log(own / (expected[there] / expected.sum())))
    return ModeCoverage(counts, good, max(0.0, divergence))
