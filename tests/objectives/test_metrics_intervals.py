"""Confidence intervals: against the slow way, against published formulas, and by their coverage."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.objectives import metrics
from lamina.objectives.metrics import (
    auc,
    auc_interval,
    bootstrap_interval,
    classification_intervals,
    classification_metrics,
    multilabel_intervals,
    multilabel_metrics,
    regression_intervals,
    regression_metrics,
)
from lamina.objectives.metrics import intervals as intervals_module


def binary(rows: int, seed: int, shift: float = 1.0):
    random = np.random.default_rng(seed)
    targets = (random.random(rows) < 0.3).astype(int)
    score = 1 / (1 + np.exp(-(random.normal(size=rows) + shift * targets - 1)))
    return targets, np.stack([1 - score, score], axis=1)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["balanced_accuracy", "f1", "log_loss", "ece"])
def test_class_intervals_are_those_of_one_metric_call_for_each_draw(name: str, weighted: bool):
    targets, probabilities = binary(150, 0)
    weights = np.random.default_rng(1).random(150) if weighted else None
    fast = classification_intervals(targets, probabilities, weights, repeats=60)[name]

    def one(truth, given, base):
        return classification_metrics(truth, given, base)[name]

    slow = bootstrap_interval(one, targets, probabilities, weights, repeats=60)
    assert fast == pytest.approx(slow, abs=1e-6)


@pytest.mark.parametrize("classes", [3, 40])
def test_macro_intervals_are_those_of_one_metric_call_for_each_draw(classes: int):
    random = np.random.default_rng(classes)
    targets = random.integers(classes, size=120)
    probabilities = random.dirichlet(np.ones(classes), size=120)
    fast = classification_intervals(targets, probabilities, repeats=40)
    for name in ("f1", "balanced_accuracy"):

        def one(truth, given, base, name=name):
            return getattr(metrics, name)(truth[base > 0], given[base > 0].argmax(axis=1), base[base > 0])

        slow = bootstrap_interval(one, targets, probabilities, repeats=40)
        assert fast[name] == pytest.approx(slow, abs=1e-9)


@pytest.mark.parametrize("columns", [1, 2])
def test_regression_intervals_are_those_of_one_metric_call_for_each_draw(columns: int):
    random = np.random.default_rng(5)
    targets = random.normal(1e4, 1, size=(90, columns))
    predictions = targets + random.normal(size=targets.shape)
    weights = random.random(90)
    fast = regression_intervals(targets, predictions, weights, repeats=50)
    for name in ("rmse", "mae", "r2"):
        slow = bootstrap_interval(getattr(metrics, name), targets, predictions, weights, repeats=50)
        assert fast[name] == pytest.approx(slow, rel=1e-6)


def test_delong_on_a_hand_computed_case():
    """Placement values by definition, over all pairs."""
    targets, probabilities = binary(60, 3)
    scores = probabilities[:, 1]
    ours, others = scores[targets == 1], scores[targets == 0]
    wins = (ours[:, None] > others) + 0.5 * (ours[:, None] == others)
    error = np.sqrt(wins.mean(axis=1).var() / len(ours) + wins.mean(axis=0).var() / len(others))
    area = wins.mean()
    low, high = auc_interval(targets, probabilities)
    logit = np.log(np.array([low, area, high]) / (1 - np.array([low, area, high])))
    assert np.diff(logit) == pytest.approx([1.959964 * error / (area * (1 - area))] * 2)


def test_auc_interval_agrees_with_the_bootstrap_for_more_classes():
    random = np.random.default_rng(2)
    targets = random.integers(3, size=600)
    probabilities = random.dirichlet(np.ones(3), size=600)
    probabilities[np.arange(600), targets] += 0.2
    closed = np.ptp(auc_interval(targets, probabilities))
    drawn = np.ptp(bootstrap_interval(auc, targets, probabilities, repeats=300))
    assert closed == pytest.approx(drawn, rel=0.12)


def test_perfect_scores_do_not_promise_certainty():
    found = classification_intervals([0] * 10 + [1] * 5, [0.1] * 10 + [0.9] * 5)
    assert 0.5 < found["auc"][0] < 0.65 and found["auc"][1] == 1
    assert 0.75 < found["accuracy"][0] < 0.85


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    truth = classification_metrics(*binary(400_000, 99))
    names = ("accuracy", "balanced_accuracy", "f1", "auc", "log_loss")
    held = dict.fromkeys(names, 0)
    for seed in range(150):
        found = classification_intervals(*binary(300, seed), repeats=200)
        for name in names:
            held[name] += found[name][0] <= truth[name] <= found[name][1]
    assert min(held.values()) >= 0.88 * 150, held
    assert max(held.values()) < 150, held


KINDS = {
    "binary": (classification_metrics, classification_intervals),
    "multiclass": (classification_metrics, classification_intervals),
    "multilabel": (multilabel_metrics, multilabel_intervals),
    "regression": (regression_metrics, regression_intervals),
}


@pytest.mark.parametrize("task", KINDS)
def test_the_estimate_lies_inside_and_the_names_are_those_of_the_metrics(task: str):
    random = np.random.default_rng(7)
    estimate, interval = KINDS[task]
    if task == "regression":
        targets, outputs = random.normal(size=70), random.normal(size=70)
    elif task == "multilabel":
        targets, outputs = random.integers(2, size=(70, 3)), random.random((70, 3))
    else:
        classes = 2 if task == "binary" else 5
        targets, outputs = random.integers(classes, size=70), random.dirichlet(np.ones(classes), size=70)
    estimates, intervals = estimate(targets, outputs), interval(targets, outputs, repeats=100)
    assert list(intervals) == list(estimates)
    for name, (low, high) in intervals.items():
        assert low <= estimates[name] + 1e-9 and estimates[name] <= high + 1e-9, name


def test_many_rows_narrow_the_interval_and_cost_no_more():
    small = classification_intervals(*binary(10_000, 1), repeats=200)
    large = classification_intervals(*binary(160_000, 2), repeats=200)
    for name in ("f1", "log_loss", "auc", "balanced_accuracy"):
        assert np.ptp(small[name]) / np.ptp(large[name]) == pytest.approx(4, rel=0.25), name


def test_beyond_ten_thousand_rows_a_sample_is_drawn_from(monkeypatch):
    """What a draw costs stops growing: the counts of each have no more rows than that."""
    counted: list[int] = []
    statistic = intervals_module.class_statistic

    def counting(truth, given, base):
        found = statistic(truth, given, base)
        return lambda counts: counted.append(len(counts)) or found(counts)

    monkeypatch.setattr(intervals_module, "class_statistic", counting)
    classification_intervals(*binary(30_000, 4), repeats=64)
    assert counted == [10_000, 10_000, 30_000]  # two of 32 draws each, and the estimate itself


def test_the_same_seed_gives_the_same_interval():
    targets, probabilities = binary(80, 4)
    first = classification_intervals(targets, probabilities, repeats=50, seed=3)
    assert first == classification_intervals(targets, probabilities, repeats=50, seed=3)
    assert first != classification_intervals(targets, probabilities, repeats=50, seed=4)


@pytest.mark.parametrize(
    ("task", "targets", "outputs"),
    [
        ("regression", np.zeros(0), np.zeros(0)),
        ("binary", np.array([0, 1]), np.array([np.nan, 0.5])),
        ("multilabel", np.zeros((0, 3), int), np.zeros((0, 3))),
    ],
)
def test_nothing_to_measure_gives_nan(task, targets, outputs):
    assert np.isnan(list(KINDS[task][1](targets, outputs).values())).all()


def test_a_single_row():
    assert classification_intervals([1], [0.7])["accuracy"][1] == 1
    found = regression_intervals([1.0], [1.5])
    assert found["mae"] == (0.5, 0.5) and np.isnan(found["r2"]).all()


def test_draws_of_rows_without_weight_do_not_disturb():
    found = classification_intervals([0, 1, 0, 1], [0.2, 0.7, 0.6, 0.9], [1.0, 0, 0, 0])
    assert found["log_loss"] == pytest.approx((-np.log(0.8), -np.log(0.8)))
