"""Metrics of masks: how far areas overlap, and which instances are found.

Counts are taken image by image, so that they can be resampled; metrics are of their sums over all images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

Counts = Mapping[str, np.ndarray]  # first axis: images
Interval = tuple[float, float]
THRESHOLDS = {"ap50": 0.5, "ap75": 0.75}
REPEATS = 1000


def mask_counts(found: np.ndarray, true: np.ndarray, classes: int) -> Counts:
    """Return how many pixels of each class are found, true, and both, image by image.

    Args:
        found: class codes (n, y, x).
        true: class codes (n, y, x).
        classes: how many classes there are.
    """
    pairs = [
        np.bincount(a.ravel().astype(np.intp) * classes + b.ravel(), minlength=classes**2)
        for a, b in zip(found, true, strict=True)
    ]
    table = np.array(pairs, np.float64).reshape(-1, classes, classes)
    return {
        "both": np.einsum("nii->ni", table),
        "found": table.sum(axis=2),
        "true": table.sum(axis=1),
    }


def mask_metrics(counts: Counts, weights: np.ndarray | None = None) -> dict[str, float]:
    """Return iou and dice, means over the classes that occur, and pixel_accuracy, the share of right pixels.

    Args:
        counts: from `mask_counts`.
        weights: one weight an image, or None.

    Example:
        >>> found, true = np.array([[[0, 1, 1, 1]]]), np.array([[[0, 0, 1, 1]]])
        >>> {name: round(value, 3) for name, value in mask_metrics(mask_counts(found, true, 2)).items()}
        {'iou': 0.583, 'dice': 0.733, 'pixel_accuracy': 0.75}
    """
    both, found, true = (_summed(counts[name], weights) for name in ("both", "found", "true"))
    either = found + true - both
    occurs = either > 0
    if not occurs.any():
        return dict.fromkeys(("iou", "dice", "pixel_accuracy"), float("nan"))
    return {
        "iou": float((both[occurs] / either[occurs]).mean()),
        "dice": float((2 * both[occurs] / (found + true)[occurs]).mean()),
        "pixel_accuracy": float(both.sum() / true.sum()),
    }


def instance_counts(found: np.ndarray, true: np.ndarray) -> Counts:
    """Return matched, spurious and missed instances at each threshold, and the pixels of the foreground.

    Args:
        found: instances (n, y, x), 0 for background.
        true: instances (n, y, x), 0 for background.
    """
    rows = [_of_image(a, b) for a, b in zip(found, true, strict=True)]
    return {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]} if rows else {}


def _of_image(found: np.ndarray, true: np.ndarray) -> dict[str, np.ndarray]:
    ious = overlaps(found, true)
    counts = {name: np.array(_matched(ious, threshold), np.float64) for name, threshold in THRESHOLDS.items()}
    inside, wanted = found > 0, true > 0
    counts["pixels"] = np.array([(inside & wanted).sum(), inside.sum(), wanted.sum()], np.float64)
    return counts


def overlaps(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the intersection over union of every found with every true instance.

    Args:
        found: instances (y, x), 0 for background.
        true: instances (y, x), 0 for background.

    Example:
        >>> overlaps(np.array([[1, 1, 0, 2]]), np.array([[1, 0, 0, 3]])).tolist()
        [[0.5, 0.0], [0.0, 1.0]]
    """
    left, codes_left = np.unique(found, return_inverse=True)
    right, codes_right = np.unique(true, return_inverse=True)
    shape = (len(left), len(right))
    both = np.bincount(codes_left.ravel() * shape[1] + codes_right.ravel(), minlength=shape[0] * shape[1])
    both = both.reshape(shape).astype(np.float64)
    either = both.sum(axis=1)[:, None] + both.sum(axis=0)[None] - both
    return (both / either)[left > 0][:, right > 0]


def _matched(ious: np.ndarray, threshold: float) -> tuple[int, int, int]:
    """Return true positives, false positives and false negatives, matched one to one."""
    from scipy import optimize  # a third of a second, which only masks should cost

    fits = ious >= threshold
    rows, columns = optimize.linear_sum_assignment(-(fits + ious / 1e3)) if ious.size else ((), ())
    hits = int(fits[rows, columns].sum()) if ious.size else 0
    return hits, ious.shape[0] - hits, ious.shape[1] - hits


def instance_metrics(counts: Counts, weights: np.ndarray | None = None) -> dict[str, float]:
    """Return ap50 and ap75, TP / (TP + FP + FN), and iou and dice of the foreground.

    Args:
        counts: from `instance_counts`.
        weights: one weight an image, or None.

    References:
        Caicedo et al. Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl. Nature
        Methods 2019. Not the average precision of COCO, which ranks by confidence.
    """
    result = {}
    for name in THRESHOLDS:
        total = _summed(counts[name], weights)
        result[name] = float(total[0] / total.sum()) if total.sum() else float("nan")
    both, found, true = _summed(counts["pixels"], weights)
    either = found + true - both
    result["iou"] = float(both / either) if either else float("nan")
    result["dice"] = float(2 * both / (found + true)) if either else float("nan")
    return result


def _summed(counts: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    return counts.sum(axis=0) if weights is None else np.tensordot(weights, counts, axes=1)


def resampled_over_examples(
    metrics: Callable[[Counts, np.ndarray | None], dict[str, float]],
    counts: Counts,
    weights: np.ndarray | None = None,
    *,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return the 95 % interval of each metric, by a bootstrap over examples.

    Args:
        metrics: of counts and weights.
        counts: example by example.
        weights: one weight an example, or None.
        seed: of the resampling.
    """
    images = len(next(iter(counts.values()), ()))
    if images < 2:
        return {}
    random = np.random.default_rng(seed)
    draws = random.multinomial(images, np.full(images, 1 / images), size=REPEATS).astype(np.float64)
    draws = draws if weights is None else draws * weights
    found = [metrics(counts, draw) for draw in draws]
    result = {}
    for name in found[0]:
        values = np.array([row[name] for row in found])
        values = values[np.isfinite(values)]
        if values.size:
            low, high = np.quantile(values, [0.025, 0.975])
            result[name] = (float(low), float(high))
    return result
