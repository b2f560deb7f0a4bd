"""The metrics of texts that were written, and their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.objectives.metrics.bleu import bleu_counts, bleu_of, chrf_counts, chrf_of, weighted_sum

RESAMPLED = 1_000  # times that texts are drawn again
LARGEST = 700.0  # whose exponential is a number


def translation_metrics(
    decoded: np.ndarray, references: Any, weights: np.ndarray | None = None
) -> dict[str, float]:
    """Return bleu and chrf, and loss and perplexity where the surprise at the references is known.

    Args:
        decoded: ``output``, ``surprise`` and ``tokens`` of each text.
        references: one text each.
        weights: one a text.
    """
    return {name: float(value) for name, value in _of(_counts(decoded, references), weights).items()}


def translation_intervals(
    decoded: np.ndarray, references: Any, weights: np.ndarray | None = None
) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of each metric: the middle of what texts drawn with replacement give.

    Args:
        decoded: as of `translation_metrics`.
        references: one text each.
        weights: one a text.

    References:
        Koehn. Statistical significance tests for machine translation evaluation. EMNLP 2004.
    """
    counts = _counts(decoded, references)
    texts = len(references)
    random = np.random.Generator(np.random.Philox(key=np.array([0, texts], np.uint64)))
    drawn = random.multinomial(texts, np.full(texts, 1 / texts), size=RESAMPLED).astype(np.float64)
    drawn = drawn if weights is None else drawn * np.asarray(weights, np.float64)
    found, whole = _of(counts, drawn), _of(counts, weights)
    ends = {name: np.quantile(values, (0.025, 0.975)) for name, values in found.items()}
    return {
        name: (float(min(low, whole[name])), float(max(high, whole[name])))
        for name, (low, high) in ends.items()
    }


def _counts(decoded: np.ndarray, references: Any) -> dict[str, np.ndarray]:
    """Return what each metric is computed from, texts first."""
    written = decoded["output"].tolist()
    loss = np.stack([decoded["surprise"], decoded["tokens"]], axis=1)
    references = list(references)
    found = {"bleu": bleu_counts(written, references), "chrf": chrf_counts(written, references)}
    return found if np.isnan(loss).any() else {**found, "loss": loss}


def _of(counts: dict[str, np.ndarray], weights: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return each metric of texts of some weights, or of several draws of weights."""
    sums = {name: weighted_sum(own, weights) for name, own in counts.items()}
    found = {"bleu": bleu_of(sums["bleu"]), "chrf": chrf_of(sums["chrf"])}
    if "loss" not in sums:
        return found
    loss = sums["loss"][..., 0] / np.maximum(sums["loss"][..., 1], 1)
    return {**found, "loss": loss, "perplexity": np.exp(np.minimum(loss, LARGEST))}
