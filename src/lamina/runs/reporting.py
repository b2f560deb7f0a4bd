"""The report of a run: what the trained network, its data and its log say, put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lamina.core import storage
from lamina.core.page import Section
from lamina.core.wording import plain
from lamina.modalities.base import Outcome
from lamina.modalities.brings import block_sections
from lamina.objectives.metrics import metric_words
from lamina.report.facts import RunFacts
from lamina.runs.folder import RunFolder
from lamina.runs.outcome import Intervals, outcome_of
from lamina.runs.record import Record, command_again
from lamina.runs.shown import ShownMetric

if TYPE_CHECKING:
    from lamina.network.fit import Fitted
    from lamina.network.network import Network
    from lamina.tasks.preview import Preview


def write_report(
    folder: RunFolder,
    fitted: Fitted,
    record: Record,
    *,
    intervals: Mapping[str, Intervals],
    seconds: tuple[float, float],
    costly_seconds: float,
    images: bool = True,
    previews: Mapping[int, Preview] | None = None,
) -> None:
    """Write ``report.html``, and its figures as images of their own.

    Args:
        folder: the run.
        fitted: network, data and what training gave back.
        record: what decided the run.
        intervals: split → interval of each metric.
        seconds: how long the run took, and how much of it was compiling.
        costly_seconds: how long costly sections may take; 0 leaves them out.
        images: write the images beside the page, which has its own.
        previews: epoch → what was seen of the model at its end.
    """
    from lamina.report import complete, figures_of, page, write_figures

    network = fitted.network
    outcome = outcome_of(fitted, intervals, costly_seconds, previews)
    facts = run_facts(fitted, record, outcome, seconds)
    sections = complete(facts, [*network.task.sections(outcome), *_of_inputs(network, outcome)])
    figures = figures_of(sections)
    version = record.versions.get("lamina", "")
    written = page(_title(network), _under(network), sections, version=version, figures=figures)
    storage.write_file(folder.report, written.encode())
    if images:
        write_figures(figures, folder.figures, write=storage.write_file)


def _of_inputs(network: Network, outcome: Outcome) -> list[Section]:
    """Return the sections of each block of inputs."""
    encoders = network.encoder
    found: list[Section] = []
    if len(encoders.blocks) > 1:
        found += block_sections(outcome, encoders.blocks)
    for block in encoders.blocks:
        own = dataclasses.replace(outcome, part=block.name) if len(encoders.blocks) > 1 else outcome
        found += block.modality.sections(own, block, encoders.encoders[block.name])
    return found


def _title(network: Network) -> str:
    targets = network.schema.targets
    names = ", ".join(targets[:3]) + (" …" if len(targets) > 3 else "")
    source = source_name(network.info.source)
    return f"{names} from {source}" if names else source


def _under(network: Network) -> str:
    targets = network.schema.targets
    named = f" {plain(targets[0], 60)}:" if len(targets) == 1 else ""
    verb, _, what = network.task.summary.partition(" ")
    return f"A neural network ({plain(network.model_name, 60)}) that {verb}{named} {what}."


def run_facts(fitted: Fitted, record: Record, outcome: Outcome, seconds: tuple[float, float]) -> RunFacts:
    """Return what is known of the run beside its predictions.

    Args:
        fitted: network, data and what training gave back.
        record: what decided the run.
        outcome: of which the evaluated rows are used.
        seconds: how long the run took, and how much of it was compiling.
    """
    network, info, schema = fitted.network, fitted.network.info, fitted.network.schema
    metric = ShownMetric.of(fitted.plan)
    watched = metric.history(network.history)
    columns = [{"name": name, "kind": "target", "note": ""} for name in schema.targets]
    columns += [{"name": c.name, "kind": c.kind, "note": c.detail} for c in schema.read]
    columns += [{"name": name, "kind": "dropped", "note": why} for name, why in schema.dropped]
    return RunFacts(
        model=network.model_name,
        reason=info.model_reason,
        parameters=network.parameters,
        device=info.device,
        seed=info.seed,
        seconds=seconds[0],
        compile_seconds=seconds[1],
        evaluated=outcome.evaluated,
        evaluated_rows=outcome.count,
        history=network.history,
        watched=(metric_words(metric.name).title, watched) if watched else None,
        best_epoch=info.best_epoch or None,
        rows=info.rows,
        columns=columns,
        findings=[dataclasses.asdict(finding) for finding in fitted.plan.data.audit.findings],
        trials=info.trials,
        config=record.config,
        command=command_again(record.command),
        versions=record.versions,
        noun=network.task.noun,
        evaluated_noun=network.objective.noun,
    )


def source_name(source: str) -> str:
    """Return the name of a source without its folders.

    Example:
        >>> source_name("data/wine.csv"), source_name("<stdin>")
        ('wine.csv', 'standard input')
    """
    words = {"<stdin>": "standard input", "<frame>": "a data frame", "<arrays>": "arrays"}
    return words.get(source) or plain(source.replace("\\", "/").rpartition("/")[2], 60)
