"""Outcomes to report on: small, and the same each time."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from lamina.data import read
from lamina.data.schema import Schema
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import (
    classification_intervals,
    classification_metrics,
    multilabel_metrics,
    regression_intervals,
    regression_metrics,
)

HOSTILE = '<script>alert("x")</script>\'& $x_{$ \x00 \ud800 \u202e {0} %s \\ 日本語 😀'


def outcome(**changes: Any) -> Outcome:
    """What a run has come to that measured nothing."""
    nothing = Outcome(
        schema=Schema((), (), ("y",), ""),
        evaluated="validation",
        table=None,
        training=read({"a": [1.0, 2.0]}),
        decoded=None,
        targets=None,
        weights=None,
        metrics={},
        valid_metrics={},
        intervals={},
        history={},
        labels=(),
        seed=0,
        keys={},
        model=None,
        transform=lambda table: {},
        measured=lambda table: np.zeros(table.height),
        outputs=lambda arrays: np.zeros(0),
    )
    return dataclasses.replace(nothing, **changes)


def classes(number: int, rows: int = 200) -> Outcome:
    """A network that is right about two times in three."""
    random = np.random.default_rng(number)
    targets = np.arange(rows) % number
    scores = random.normal(size=(rows, number))
    scores[np.arange(rows), targets] += 2.0
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    metrics = classification_metrics(targets, probabilities)
    return outcome(
        evaluated="test",
        decoded=probabilities,
        targets=targets,
        metrics=metrics,
        valid_metrics=metrics,
        intervals=classification_intervals(targets, probabilities, repeats=20),
        labels=[f"class number {i}" for i in range(number)],
    )


def labels() -> Outcome:
    """A network that guesses three labels."""
    random = np.random.default_rng(0)
    targets, probabilities = random.integers(2, size=(60, 3)), random.random((60, 3))
    metrics = multilabel_metrics(targets, probabilities)
    names = ["wet", "cold", "dark"]
    return outcome(
        decoded=probabilities, targets=targets, metrics=metrics, valid_metrics=metrics, labels=names
    )


QUANTILES = (0.05, 0.5, 0.95)


def numbers() -> Outcome:
    """A network that predicts prices with a tenth of their spread as error, and quantiles beside."""
    random = np.random.default_rng(0)
    targets = random.normal(size=(1200, 1)) * 10 + 50
    point = targets + random.normal(size=(1200, 1))
    metrics = regression_metrics(targets, point)
    return outcome(
        evaluated="test",
        decoded=np.stack([point - 1.6, point, point + 1.6], axis=-1),
        targets=targets,
        metrics=metrics,
        valid_metrics=metrics,
        intervals=regression_intervals(targets, point, repeats=20),
        labels=["price"],
    )
