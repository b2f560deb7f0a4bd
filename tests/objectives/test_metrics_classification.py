"""Metrics of classes against scikit-learn, ties, weights and missing classes included."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve as reference_curve

from lamina.core.errors import ShapeError
from lamina.objectives.metrics import (
    accuracy,
    auc,
    balanced_accuracy,
    calibration_curve,
    classification_metrics,
    confusion_matrix,
    ece,
    f1,
    log_loss,
    multilabel_metrics,
)

CASES = [(rows, classes, weighted) for rows in (40, 400) for classes in (2, 5) for weighted in (False, True)]


def sample(rows: int, classes: int, weighted: bool = False, digits: int = 2):
    """Targets, rounded (tied) probabilities that know something, and weights with zeros in them."""
    random = np.random.default_rng(rows + classes)
    targets = random.integers(classes, size=rows)
    probabilities = random.dirichlet(np.ones(classes), size=rows)
    probabilities[np.arange(rows), targets] += 0.3
    probabilities = np.round(probabilities / probabilities.sum(axis=1, keepdims=True), digits)
    weights = random.integers(0, 4, size=rows).astype(float) if weighted else None
    return targets, probabilities / probabilities.sum(axis=1, keepdims=True), weights


@pytest.mark.parametrize(("rows", "classes", "weighted"), CASES)
def test_as_scikit_learn(rows: int, classes: int, weighted: bool):
    targets, probabilities, weights = sample(rows, classes, weighted)
    found = classification_metrics(targets, probabilities, weights)
    guess = probabilities.argmax(axis=1)
    scores = probabilities[:, 1] if classes == 2 else probabilities
    keys = {"sample_weight": weights}
    average = "binary" if classes == 2 else "macro"
    expected = {
        "accuracy": reference.accuracy_score(targets, guess, **keys),
        "balanced_accuracy": reference.balanced_accuracy_score(targets, guess, **keys),
        "f1": reference.f1_score(targets, guess, average=average, **keys),
        "log_loss": reference.log_loss(targets, probabilities, **keys),
    }
    if classes == 2:
        expected["auc"] = reference.roc_auc_score(targets, scores, **keys)
    else:
        each = [reference.roc_auc_score(targets == i, probabilities[:, i], **keys) for i in range(classes)]
        expected["auc"] = np.mean(each)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def test_multiclass_auc_is_the_one_against_the_rest_of_scikit_learn():
    targets, probabilities, _ = sample(300, 4)
    expected = reference.roc_auc_score(targets, probabilities, multi_class="ovr")
    assert auc(targets, probabilities) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_confusion_matrix(weighted: bool):
    targets, probabilities, weights = sample(200, 4, weighted)
    guess = probabilities.argmax(axis=1)
    expected = reference.confusion_matrix(targets, guess, sample_weight=weights)
    np.testing.assert_allclose(confusion_matrix(targets, guess, weights), expected)
    assert confusion_matrix(targets, guess, classes=7).shape == (7, 7)


def test_a_class_that_is_missing_from_the_targets():
    targets, probabilities, _ = sample(200, 4)
    probabilities, targets = probabilities[targets != 2], targets[targets != 2]
    guess = probabilities.argmax(axis=1)
    found = classification_metrics(targets, probabilities)
    recalls = reference.recall_score(targets, guess, labels=[0, 1, 3], average=None)
    assert found["balanced_accuracy"] == pytest.approx(recalls.mean())
    assert found["f1"] == pytest.approx(reference.f1_score(targets, guess, average="macro"))
    each = [reference.roc_auc_score(targets == i, probabilities[:, i]) for i in (0, 1, 3)]
    assert found["auc"] == pytest.approx(np.mean(each))
    assert found["log_loss"] == pytest.approx(reference.log_loss(targets, probabilities, labels=range(4)))


def test_one_class_only():
    found = classification_metrics([1, 1, 1], [[0.2, 0.8], [0.6, 0.4], [0.1, 0.9]])
    assert np.isnan(found["auc"])
    assert found["accuracy"] == found["balanced_accuracy"] == pytest.approx(2 / 3)
    assert f1([0, 0], [0, 0]) == reference.f1_score([0, 0], [0, 0], zero_division=0) == 0.0


def test_all_scores_tied_is_chance():
    assert auc([0, 1, 1, 0], [0.5] * 4) == 0.5


def test_weights_are_repetitions():
    targets, probabilities, weights = sample(120, 3, weighted=True)
    times = weights.astype(int)
    repeated = classification_metrics(np.repeat(targets, times), np.repeat(probabilities, times, axis=0))
    assert classification_metrics(targets, probabilities, weights) == pytest.approx(repeated, abs=1e-12)


def test_a_single_column_is_the_second_class():
    targets, probabilities, _ = sample(100, 2)
    expected = classification_metrics(targets, probabilities)
    assert classification_metrics(targets, probabilities[:, 1]) == pytest.approx(expected)
    assert classification_metrics(targets, probabilities[:, 1:]) == pytest.approx(expected)


def test_log_loss_of_a_certain_mistake_is_finite_in_float32():
    found = log_loss([0], np.array([[0.0, 1.0]], np.float32))
    assert found == pytest.approx(-np.log(np.finfo(np.float32).eps))


def test_ece_against_a_plain_loop():
    targets, probabilities, weights = sample(500, 3, weighted=True, digits=6)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    total = 0.0
    for i in range(15):
        inside = (confidence > i / 15) & (confidence <= (i + 1) / 15)
        if weights[inside].sum():
            gap = np.average(right[inside], weights=weights[inside])
            gap -= np.average(confidence[inside], weights=weights[inside])
            total += weights[inside].sum() * abs(gap)
    assert ece(targets, probabilities, weights) == pytest.approx(total / weights.sum(), abs=1e-12)


def test_calibration_curve_leaves_empty_bins_out():
    random = np.random.default_rng(0)
    stated = np.concatenate([[0.0, 1.0], random.beta(0.5, 8, size=300)])
    happened = random.random(302) < stated
    curve = calibration_curve(happened, stated, bins=10)
    observed, expected = reference_curve(happened, stated, n_bins=10)
    assert len(observed) < 10
    np.testing.assert_allclose(curve.observed, observed)
    np.testing.assert_allclose(curve.stated, expected)
    assert curve.weight.sum() == 302


def test_no_rows_and_not_finite_give_nan():
    for targets, probabilities in [([], np.zeros((0, 3))), ([0, 1], [[0.5, 0.5], [np.nan, 0.5]])]:
        assert all(np.isnan(v) for v in classification_metrics(targets, probabilities).values())
    assert np.isnan(accuracy([], []))
    assert np.isnan(balanced_accuracy([0, 1], [0, 1], [0.0, 0.0]))


def test_multilabel_as_scikit_learn():
    random = np.random.default_rng(3)
    targets = random.integers(2, size=(200, 4))
    probabilities = np.clip(targets * 0.2 + random.random((200, 4)) * 0.8, 0, 1)
    found = multilabel_metrics(targets, probabilities)
    guess = (probabilities > 0.5).astype(int)
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(targets, guess))
    assert found["f1"] == pytest.approx(reference.f1_score(targets, guess, average="macro"))
    assert found["auc"] == pytest.approx(reference.roc_auc_score(targets, probabilities))


def test_multilabel_with_a_label_nobody_has():
    targets, probabilities = np.array([[0, 1], [0, 0]]), np.array([[0.1, 0.9], [0.2, 0.3]])
    assert multilabel_metrics(targets, probabilities)["auc"] == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: accuracy([0, 1], [0]), "2 rows of outputs, got 1"),
        (lambda: accuracy([0, 1], [0, 1], [1.0]), "2 weights, got 1"),
        (lambda: log_loss([0, 2], [[0.5, 0.5]] * 2), "expected 0 to 1, got 0 to 2"),
        (lambda: accuracy([-1], [0]), "out of range"),
    ],
)
def test_what_does_not_fit_is_refused(call, message: str):
    with pytest.raises(ShapeError, match=message):
        call()
