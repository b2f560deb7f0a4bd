"""How high the right entities rank among all: mean reciprocal rank, hits, mean rank."""

from __future__ import annotations

import math

import numpy as np

Interval = tuple[float, float]
TOPS = (1, 3, 10)


def link_values(ranks: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each rank counts for each metric.

    Args:
        ranks: from 1 upward; halves where scores are equal.

    Example:
        >>> {name: values.tolist() for name, values in link_values(np.array([1.0, 4.0])).items()}
        {'mrr': [1.0, 0.25], 'hits_1': [1.0, 0.0], 'hits_3': [1.0, 0.0], 'hits_10': [1.0, 1.0], 'mean_rank': [1.0, 4.0]}
    """  # noqa: E501
    ranks = np.asarray(ranks, np.float64).reshape(-1)
    hits = {f"hits_{top}": (ranks <= top).astype(np.float64) for top in TOPS}
    return {"mrr": 1 / ranks, **hits, "mean_rank": ranks}


def link_metrics(ranks: np.ndarray) -> dict[str, float]:
    """Return the mean reciprocal rank, the shares of ranks up to 1, 3 and 10, and the mean rank.

    Args:
        ranks: of the right entities, filtered.

    Example:
        >>> link_metrics(np.array([1.0, 2.0]))["mrr"]
        0.75

    References:
        Bordes et al. Translating embeddings for modeling multi-relational data. NeurIPS 2013 (filtering).
    """
    return {
        name: float(values.mean()) if values.size else math.nan for name, values in link_values(ranks).items()
    }


def link_intervals(ranks: np.ndarray) -> dict[str, Interval]:
    """Return the 95 % interval of each mean, by the spread of the triples; none of one triple.

    The two questions of a triple, its tail and its head, count as one draw.

    Args:
        ranks: those of tails, then those of heads, in the same order of triples.
    """
    found = {}
    for name, values in link_values(ranks).items():
        pairs = values.reshape(2, -1).mean(0) if len(values) % 2 == 0 else values
        if len(pairs) < 2:
            continue
        mean, half = float(values.mean()), 1.96 * float(pairs.std(ddof=1)) / math.sqrt(len(pairs))
        low, high = (1.0, math.inf) if name == "mean_rank" else (0.0, 1.0)
        found[name] = (max(low, mean - half), min(high, mean + half))
    return found
