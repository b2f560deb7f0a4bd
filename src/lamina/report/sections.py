"""What is said of any run: key figures, limits, data, training, and how to get the same again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from lamina.core.page import (
    Bullets,
    Facts,
    Paragraph,
    Remark,
    Remarks,
    Section,
    Shares,
    Table,
    Tile,
    Tiles,
)
from lamina.core.wording import count, counted, duration, plain, short_number
from lamina.report.arrange import AGAIN, DATA, LIMITS, SHORT, TRAINING, arrange
from lamina.report.curves import learning_curves
from lamina.report.facts import RunFacts
from lamina.report.trials import trial_table
from lamina.report.wording import any_value

FEW_ROWS = 200  # the interval of a share is then 10 points wide or more
MOST_COLUMNS = 60
LONGEST_RUN = 24  # more columns alike in a row are shown as one line
SPLITS = {"train": "training", "valid": "validation"}
SOURCE = (
    "All {noun}s come from one source. For {noun}s from another time, place or population the network may do "
    "worse; measure again there before relying on it."
)
FLATTERING = (
    "There was no separate test set. The validation {noun}s also chose which epoch to keep, so these "
    "figures are slightly flattering."
)


def complete(facts: RunFacts, sections: Iterable[Section]) -> list[Section]:
    """Return the whole report: what task and modalities say, with what is said of any run.

    Args:
        facts: of the run.
        sections: of task and modalities.

    Example:
        >>> [section.title for section in complete(RunFacts(model="mlp"), [])][:2]
        ['In short', 'Limits']
    """
    return arrange([limits(facts), *sections, short(facts), data(facts), training(facts), again(facts)])


def short(facts: RunFacts) -> Section:
    """Return the key figures of any run: rows measured on, size, time.

    Args:
        facts: of which rows, parameters, seconds and device are used.
    """
    tiles = [Tile("Size", short_number(facts.parameters), "parameters")]
    tiles += [Tile("Trained in", duration(facts.seconds), facts.device)]
    if facts.evaluated_rows:
        tiles.insert(
            0, Tile("Measured on", count(facts.evaluated_rows), f"{facts.evaluated} {facts.evaluated_noun}s")
        )
    return Section(SHORT, (Tiles(tuple(tiles)),))


def limits(facts: RunFacts) -> Section:
    """Return the cautions that hold for any run.

    Args:
        facts: of which the evaluated rows are used.
    """
    rows = facts.evaluated_rows
    said = [SOURCE.format(noun=facts.noun)]
    said += [FLATTERING.format(noun=facts.noun)] if rows and facts.evaluated != "test" else []
    if 0 < rows < FEW_ROWS:
        few = counted(rows, facts.evaluated_noun)
        said.append(f"Only {few} could be measured on: mind the width of the intervals.")
    return Section(LIMITS, (Bullets(tuple(said)),))


def data(facts: RunFacts) -> Section:
    """Return the section on rows, columns and what the audit found.

    Args:
        facts: of which rows, findings and columns are used.
    """
    total = sum(facts.rows.values())
    rows = tuple((SPLITS.get(name, plain(name)), rows) for name, rows in facts.rows.items() if rows > 0)
    remarks = tuple(
        Remark(
            str(found.get("level", "note")), *(str(found.get(k) or "") for k in ("message", "where", "fix"))
        )
        for found in facts.findings
    )
    found = [Paragraph("What the audit found", "heading"), Remarks(remarks)]
    return Section(
        DATA,
        (
            Paragraph(f"{counted(total, facts.noun)} in all." if total else ""),
            Shares(rows),
            *(found if remarks else [Paragraph("The audit found nothing to report.")]),
            *_columns(facts.columns),
        ),
    )


def _columns(columns: Sequence[Mapping[str, Any]]) -> list[Paragraph | Table]:
    if not columns:
        return []
    dropped = [column for column in columns if column.get("kind") == "dropped"]
    kept = [column for column in columns if column.get("kind") != "dropped"]
    inputs = sum(column.get("kind") != "target" for column in kept)
    said = f"{counted(inputs, 'column')} used as input, {count(len(dropped))} left out."
    left_out = tuple((name, why) for name, _, why in _column_rows(dropped))
    rows = _column_rows(kept)
    heads = ("column", "kind", "note") if any(note for *_, note in rows) else ("column", "kind")
    return [
        Paragraph("Columns", "heading"),
        Paragraph(said),
        Table(("left out", "why"), left_out, kind="columns"),
        Table(heads, tuple(row[: len(heads)] for row in rows), kind="columns"),
    ]


def _column_rows(columns: list[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    runs = _runs(columns)
    rows = [_column_row(run) for run in runs[:MOST_COLUMNS]]
    more = sum(len(run) for run in runs[MOST_COLUMNS:])
    return rows + ([(f"and {count(more)} more", "", "")] if more > 0 else [])


def _runs(columns: list[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Group neighbors of one kind and note, so that 784 pixels take one line."""
    grouped = groupby(columns, key=lambda column: (column.get("kind"), column.get("note") or ""))
    runs = [list(run) for _, run in grouped]
    return [part for run in runs for part in ([run] if len(run) > LONGEST_RUN else [[c] for c in run])]


def _column_row(run: list[Mapping[str, Any]]) -> tuple[str, str, str]:
    names = [plain(column.get("name", ""), 120) for column in (run[0], run[-1])]
    name = names[0] if len(run) == 1 else f"{names[0]} … {names[1]} ({count(len(run))} columns)"
    return name, str(run[0].get("kind", "")), str(run[0].get("note") or "")


def training(facts: RunFacts) -> Section:
    """Return the section on the model, how it was trained and what else was tried.

    Args:
        facts: of the run.
    """
    epochs = max((len(values) for values in facts.history.values()), default=0)
    kept = f", weights of epoch {facts.best_epoch} kept" if facts.best_epoch else ""
    pairs = (
        ("model", facts.model),
        ("why this model", facts.reason),
        ("parameters", count(facts.parameters)),
        ("device", facts.device),
        ("time", f"{duration(facts.seconds)}, of which {duration(facts.compile_seconds)} compilation"),
        ("epochs", count(epochs) + kept),
        ("seed", str(facts.seed)),
    )
    curves = learning_curves(facts) or Paragraph("No epochs were recorded.")
    return Section(TRAINING, (Facts(pairs), curves, *trial_table(facts.trials)))


def again(facts: RunFacts) -> Section:
    """Return the section on how to get the same network again.

    Args:
        facts: of which command, versions and config are used.
    """
    versions = ", ".join(f"{plain(name)} {plain(version)}" for name, version in facts.versions.items())
    blocks = [
        Paragraph(facts.command, "code"),
        Paragraph(f"Versions: {versions}." if versions else "", "note"),
    ]
    pairs = tuple((str(name), any_value(value)) for name, value in facts.config.items())
    blocks += [Paragraph("Configuration", "heading")] if pairs else []
    return Section(AGAIN, (*blocks, Facts(pairs, "settings")))
