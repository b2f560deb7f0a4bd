"""The report of a run: what the trained network, its data and its log say, put together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import storage
from lamina.core.wording import plain
from lamina.data.encoders import TableEncoder
from lamina.network.network import predict_batches
from lamina.objectives import QuantileObjective
from lamina.objectives.metrics import metric_words
from lamina.report.content import ReportContent
from lamina.report.importance import Importance, permutation_importance, table_score
from lamina.runs.folder import RunFolder
from lamina.runs.images import image_content
from lamina.runs.metric import ShownMetric
from lamina.runs.record import Record

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.network import Fitted
    from lamina.network.network import Network

SCORED_ROWS = 2000
Intervals = dict[str, tuple[float, float]]


def intervals_of(network: Network, decoded: np.ndarray, truth: np.ndarray, weights: Any = None) -> Intervals:
    """Return the 95 % interval of each metric that has one.

    Args:
        network: knows the task.
        decoded: its outputs.
        truth: targets in the form of the metrics.
        weights: one weight a row, or None.
    """
    return network.task.intervals(decoded, truth, weights)


def write_report(
    folder: RunFolder,
    fitted: Fitted,
    record: Record,
    *,
    intervals: Intervals,
    table: AbstractTable | None,
    seconds: tuple[float, float],
    importance_seconds: float,
    images: bool = True,
) -> None:
    """Write ``report.html``, and its figures as images of their own.

    Args:
        folder: the run.
        fitted: network, data and what training gave back.
        record: what decided the run.
        intervals: of the metrics of the evaluated rows.
        table: the evaluated rows, for the importance of columns; None where there are none.
        seconds: how long the run took, and how much of it was compiling.
        importance_seconds: how long the importance of columns may take; 0 leaves it out.
        images: write the images beside the page, which has its own.
    """
    from lamina.report import figures_of, render, write_figures

    network = fitted.network
    score, found = "", []
    if table is not None and importance_seconds > 0:
        score, found = column_importance(network, table, seconds=importance_seconds)
    content = report_content(fitted, record, intervals=intervals, seconds=seconds)
    seen = image_content(fitted, table)
    content = dataclasses.replace(content, importance=found, importance_score=score, **seen)
    figures = figures_of(content)
    storage.write_file(folder.report, render(content, figures).encode())
    if images:
        write_figures(figures, folder.figures, write=storage.write_file)


def report_content(
    fitted: Fitted, record: Record, *, intervals: Intervals, seconds: tuple[float, float]
) -> ReportContent:
    """Return what the report says, the importance of columns left out.

    Args:
        fitted: network, data and what training gave back.
        record: what decided the run.
        intervals: of the metrics of the evaluated rows.
        seconds: how long the run took, and how much of it was compiling.
    """
    network, prepared = fitted.network, fitted.prepared
    metric, info = ShownMetric.of(prepared), network.info
    targets = ", ".join(network.schema.targets[:3]) + (" …" if len(network.schema.targets) > 3 else "")
    return ReportContent(
        title=f"{targets} from {source_name(prepared.table.source)}",
        task=network.task.kind,
        model_name=network.model_name,
        model_reason=prepared.choice.reason,
        parameters=network.parameters,
        device=info["device"],
        seed=info["seed"],
        seconds=seconds[0],
        compile_seconds=seconds[1],
        history=_history(fitted, metric),
        metric_name=metric.name,
        best_epoch=info["best_epoch"] or None,
        metrics_valid=info["valid"] or {},
        metrics_test=info["test"],
        intervals=intervals,
        labels=network.labels,
        findings=[dataclasses.asdict(finding) for finding in prepared.audit.findings],
        rows=info["rows"],
        columns=_columns(network),
        trials=info.get("trials", ()),
        config=record.config,
        command=record.command,
        versions=record.versions,
        **_answers(fitted),
    )


def source_name(source: str) -> str:
    """Return the name of a source without its folders.

    Example:
        >>> source_name("data/wine.csv"), source_name("<stdin>")
        ('wine.csv', 'standard input')
    """
    words = {"<stdin>": "standard input", "<frame>": "a data frame", "<arrays>": "arrays"}
    return words.get(source) or plain(source.replace("\\", "/").rpartition("/")[2], 60)


def _history(fitted: Fitted, metric: ShownMetric) -> dict[str, Any]:
    history = fitted.network.history
    values = metric.history(history)
    return {**history, **({"valid_metric": values} if values else {})}


def _columns(network: Network) -> list[dict[str, Any]]:
    schema = network.schema
    columns = [{"name": name, "kind": "target", "note": ""} for name in schema.targets]
    columns += [{"name": c.name, "kind": c.kind, "note": c.detail} for c in schema.inputs]
    return columns + [{"name": name, "kind": "dropped", "note": why} for name, why in schema.dropped]


def _answers(fitted: Fitted) -> dict[str, Any]:
    """Return truth and answers on the evaluated rows, in the form the report takes."""
    part, network = fitted.test or fitted.valid, fitted.network
    if part is None:
        return {}
    decoded, truth = part
    if network.task.kind == "regression":
        found = {"targets": _flat(truth), "predictions": _flat(network.task.point(decoded))}
        return found | _bounds(network, decoded)
    chosen = (decoded > 0.5).astype(int) if network.task.kind == "multilabel" else decoded.argmax(-1)
    return {"targets": truth, "predictions": chosen, "probabilities": decoded}


def _bounds(network: Network, decoded: np.ndarray) -> dict[str, Any]:
    if not isinstance(network.task, QuantileObjective) or len(network.task.quantiles) < 3:
        return {}
    levels = network.task.quantiles
    bounds = (_flat(decoded[..., 0]), _flat(decoded[..., -1]))
    return {"bounds": bounds, "bounds_level": levels[-1] - levels[0]}


def _flat(values: np.ndarray) -> np.ndarray:
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def column_importance(
    network: Network, table: AbstractTable, *, seconds: float
) -> tuple[str, list[Importance]]:
    """Return the score's name and how far it gets worse when a column is shuffled.

    Args:
        network: the trained network.
        table: labeled rows; a sample of 2,000 is scored.
        seconds: no measurement begins later than this.
    """
    if table.height > SCORED_ROWS:
        drawn = np.random.default_rng(0).choice(table.height, SCORED_ROWS, replace=False)
        table = table.take(np.sort(drawn))
    if not isinstance(network.encoder, TableEncoder):
        return "", []
    truth, weights = network.truth(table)
    x = network.encoder.transform(table)
    name, measure = network.task.score

    def score(batch: dict[str, np.ndarray], rows: np.ndarray) -> float:
        decoded = network.in_target_unit(predict_batches(network.task, network.model, batch))
        return measure(truth[rows], network.task.point(decoded), None if weights is None else weights[rows])

    found = permutation_importance(
        table_score(network.encoder, x, score),
        [column.name for column in network.schema.inputs],
        rows=table.height,
        higher_is_better=metric_words(name).higher_is_better,
        most_rows=SCORED_ROWS,
        seconds=seconds,
    )
    return name, found
