"""Memorization: whether samples are copies of what a generator was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.core.errors import DataError
from lamina.objectives.metrics.distances import Neighbors, as_points, nearest

CLOSE = 1.0  # percentile of the distances of held-out examples
NEARER = 1 / 3  # of the distance to the second nearest: a copy (Yoon et al. 2023)
SURE = 0.01  # p-value


@dataclass(frozen=True, eq=False)
class Memorization:
    """How near samples lie to training examples, and how near real ones do that were not trained on.

    Args:
        rows: nearest training example of each sample, (samples,).
        distances: to it.
        held_out: distance of each held-out example to its nearest training example.
        close: distance below which one in a hundred of the held-out examples lies.
        close_share: share of the samples below it: 0.01 is what real examples have.
        copies: share of the samples that copy: their nearest training example is at most a third as far away
            as the second nearest, or equals them.
        held_out_copies: the same of the held-out examples: near duplicates in the data.
        p_value: how likely samples lie so near if they are as far from training examples as held-out ones
            are (Mann-Whitney, one-sided).
    """

    rows: NDArray[np.intp]
    distances: NDArray[np.float64]
    held_out: NDArray[np.float64]
    close: float
    close_share: float
    copies: float
    held_out_copies: float
    p_value: float

    @property
    def is_copying(self) -> bool:
        """Whether more samples copy than held-out examples seem to, beyond chance."""
        from scipy.stats import fisher_exact

        counts = [
            (round(share * len(of)), len(of) - round(share * len(of)))
            for share, of in ((self.copies, self.distances), (self.held_out_copies, self.held_out))
        ]
        test: Any = fisher_exact(counts, alternative="greater")
        return float(test[1]) < SURE

    @property
    def verdict(self) -> str:
        """Say what the figures mean."""
        if self.is_copying:
            return (
                f"{self.copies:.1%} of the samples copy a training example "
                f"(of the held-out examples {self.held_out_copies:.1%} seem to)"
            )
        if self.close_share > 2 * CLOSE / 100 and self.p_value < SURE:
            return (
                "no copies, but samples lie nearer to training examples than new ones do: "
                f"{self.close_share:.1%} are closer than 99 % of the held-out examples; "
                "a smooth sample of what is usual is so too"
            )
        return "samples lie as far from training examples as new examples do: no sign of copying"

    def to_json(self) -> dict[str, Any]:
        """Return the figures, without the distances of single samples."""
        names = ("close", "close_share", "copies", "held_out_copies", "p_value")
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        return {**found, "median_distance": float(np.median(self.distances)), "verdict": self.verdict}

    def __str__(self) -> str:
        """Return the verdict."""
        return self.verdict


def memorization(samples: ArrayLike, training: ArrayLike, held_out: ArrayLike) -> Memorization:
    """Compare distances to training examples: of samples, and of held-out examples.

    Args:
        samples: (rows, ...), flattened; pixels or features, numbers of one scale.
        training: all training examples; a part of them finds a part of the copies.
        held_out: real examples that were not trained on.

    Raises:
        DataError: there is no training example, or what is compared is not of one shape.

    Example:
        >>> rows = np.arange(40.0)[:, None]
        >>> memorization(rows[:20], rows, rows + 0.5).copies
        1.0

    References:
        Meehan, Chaudhuri, Dasgupta. A non-parametric test to detect data-copying in generative models.
        AISTATS 2020 (the test). Yoon et al. Diffusion probabilistic models generalize when they fail to
        memorize. 2023 (the third of the second distance).
    """
    from scipy.stats import mannwhitneyu

    ours, theirs, others = as_points(samples), as_points(training), as_points(held_out)
    if not ours.shape[1] == theirs.shape[1] == others.shape[1]:
        raise DataError(
            "samples and examples are not of one shape",
            expected=theirs.shape[1:],
            received=f"{ours.shape[1:]} and {others.shape[1:]}",
        )
    found, real = nearest(ours, theirs, 2), nearest(others, theirs, 2)
    distances, held = found.distances[:, 0], real.distances[:, 0]
    close = float(np.percentile(held, CLOSE))
    return Memorization(
        rows=found.rows[:, 0],
        distances=distances,
        held_out=held,
        close=close,
        close_share=float((distances < close).mean()),
        copies=_copies(found),
        held_out_copies=_copies(real),
        p_value=float(mannwhitneyu(distances, held, alternative="less")[1]),
    )


def _copies(found: Neighbors) -> float:
    """Return the share that lies much nearer to one training example than to any other."""
    first, second = found.distances[:, 0], found.distances[:, -1]
    if found.distances.shape[1] < 2:
        return float((first == 0).mean())
    return float(((first == 0) | (first < NEARER * second)).mean())
