"""Metrics of tags: right words, right sentences, and entities that are found as a whole.

Counts are taken sentence by sentence, so that they can be resampled; metrics are of their sums.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lamina.core.tag_scheme import NO_TAG, Scheme

Counts = Mapping[str, np.ndarray]  # first axis: sentences


def tag_counts(found: np.ndarray, true: np.ndarray, scheme: Scheme) -> dict[str, np.ndarray]:
    """Return the words and the entities of each sentence, and those that are right.

    Args:
        found: codes of tags, (sentences, words).
        true: codes of tags, (sentences, words), -1 behind the end.
        scheme: of the tags.

    Returns:
        ``words``, ``right`` and ``whole``, one number a sentence, and ``found``, ``true`` and ``both``,
        (sentences, types), of entities; two are the same if words and type are.
    """
    there = true != NO_TAG
    right = (found == true) & there
    counts = {
        "words": there.sum(axis=1).astype(np.float64),
        "right": right.sum(axis=1).astype(np.float64),
        "whole": (right == there).all(axis=1).astype(np.float64),
    }
    if not scheme.has_entities:
        return counts
    guess, truth = (scheme.entities(np.where(there, codes, NO_TAG)) for codes in (found, true))
    known = {tuple(row) for row in truth.tolist()}
    both = np.array([row for row in guess.tolist() if tuple(row) in known], np.int64).reshape(-1, 4)
    for name, rows in (("found", guess), ("true", truth), ("both", both)):
        counts[name] = np.zeros((len(true), len(scheme.types)))
        np.add.at(counts[name], (rows[:, 0], rows[:, 3]), 1.0)
    return counts


def tag_metrics(counts: Counts, weights: np.ndarray | None = None) -> dict[str, float]:
    """Return the metrics of counted sentences.

    ``entity_precision`` is the share of the found entities that are true, ``entity_recall`` the share of the
    true ones that are found, ``entity_f1`` 2·P·R/(P + R) (micro average, as conlleval gives), where tags name
    entities; ``token_accuracy`` the share of right words, ``sentence_accuracy`` that of sentences whose
    words are all right.

    Args:
        counts: from `tag_counts`.
        weights: one weight a sentence, or None.

    Example:
        >>> scheme = Scheme(("B-x", "I-x", "O"))
        >>> counts = tag_counts(np.array([[0, 1, 2, 0]]), np.array([[0, 1, 2, 2]]), scheme)
        >>> {name: round(value, 3) for name, value in tag_metrics(counts).items()}["entity_f1"]
        0.667
    """
    sums = {name: _summed(values, weights) for name, values in counts.items()}
    sentences = len(counts["words"]) if weights is None else float(np.sum(weights))
    result = {}
    if "both" in sums:
        both, found, true = (float(sums[name].sum()) for name in ("both", "found", "true"))
        result["entity_f1"] = ratio(2 * both, found + true)
        result["entity_precision"], result["entity_recall"] = ratio(both, found), ratio(both, true)
    result["token_accuracy"] = ratio(float(sums["right"]), float(sums["words"]))
    result["sentence_accuracy"] = ratio(float(sums["whole"]), sentences)
    return result


def ratio(part: float, whole: float) -> float:
    """Return a share, 0 of nothing."""
    return part / whole if whole else 0.0


def _summed(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    return np.asarray(values.sum(axis=0) if weights is None else np.tensordot(weights, values, axes=1))


def widened(codes: np.ndarray, width: int, fill: int) -> np.ndarray:
    """Return codes of tags for sentences of more words.

    Args:
        codes: (sentences, words).
        width: words at least.
        fill: the code behind the end.
    """
    more = max(0, width - codes.shape[1])
    return np.pad(codes, ((0, 0), (0, more)), constant_values=fill)
