"""The report of a run: what the trained network, its data and its log say, put together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from lamina.core import storage
from lamina.core.page import Section
from lamina.core.wording import plain
from lamina.data.encoders import ImageEncoder, TableEncoder
from lamina.modalities.base import Outcome
from lamina.objectives import QuantileObjective
from lamina.objectives.metrics import metric_words
from lamina.report.facts import RunFacts
from lamina.runs.folder import RunFolder
from lamina.runs.metric import ShownMetric
from lamina.runs.outcome import Intervals, outcome_of
from lamina.runs.record import Record, command_again

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.network import Fitted
    from lamina.network.network import Network

SUMMARIES = {
    "binary": "which of two classes a row belongs to",
    "multiclass": "which class a row belongs to",
    "multilabel": "which labels a row carries",
    "regression": "a number",
}


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
        table: the evaluated rows; None where there are none.
        seconds: how long the run took, and how much of it was compiling.
        importance_seconds: how long costly sections may take; 0 leaves them out.
        images: write the images beside the page, which has its own.
    """
    from lamina.report import complete, figures_of, page, write_figures

    network = fitted.network
    outcome = outcome_of(fitted, intervals, table, importance_seconds)
    facts = run_facts(fitted, record, outcome, seconds)
    sections = complete(facts, [*_of_predictions(network, outcome), *_of_inputs(network, outcome)])
    figures = figures_of(sections)
    version = record.versions.get("lamina", "")
    written = page(_title(network), _under(network), sections, version=version, figures=figures)
    storage.write_file(folder.report, written.encode())
    if images:
        write_figures(figures, folder.figures, write=storage.write_file)


def _title(network: Network) -> str:
    targets = network.schema.targets
    names = ", ".join(targets[:3]) + (" …" if len(targets) > 3 else "")
    return f"{names} from {source_name(network.info['source'])}"


def _under(network: Network) -> str:
    targets = network.schema.targets
    named = f" {plain(targets[0], 60)}:" if len(targets) == 1 else ""
    name = plain(network.model_name, 60)
    return f"A neural network ({name}) that predicts{named} {SUMMARIES[network.task.kind]}."


def _of_predictions(network: Network, outcome: Outcome) -> list[Section]:
    """Return the sections of the task."""
    from lamina.tasks.prediction.sections import class_sections, label_sections, number_sections

    if network.task.kind == "regression":
        levels = network.task.quantiles if isinstance(network.task, QuantileObjective) else ()
        return number_sections(outcome, levels)
    return (label_sections if network.task.kind == "multilabel" else class_sections)(outcome)


def _of_inputs(network: Network, outcome: Outcome) -> list[Section]:
    """Return the sections of the modality."""
    from lamina.modalities.image.sections import image_sections
    from lamina.modalities.table.sections import column_sections

    if isinstance(network.encoder, ImageEncoder):
        return image_sections(outcome)
    if isinstance(network.encoder, TableEncoder):
        return column_sections(outcome, [column.name for column in network.schema.inputs], network.encoder)
    return []


def run_facts(fitted: Fitted, record: Record, outcome: Outcome, seconds: tuple[float, float]) -> RunFacts:
    """Return what is known of the run beside its predictions.

    Args:
        fitted: network, data and what training gave back.
        record: what decided the run.
        outcome: of which the evaluated rows are used.
        seconds: how long the run took, and how much of it was compiling.
    """
    network, prepared, info = fitted.network, fitted.prepared, fitted.network.info
    metric = ShownMetric.of(prepared)
    watched = metric.history(network.history)
    schema = network.schema
    columns = [{"name": name, "kind": "target", "note": ""} for name in schema.targets]
    columns += [{"name": c.name, "kind": c.kind, "note": c.detail} for c in schema.inputs]
    columns += [{"name": name, "kind": "dropped", "note": why} for name, why in schema.dropped]
    return RunFacts(
        model=network.model_name,
        reason=prepared.choice.reason,
        parameters=network.parameters,
        device=info["device"],
        seed=info["seed"],
        seconds=seconds[0],
        compile_seconds=seconds[1],
        evaluated=outcome.evaluated,
        evaluated_rows=outcome.count,
        history=network.history,
        watched=(metric_words(metric.name).title, watched) if watched else None,
        best_epoch=info["best_epoch"] or None,
        rows=info["rows"],
        columns=columns,
        findings=[dataclasses.asdict(finding) for finding in prepared.audit.findings],
        trials=info.get("trials", ()),
        config=record.config,
        command=command_again(record.command),
        versions=record.versions,
    )


def source_name(source: str) -> str:
    """Return the name of a source without its folders.

    Example:
        >>> source_name("data/wine.csv"), source_name("<stdin>")
        ('wine.csv', 'standard input')
    """
    words = {"<stdin>": "standard input", "<frame>": "a data frame", "<arrays>": "arrays"}
    return words.get(source) or plain(source.replace("\\", "/").rpartition("/")[2], 60)
