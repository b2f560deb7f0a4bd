"""Metrics on plain NumPy arrays: one number from targets, outputs and row weights.

Class targets are integer indices (0, 1, ...), probabilities one column a class. Every
metric takes ``weights=None`` (one non-negative number a row), gives a Python float, and
gives NaN where it is not defined (no rows, one class only, outputs that are not finite).

Example:
    >>> import numpy as np
    >>> auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
"""

from lamina.objectives.metrics.by_task import classification_metrics, multilabel_metrics, regression_metrics
from lamina.objectives.metrics.calibration import CalibrationCurve, calibration_curve, ece
from lamina.objectives.metrics.classification import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    f1,
    log_loss,
)
from lamina.objectives.metrics.intervals import (
    bootstrap_interval,
    classification_intervals,
    multilabel_intervals,
    regression_intervals,
)
from lamina.objectives.metrics.ranking import auc, auc_interval, average_precision
from lamina.objectives.metrics.regression import interval_coverage, mae, pinball, r2, rmse
from lamina.objectives.metrics.words import MetricWords, metric_number, metric_words

__all__ = [
    "CalibrationCurve",
    "MetricWords",
    "accuracy",
    "auc",
    "auc_interval",
    "average_precision",
    "balanced_accuracy",
    "bootstrap_interval",
    "calibration_curve",
    "classification_intervals",
    "classification_metrics",
    "confusion_matrix",
    "ece",
    "f1",
    "interval_coverage",
    "log_loss",
    "mae",
    "metric_number",
    "metric_words",
    "multilabel_intervals",
    "multilabel_metrics",
    "pinball",
    "r2",
    "regression_intervals",
    "regression_metrics",
    "rmse",
]
