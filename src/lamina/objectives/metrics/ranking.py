"""Area under the ROC curve, and its interval in closed form."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.objectives.metrics.rows import (
    NAN,
    check_same_rows,
    class_probabilities,
    class_targets,
    row_weights,
)


def auc(targets: ArrayLike, probabilities: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Probability that a row of the class is ranked above a row of another; ties count half.

    For more than two classes the plain mean of one-against-the-rest over the classes that
    have rows on both sides. O(classes * rows log rows).

    Args:
        targets: true class indices.
        probabilities: one column a class, or any score that grows with class 1 of two.
        weights: one weight a row, or None.

    Returns:
        0 to 1, where 0.5 is chance; NaN if only one class occurs.

    Example:
        >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    areas = [area for area, _ in _class_areas(targets, probabilities, weights)]
    return float(np.mean(areas)) if areas else NAN


def auc_interval(
    targets: ArrayLike,
    probabilities: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> tuple[float, float]:
    """Confidence interval of `auc`, from DeLong's placement values, symmetric in log-odds.

    The variance is that of the mean over classes of each row's influence, so classes that
    share rows are not taken for independent. Where all pairs are ranked alike the variance
    estimate is zero; Wilson's interval over the rows outside the largest class stands in.

    Args:
        targets: true class indices.
        probabilities: as for `auc`.
        weights: one weight a row, or None.
        level: the coverage wanted.

    Returns:
        Lower and upper end.

    Example:
        >>> low, high = auc_interval([0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.35, 0.8, 0.2, 0.9])
        >>> 0 < low < 0.9 < high < 1
        True

    References:
        E. DeLong, D. DeLong, D. Clarke-Pearson, Comparing the areas under two or more correlated
        receiver operating characteristic curves: a nonparametric approach, Biometrics 44, 1988.
        X. Sun, W. Xu, Fast implementation of DeLong's algorithm, IEEE Signal Processing Letters 21, 2014.
    """
    pairs = list(_class_areas(targets, probabilities, weights))
    if not pairs:
        return NAN, NAN
    area = float(np.mean([area for area, _ in pairs]))
    influence = np.mean([influence for _, influence in pairs], axis=0)
    error = float(np.sqrt(np.sum(influence**2)))
    quantile = NormalDist().inv_cdf((1 + level) / 2)
    if error < 1e-12 or not 0 < area < 1:
        counts = np.bincount(class_targets(targets))
        return wilson_interval(area, float(counts.sum() - counts.max()), level=level)
    center, reach = np.log(area / (1 - area)), quantile * error / (area * (1 - area))
    low, high = 1 / (1 + np.exp(-np.clip([center - reach, center + reach], -700, 700)))
    return float(low), float(high)


def average_precision(targets: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean of the precision over the rows of the class, ranked by score: Σ_k (R_k - R_{k-1}) P_k.

    Rows of equal score are one step. It says how useful the top of a ranking is where the class is rare;
    guessing gives the share of the class. O(rows log rows).

    Args:
        targets: 1 for rows of the class, 0 for others.
        scores: that grow with class 1, one a row.
        weights: one weight a row, or None.

    Returns:
        0 to 1; NaN where one class alone occurs.

    Example:
        >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
        0.8333
    """
    own = class_targets(targets, 2)
    values = np.asarray(scores, np.float64).reshape(-1)
    given = row_weights(len(own), weights)
    total = float(given @ own)
    if not np.isfinite(values).all() or total <= 0 or total >= given.sum():
        return NAN
    place = np.unique(-values, return_inverse=True)[1].reshape(-1)
    found, seen = np.bincount(place, given * own).cumsum(), np.bincount(place, given).cumsum()
    gained = np.diff(found, prepend=0.0)
    return float((gained * found / np.maximum(seen, 1e-300)).sum() / total)


def wilson_interval(share: float, rows: float | int, *, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a share of independent rows; sound at 0 and 1 and for few rows.

    Args:
        share: the share observed, 0 to 1.
        rows: how many rows it was observed on (the effective number, if they are weighted).
        level: the coverage wanted.

    Returns:
        Lower and upper end.

    Example:
        >>> low, high = wilson_interval(1.0, 30)
        >>> round(low, 3), round(high, 3)
        (0.886, 1.0)

    References:
        E. B. Wilson, Probable inference, the law of succession, and statistical inference,
        Journal of the American Statistical Association 22, 1927.
    """
    square = NormalDist().inv_cdf((1 + level) / 2) ** 2
    center = (share + square / (2 * rows)) / (1 + square / rows)
    reach = np.sqrt(square * (share * (1 - share) + square / (4 * rows)) / rows) / (1 + square / rows)
    return float(max(0.0, center - reach)), float(min(1.0, center + reach))


def _class_areas(targets: ArrayLike, probabilities: ArrayLike, weights: ArrayLike | None):
    """Yield, for each class that can be ranked, its area and every row's influence on it."""
    columns = class_probabilities(probabilities)
    targets = class_targets(targets, columns.shape[1])
    check_same_rows(targets, columns)
    given = row_weights(len(targets), weights)
    if not np.isfinite(columns).all():
        return
    present = np.unique(targets[given > 0])
    for index in [1] if columns.shape[1] == 2 else present:
        if len(present) > 1:
            yield _area(targets == index, columns[:, index], given)


def _area(
    positive: NDArray[np.bool_], scores: NDArray, weights: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the area, and by how much each row moves it (sums to zero)."""
    _, place = np.unique(scores, return_inverse=True)
    ours, others = weights * positive, weights * ~positive
    total, rest = ours.sum(), others.sum()
    below = _share_below(place, others) / rest
    area = float(ours @ below / total)
    above = 1 - _share_below(place, ours) / total
    return area, ours * (below - area) / total + others * (above - area) / rest


def _share_below(place: NDArray[np.intp], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each row, the weight of the rows ranked below it and half of its equals."""
    group = np.bincount(place, weights)
    return (np.cumsum(group) - group / 2)[place]
