"""Everything a report says, as plain values: no network, no table, no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]


@dataclass(frozen=True)
class ReportContent:
    """The content of a report; what is left out of it is left out of the page.

    Targets, predictions, probabilities and bounds belong to the evaluated rows: the test
    rows if there are test metrics, else the validation rows.

    Args:
        title: what was learned from what, such as "income from adult.csv".
        task: "binary", "multiclass", "multilabel" or "regression".
        model_name: the model, such as "mlp".
        model_reason: why this model, one sentence.
        parameters: how many numbers were learned.
        device: where it was trained.
        seed: the seed of the run.
        seconds: how long the run took, compilation included.
        compile_seconds: how much of that was compilation.
        history: one list a name (epoch, train_loss, valid_loss, valid_metric, lr, seconds), of equal length.
        metric_name: what valid_metric holds.
        best_epoch: the epoch whose weights were kept.
        metrics_valid: metrics on the validation rows.
        metrics_test: metrics on the test rows, or None if there are none.
        intervals: 95 % confidence interval of each metric on the evaluated rows.
        labels: class or label names as given; for regression the target columns.
        targets: class indices, 0/1 by label, or true values.
        predictions: in the same form as the targets.
        probabilities: one column a class (or label), or None.
        bounds: lower and upper ends of predicted intervals, or None.
        bounds_level: how often the bounds are meant to hold, 0 to 1.
        unit: unit of a regression target, such as "USD".
        importance: (column, mean loss of the score, standard deviation over repeats), any order.
        importance_score: what was lost, such as "accuracy".
        samples: training images (y, x, c) of 0 to 255 with their captions, for images.
        mistakes: evaluated images of which the network was surest and wrong, with captions.
        filters: kernels of the first convolution (n, y, x, c), or None.
        findings: the audit's, each with level, code, message, where and fix.
        rows: row counts by split, such as ``{"train": 800, "valid": 200}``.
        columns: each with name, kind ("dropped" and "target" are known words) and note.
        trials: what was tried, any keys alike in each; ``chosen`` marks the one kept.
        config: every key of the configuration, resolved.
        command: what to type to get the same again.
        versions: package versions by name.
        limits: sentences to add to the limits that the page states by itself.
    """

    title: str
    task: str
    model_name: str
    model_reason: str = ""
    parameters: int = 0
    device: str = ""
    seed: int = 0
    seconds: float = 0.0
    compile_seconds: float = 0.0
    history: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    metric_name: str = ""
    best_epoch: int | None = None
    metrics_valid: Mapping[str, float] = field(default_factory=dict)
    metrics_test: Mapping[str, float] | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    labels: Sequence[Any] = ()
    targets: NDArray | None = None
    predictions: NDArray | None = None
    probabilities: NDArray | None = None
    bounds: tuple[NDArray, NDArray] | None = None
    bounds_level: float = 0.9
    unit: str = ""
    importance: Sequence[tuple[str, float, float]] = ()
    importance_score: str = ""
    samples: Sequence[tuple[NDArray, str]] = ()
    mistakes: Sequence[tuple[NDArray, str]] = ()
    filters: NDArray | None = None
    findings: Sequence[Mapping[str, Any]] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    columns: Sequence[Mapping[str, Any]] = ()
    trials: Sequence[Mapping[str, Any]] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    limits: Sequence[str] = ()

    @property
    def split(self) -> str:
        """The evaluated split in words: "test" or "validation"."""
        return "validation" if self.metrics_test is None else "test"

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics of the evaluated split."""
        return self.metrics_valid if self.metrics_test is None else self.metrics_test

    @property
    def evaluated(self) -> int:
        """How many rows targets and predictions have."""
        if self.targets is None or self.predictions is None:
            return 0
        return min(len(self.targets), len(self.predictions))

    @property
    def has_classes(self) -> bool:
        """Whether a row has one class out of several."""
        return self.task in ("binary", "multiclass")

    def column_pair(self, index: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return targets and predictions of one regression target, rows that are not finite left out.

        Args:
            index: which target, from 0.
        """
        truth, guess = (
            np.asarray(values, np.float64).reshape(self.evaluated, -1)[:, index]
            for values in (self.targets, self.predictions)
        )
        good = np.isfinite(truth) & np.isfinite(guess)
        return truth[good], guess[good]
