"""Contents to report on: small, and the same each time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lamina.objectives.metrics import (
    classification_intervals,
    classification_metrics,
    regression_intervals,
    regression_metrics,
)
from lamina.report import ReportContent


def class_content(classes: int, rows: int = 200) -> ReportContent:
    """A report on a network that is right about two times in three."""
    random = np.random.default_rng(classes)
    targets = np.arange(rows) % classes
    scores = random.normal(size=(rows, classes))
    scores[np.arange(rows), targets] += 2.0
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    task = "binary" if classes == 2 else "multiclass"
    return ReportContent(
        title="income from adult.csv",
        task=task,
        model_name="mlp",
        model_reason="the strongest family on tables of this size",
        parameters=66440,
        device="cpu",
        seed=7,
        seconds=75.2,
        compile_seconds=3.1,
        history={
            "epoch": [1, 2, 3],
            "train_loss": [0.9, 0.6, 0.5],
            "valid_loss": [0.8, 0.6, 0.65],
            "valid_metric": [0.7, 0.9, 0.85],
        },
        metric_name="auc",
        best_epoch=2,
        metrics_valid=classification_metrics(targets, probabilities),
        metrics_test=classification_metrics(targets, probabilities),
        intervals=classification_intervals(targets, probabilities, repeats=20),
        labels=[f"class number {i}" for i in range(classes)],
        targets=targets,
        predictions=probabilities.argmax(axis=1),
        probabilities=probabilities,
        importance=[("age", 0.02, 0.001), ("hours", 0.05, 0.002)],
        importance_score="auc",
        findings=[{"level": "warning", "code": "id", "message": "looks like an id", "where": "adult.csv"}],
        rows={"train": 600, "valid": 200, "test": 200},
        columns=[
            {"name": "age", "kind": "numeric", "note": ""},
            {"name": "hours", "kind": "numeric", "note": "1% missing"},
            {"name": "row_id", "kind": "dropped", "note": "an identifier"},
            {"name": "income", "kind": "target", "note": ""},
        ],
        trials=[{"model": "linear", "auc": 0.8}, {"model": "mlp", "auc": 0.91, "chosen": True}],
        config={"epochs": 3, "early_stopping": True},
        command="lamina fit adult.csv --target income",
        versions={"lamina": "0.1.0", "jax": "0.10.2"},
    )


@pytest.fixture
def binary() -> ReportContent:
    return class_content(2)


@pytest.fixture
def multiclass() -> ReportContent:
    return class_content(5)


@pytest.fixture
def many_classes() -> ReportContent:
    return class_content(77, rows=400)


@pytest.fixture
def thousand_classes() -> ReportContent:
    return class_content(1000, rows=1500)


@pytest.fixture
def regression() -> ReportContent:
    random = np.random.default_rng(0)
    targets = random.normal(size=1200) * 10 + 50
    predictions = targets + random.normal(size=1200)
    return dataclasses.replace(
        class_content(2),
        task="regression",
        labels=["price"],
        unit="USD",
        targets=targets,
        predictions=predictions,
        probabilities=None,
        bounds=(predictions - 1.6, predictions + 1.6),
        metrics_valid=regression_metrics(targets, predictions),
        metrics_test=regression_metrics(targets, predictions),
        intervals=regression_intervals(targets, predictions, repeats=20),
        metric_name="rmse",
        importance_score="rmse",
    )


@pytest.fixture
def multilabel() -> ReportContent:
    random = np.random.default_rng(0)
    targets = random.integers(2, size=(60, 3))
    probabilities = random.random((60, 3))
    return dataclasses.replace(
        class_content(2),
        task="multilabel",
        labels=["wet", "cold", "dark"],
        targets=targets,
        predictions=(probabilities > 0.5).astype(int),
        probabilities=probabilities,
    )


@pytest.fixture
def empty() -> ReportContent:
    return ReportContent(title="nothing yet", task="binary", model_name="mlp")
