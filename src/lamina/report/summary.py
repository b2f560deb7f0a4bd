"""The first lines of a report: how good the network is, in sentences that are true."""

from __future__ import annotations

import math

import numpy as np

from lamina.core.wording import counted, duration, plain, short_number
from lamina.objectives.metrics import mae, metric_number, metric_words
from lamina.report.content import ReportContent
from lamina.report.wording import share

# (metric, whether it reads better as a percentage) in the order in which they head the page
LEADING = {
    "regression": (("r2", False), ("mae", False)),
    "multilabel": (("f1", False), ("auc", False)),
}
LEADING_CLASSES = (("accuracy", True), ("auc", False))

TASKS = {
    "binary": "which of two classes a row belongs to",
    "multiclass": "which class a row belongs to",
    "multilabel": "which labels a row carries",
    "regression": "a number",
}


def headline(content: ReportContent) -> str:
    """Return what was measured, against the simplest answer one could give instead.

    Args:
        content: of which targets and metrics are used.

    Returns:
        Two to four sentences; a note that nothing was measured where there is nothing.
    """
    if not content.metrics:
        return "Nothing was measured: the run ended before its first validation."
    rows = counted(content.evaluated, "row") if content.evaluated else "rows"
    where = f"On {rows} {'of the test set' if content.split == 'test' else 'held out for validation'}"
    if content.task == "regression":
        return _regression(content, where)
    if content.task == "multilabel":
        return f"{where}, the network gets every label right for {_share(content, 'accuracy')} of the rows."
    return _classes(content, where)


def _classes(content: ReportContent, where: str) -> str:
    value = content.metrics.get("accuracy", math.nan)
    if not math.isfinite(value):
        return f"{where}, the accuracy is not defined."
    said = f"{where}, the network names the right class for {_share(content, 'accuracy')} of the rows."
    if not content.evaluated:
        return said
    counts = np.bincount(np.asarray(content.targets).ravel().astype(np.intp))
    common = int(counts.argmax())
    simple = float(counts[common] / counts.sum())
    name = plain(content.labels[common], 40) if common < len(content.labels) else f"class {common}"
    said += f" Always answering “{name}”, the most common class, would be right for {share(simple)}."
    if content.intervals.get("accuracy", (value, value))[0] <= simple:
        said += (
            " By accuracy the network is not clearly better than that simple answer: "
            "look at balanced accuracy and AUC before relying on it."
        )
    return said


def _regression(content: ReportContent, where: str) -> str:
    value = content.metrics.get("mae", math.nan)
    if not math.isfinite(value):
        return f"{where}, the error is not defined: a prediction is missing or infinite."
    unit = f"{' ×' if content.unit[:1].isdigit() else ''} {content.unit}" if content.unit else ""
    said = f"{where}, predictions are off by {_number(content, 'mae')}{unit} on average"
    explained = content.metrics.get("r2", math.nan)
    if math.isfinite(explained) and explained > 0:
        said += f" and explain {share(explained, content.intervals.get('r2'))} of the variation"
    said += "."
    several = content.evaluated and np.asarray(content.targets).size != content.evaluated
    if not content.evaluated or several:
        return said
    truth = np.asarray(content.targets, np.float64).ravel()
    simple = mae(truth, np.full_like(truth, np.median(truth)))
    off = metric_number(simple, content.intervals.get("mae"))
    said += f" Always answering the median would be off by {off}{unit}."
    if content.intervals.get("mae", (value, value))[1] >= simple:
        said += " The network is not clearly better than that simple answer: do not rely on it yet."
    return said


def tiles(content: ReportContent) -> list[tuple[str, str, str]]:
    """Return the key figures as (name, value, note), at most five.

    Args:
        content: of which metrics, rows and times are used.
    """
    found = []
    for name, percent in LEADING.get(content.task, LEADING_CLASSES):
        if name in content.metrics:
            value = _share(content, name) if percent else _number(content, name)
            found.append((metric_words(name).title, value, interval_words(content, name, percent=percent)))
    if content.evaluated:
        found.append(("Measured on", f"{content.evaluated:,}", f"{content.split} rows"))
    found.append(("Size", short_number(content.parameters), "parameters"))
    found.append(("Trained in", duration(content.seconds), content.device))
    return found


def interval_words(content: ReportContent, name: str, *, percent: bool = False) -> str:
    """Return a metric's confidence interval as "low to high", or nothing where there is none.

    Args:
        content: of which the intervals are used.
        name: the metric.
        percent: whether to write percentages.
    """
    interval = content.intervals.get(name)
    if interval is None or not all(math.isfinite(end) for end in interval):
        return ""
    shown = share if percent else metric_number
    return f"{shown(interval[0], interval)} to {shown(interval[1], interval)}"


def _share(content: ReportContent, name: str) -> str:
    return share(content.metrics.get(name, math.nan), content.intervals.get(name))


def _number(content: ReportContent, name: str) -> str:
    return metric_number(content.metrics.get(name, math.nan), content.intervals.get(name))
