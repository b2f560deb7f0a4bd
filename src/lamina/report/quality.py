"""The section of the page on how good the network is: metrics, confusions, calibration, errors."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lamina.core.wording import count, plain
from lamina.objectives.metrics import metric_number, metric_words
from lamina.objectives.metrics.classification import class_sums
from lamina.report.content import ReportContent
from lamina.report.figures.classes import MOST_CONFUSIONS, class_labels
from lamina.report.markup import figure, paragraph, section, table, text
from lamina.report.summary import interval_words

MOST_CLASSES = 16


def quality(content: ReportContent, drawings: Mapping[str, str]) -> str:
    """Return the section of metrics, confusions, calibration and errors.

    Args:
        content: what the report is about.
        drawings: the figures by name.
    """
    hidden = content.has_classes and len(class_labels(content)) > MOST_CLASSES if content.evaluated else False
    confusions = f"The {MOST_CONFUSIONS} most frequent ones." if hidden else ""
    return section(
        "How good it is",
        _metric_table(content),
        figure(drawings.get("confusion"), confusions),
        _class_table(content),
        figure(
            drawings.get("calibration"),
            "Points on the dashed line keep their word. Bars are 95% intervals; below, how often each "
            "probability was stated.",
        ),
        figure(drawings.get("predicted_against_true"), _sampled(content)),
        figure(drawings.get("residuals"), "At the right the most extreme 1% of the errors is left out."),
        figure(drawings.get("predicted_intervals")),
    )


def _sampled(content: ReportContent) -> str:
    return "A random sample of 1,000 rows." if content.evaluated > 1000 else ""


def _metric_table(content: ReportContent) -> str:
    with_test = content.metrics_test is not None
    heads = ["metric", "validation", *(["test"] if with_test else [])]
    with_intervals = any(interval_words(content, name) for name in content.metrics)
    heads += [f"95% interval ({content.split})"] if with_intervals else []
    names = dict.fromkeys([*content.metrics, *content.metrics_valid])
    rows = []
    for name in names:
        words, interval = metric_words(name), content.intervals.get(name)
        better = "" if not words.meaning else " ↑" if words.higher_is_better else " ↓"
        values = [content.metrics_valid.get(name, math.nan)]
        values += [content.metrics_test.get(name, math.nan)] if content.metrics_test is not None else []
        row = [f'{text(words.title + better)}<span class="note">{text(words.meaning)}</span>']
        row += [text(metric_number(float(value), interval)) for value in values]
        rows.append(row + ([text(interval_words(content, name) or "–")] if with_intervals else []))
    note = paragraph("↑ higher is better, ↓ lower is better.", "note") if rows else ""
    return table(heads, rows, numeric=range(1, len(heads)), kind="metrics") + note


def _class_table(content: ReportContent) -> str:
    if content.task == "regression" or not content.evaluated:
        return ""
    noun = "label" if content.task == "multilabel" else "class"
    labels, support, predicted, hits = _class_counts(content)
    with np.errstate(invalid="ignore"):  # a class that nobody has, or that is never predicted
        recall, precision, balance = hits / support, hits / predicted, 2 * hits / (support + predicted)
    order = np.arange(len(labels))
    if len(labels) > MOST_CLASSES:
        order = np.argsort(np.nan_to_num(balance, nan=2.0), kind="stable")[:MOST_CLASSES]
    rows = [
        [text(plain(labels[i], 80)), count(support[i]), *map(_ratio, (recall[i], precision[i], balance[i]))]
        for i in order
    ]
    shown = table([noun, "rows", "recall", "precision", "F1"], rows, numeric=range(1, 5), kind="classes")
    note = (
        f"Recall: of the rows of this {noun}, how many were found. "
        f"Precision: of the rows given this {noun}, how many belong to it."
    )
    if len(labels) > MOST_CLASSES:
        several = "labels" if noun == "label" else "classes"
        note = f"The {MOST_CLASSES} weakest of {count(len(labels))} {several}. {note}"
    return shown + paragraph(note, "note")


def _class_counts(content: ReportContent) -> tuple[list[str], NDArray, NDArray, NDArray]:
    """Return names and, for each class or label, its rows, its predictions and its hits."""
    if content.task == "multilabel":
        truth, guess = (np.asarray(v).astype(bool) for v in (content.targets, content.predictions))
        names = [
            plain(content.labels[i]) if i < len(content.labels) else f"label {i}"
            for i in range(truth.shape[1])
        ]
        return names, truth.sum(axis=0), guess.sum(axis=0), (truth & guess).sum(axis=0)
    names = class_labels(content)
    sums = class_sums(content.targets, content.predictions, classes=max(2, len(names)))  # type: ignore[arg-type]
    support, predicted, hits = (values[: len(names)] for values in sums)
    return names, support, predicted, hits


def _ratio(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"
