"""The losses and predictions of tags, against values worked out here."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.random import make_key
from lamina.objectives.tagging import TaggingObjective

LABELS = ("B-x", "I-x", "O")
Y = np.array([[0, 1, -1], [2, -1, -1]])
SCORES = np.random.default_rng(0).normal(size=(2, 3, 3)).astype(np.float32)
X = {"ids": jnp.array([[3, 4, -1], [5, -1, -1]])}
KEY = make_key(0)


class Saying:
    """A model that always says the same."""

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return jnp.asarray(SCORES)


def batch(weight: tuple[float, ...] = (1.0, 1.0)) -> dict[str, Any]:
    return {"x": X, "y": jnp.asarray(Y), "weight": jnp.asarray(weight)}


def surprise(row: int, at: int) -> float:
    own = SCORES[row, at]
    return float(np.log(np.exp(own).sum()) - own[Y[row, at]])


def loss_of(objective: TaggingObjective, weight: tuple[float, ...] = (1.0, 1.0)) -> float:
    return float(objective.losses(Saying(), batch(weight), key=KEY)["all"][0])


def test_cross_entropy_is_the_mean_over_words():
    words = [surprise(0, 0), surprise(0, 1), surprise(1, 0)]
    objective = TaggingObjective(LABELS)
    assert loss_of(objective) == pytest.approx(np.mean(words), rel=1e-5)
    assert loss_of(objective, (1.0, 0.0)) == pytest.approx(np.mean(words[:2]), rel=1e-5)


def test_a_chain_without_forbidden_pairs_is_cross_entropy():
    assert loss_of(TaggingObjective(LABELS, loss="chain")) == pytest.approx(
        loss_of(TaggingObjective(LABELS)), rel=1e-5
    )


def test_a_chain_sums_over_the_allowed_paths_alone():
    objective = TaggingObjective(LABELS, is_strict=True, loss="chain")
    s = SCORES.astype(np.float64)
    allowed = [(a, b) for a in (0, 2) for b in range(3) if not (a == 2 and b == 1)]
    first = np.log(sum(np.exp(s[0, 0, a] + s[0, 1, b]) for a, b in allowed)) - s[0, 0, 0] - s[0, 1, 1]
    second = np.log(np.exp(s[1, 0, 0]) + np.exp(s[1, 0, 2])) - s[1, 0, 2]
    assert loss_of(objective) == pytest.approx((first + second) / 3, rel=1e-5)


def test_evaluation_sums_words():
    objective = TaggingObjective(LABELS)
    sums = objective.evaluate(Saying(), batch((1.0, 2.0)), key=KEY)
    best = SCORES.argmax(axis=-1)
    right = (best[0, 0] == 0) + (best[0, 1] == 1) + 2 * (best[1, 0] == 2)
    assert float(sums["weight"]) == 4 and float(sums["token_accuracy"]) == right
    wanted = surprise(0, 0) + surprise(0, 1) + 2 * surprise(1, 0)
    assert float(sums["loss"]) == pytest.approx(wanted, rel=1e-5)


def test_no_prediction_goes_on_without_a_beginning():
    scores = np.array([[[0.0, 5.0, 1.0], [0.0, 3.0, 1.0], [0.0, 3.0, 1.0]]], np.float32)
    free, strict = (TaggingObjective(LABELS, is_strict=own) for own in (False, True))
    assert free.point(np.asarray(free.decode(scores))).tolist() == [[1, 1, 1]]
    assert strict.point(np.asarray(strict.decode(scores))).tolist() == [[0, 1, 1]]


def test_answers_end_with_their_sentence_and_state_probabilities():
    objective = TaggingObjective(LABELS)
    found = np.asarray(objective.answer(Saying(), X))
    assert objective.point(found).tolist() == [
        [*SCORES[0, :2].argmax(axis=-1).tolist(), -1],
        [int(SCORES[1, 0].argmax()), -1, -1],
    ]
    shares = np.exp(SCORES) / np.exp(SCORES).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(found[0, :2, 1], shares[0, :2].max(axis=-1), rtol=1e-4)
    assert found[0, 2, 1] == 0


def test_words_that_were_not_read_count_as_outside():
    objective = TaggingObjective(LABELS)
    decoded = np.array([[[0.0, 1.0], [1.0, 1.0]]])
    metrics = objective.metrics(decoded, np.array([[0, 1, 2, 0]]))
    assert metrics["token_accuracy"] == 0.75 and metrics["entity_recall"] == 0.5
    assert objective.outside == 2 and TaggingObjective(("DET", "NOUN")).outside == 0


def test_score_and_intervals():
    objective = TaggingObjective(LABELS)
    random = np.random.default_rng(0)
    true = random.integers(0, 3, (50, 4))
    found = np.where(random.random((50, 4)) < 0.8, true, 2)
    metrics, intervals = objective.metrics(found, true), objective.intervals(found, true)
    assert set(intervals) == set(metrics)
    assert all(low < metrics[name] < high for name, (low, high) in intervals.items())
    assert objective.score.name == "entity_f1"
    assert objective.score.measure(true, found, None) == metrics["entity_f1"]
    assert TaggingObjective(("DET", "NOUN")).score.name == "token_accuracy"
    assert hash(objective) == hash(TaggingObjective(LABELS)) and objective.out_features == 3
