"""Ranks of right entities against a loop over all of them; metrics; N3; drawn entities."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import TripleInputs
from lamina.models import build
from lamina.objectives.entity_sampling import EntitySamplingObjective
from lamina.objectives.entity_softmax import EntitySoftmaxObjective, cubes_of_triples
from lamina.objectives.links import filtered_ranks
from lamina.objectives.metrics.links import link_intervals, link_metrics

ENTITIES = 21


def loop(scores: np.ndarray, answer: int, known: set[int]) -> float:
    """The mean of the best and the worst rank that equal scores allow."""
    others = [j for j in range(len(scores)) if j != answer and j not in known]
    if answer < 0:
        return 1.0 + len(others)
    higher = sum(scores[j] > scores[answer] for j in others)
    equal = sum(scores[j] == scores[answer] for j in others)
    return float(np.mean([1 + higher, 1 + higher + equal]))


def asked(answers: list[int], known: list[set[int]], entity: int = 0) -> dict[str, Any]:
    flags = np.array([[j in own for j in range(ENTITIES)] for own in known])
    rows = len(answers)
    return {
        "entity": np.full(rows, entity, np.int32),
        "relation": np.zeros(rows, np.int32),
        "answer": np.array(answers, np.int32),
        "known": np.packbits(flags, axis=1, bitorder="little"),
    }


def test_ranks_are_those_of_a_loop_with_ties_and_filtered():
    random = np.random.default_rng(0)
    scores = random.integers(0, 6, (60, ENTITIES)).astype(np.float32)  # many are equal
    answers = [int(a) for a in random.integers(-1, ENTITIES, 60)]
    known = [{int(j) for j in random.integers(0, ENTITIES, 5)} | {max(a, 0)} for a in answers]
    found = jax.jit(filtered_ranks)(scores, asked(answers, known))
    expected = [loop(*row) for row in zip(scores, answers, known, strict=True)]
    np.testing.assert_array_equal(found, expected)


def test_equal_scores_share_their_mean_rank_and_no_number_is_no_good_rank():
    one = asked([3], [{3}])
    assert filtered_ranks(jnp.zeros((1, ENTITIES)), one).tolist() == [(1 + ENTITIES) / 2]
    assert filtered_ranks(jnp.full((1, ENTITIES), jnp.nan), one).tolist() == [ENTITIES]


def test_what_training_never_saw_ranks_in_the_middle_as_a_question_and_last_as_an_answer():
    scores = jnp.arange(ENTITIES, dtype=jnp.float32)[None]
    assert filtered_ranks(scores, asked([20], [set()], entity=-1)).tolist() == [(1 + ENTITIES) / 2]
    assert filtered_ranks(scores, asked([-1], [set()])).tolist() == [1 + ENTITIES]


def test_metrics_and_intervals():
    ranks = np.array([1.0, 2.0, 4.0, 10.0])
    found = link_metrics(ranks)
    assert found == {
        "mrr": pytest.approx(0.4625),
        "hits_1": 0.25,
        "hits_3": 0.5,
        "hits_10": 1.0,
        "mean_rank": 4.25,
    }
    intervals = link_intervals(ranks)
    pairs = np.array([(1 + 0.25) / 2, (0.5 + 0.1) / 2])
    half = 1.96 * pairs.std(ddof=1) / np.sqrt(2)
    assert intervals["mrr"] == pytest.approx((0.4625 - half, 0.4625 + half))
    assert all(low <= found[name] <= high for name, (low, high) in intervals.items())
    assert link_intervals(np.array([1.0, 2.0])) == {}


def batch() -> dict[str, Any]:
    answers = np.array([[1, 2, -1], [5, -1, -1]], np.int32)
    x = {"entity": np.array([0, 4], np.int32), "relation": np.array([1, 3], np.int32)}
    return {"x": x, "y": answers, "weight": np.array([2.0, 1.0], np.float32)}


def test_n3_is_the_mean_of_cubes_over_triples():
    model = build("complex", inputs=TripleInputs(6, 2), outputs=6, size=3)
    model = jax.tree.map(lambda a: np.random.default_rng(1).normal(size=a.shape).astype(np.float32), model)
    own, total = batch(), 0.0
    for entity, relation, answer in ((0, 1, 1), (0, 1, 2), (4, 3, 5)):
        for vector in (
            model.entity.weight[entity],
            model.relation.weight[relation],
            model.entity.weight[answer],
        ):
            total += (np.abs(vector[:3] + 1j * vector[3:]) ** 3).sum() / 3
    share = own["weight"] / own["weight"].sum()
    assert float(cubes_of_triples(model, own, jnp.asarray(share))) == pytest.approx(total, rel=1e-5)
    with_it, without = (
        EntitySoftmaxObjective(6, n3=n3).losses(model, own, key=0)["all"][0] for n3 in (0.5, 0.0)
    )
    assert float(with_it - without) == pytest.approx(0.5 * total, rel=1e-4)


def test_the_loss_is_the_mean_over_triples():
    model = build("distmult", inputs=TripleInputs(6, 2), outputs=6, size=4)
    model = jax.tree.map(lambda a: np.random.default_rng(1).normal(size=a.shape).astype(np.float32), model)
    own = batch()
    scores = np.asarray(model(own["x"]), np.float64)
    log_p = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    expected = -np.mean([log_p[0, 1], log_p[0, 2], log_p[1, 5]])
    assert float(EntitySoftmaxObjective(6).losses(model, own, key=0)["all"][0]) == pytest.approx(
        expected, rel=1e-5
    )


def test_drawn_entities_weigh_by_their_scores_and_right_ones_never_count_as_wrong():
    """With one entity beside the answers, all that is drawn and wrong is that one."""
    model = build("transe", inputs=TripleInputs(3, 1), outputs=3, size=4)
    own = {
        "x": {"entity": np.array([0], np.int32), "relation": np.array([0], np.int32)},
        "y": np.array([[1, 2]], np.int32),
        "weight": np.ones(1, np.float32),
    }
    objective = EntitySamplingObjective(3, negatives=40, margin=2.0)
    scores = np.asarray(model(own["x"]), np.float64)[0]
    right = np.mean([np.log(1 / (1 + np.exp(-(2.0 + scores[j])))) for j in (1, 2)])
    wrong = np.log(1 / (1 + np.exp(2.0 + scores[0])))
    found = float(objective.losses(model, own, key=0)["all"][0])
    assert found == pytest.approx(-(right + wrong) / 2, rel=1e-4)


def test_evaluation_sums_over_batches_and_leaves_out_what_fills_up():
    model = build("distmult", inputs=TripleInputs(ENTITIES, 1), outputs=ENTITIES, size=4)
    x = asked([3, 7, -1], [{3}, {7, 8}, set()])
    objective = EntitySoftmaxObjective(ENTITIES)
    ranks = np.asarray(objective.answer(model, x))
    sums = objective.evaluate(model, {"x": x, "weight": np.array([1.0, 1.0, 0.0], np.float32)}, key=0)
    assert float(sums["mrr"]) == pytest.approx((1 / ranks[:2]).sum(), rel=1e-6)
    assert float(sums["weight"]) == 2 and np.isfinite(float(sums["loss"]))
