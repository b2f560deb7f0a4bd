"""The sections of the page, each a function from content to HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from lamina.core.wording import count, counted, duration, plain
from lamina.report.content import ReportContent
from lamina.report.limits import limits
from lamina.report.markup import bullets, facts, figure, paragraph, section, table, text
from lamina.report.summary import headline, tiles
from lamina.report.wording import any_value, share

MOST_COLUMNS = 60
LONGEST_RUN = 24  # more columns alike in a row are shown as one line
MOST_TRIALS = 50
SPLITS = {"train": "training", "valid": "validation"}
Drawings = Mapping[str, str]


def short(content: ReportContent) -> str:
    """Return the section that stands for the whole report.

    Args:
        content: what the report is about.
    """
    shown = "\n".join(
        f'<div class="tile"><span class="name">{text(name)}</span>'
        f'<span class="value">{text(value)}</span><span class="note">{text(note)}</span></div>'
        for name, value, note in tiles(content)
    )
    return section("In short", paragraph(headline(content), "lead"), f'<div class="tiles">\n{shown}\n</div>')


def importance(content: ReportContent, drawings: Drawings) -> str:
    """Return the section on the columns that matter.

    Args:
        content: what the report is about.
        drawings: the figures by name.
    """
    if "column_importance" not in drawings:
        return ""
    left = len(content.importance) - 20
    more = f" The other {counted(left, 'column')} matter less." if left > 0 else ""
    return section(
        "What it leans on",
        paragraph(
            "Each column's values were shuffled among the evaluated rows, one column at a time, and the "
            f"network asked again. The worse it answers, the more the network relies on the column.{more}"
        ),
        figure(drawings["column_importance"], "Thin bars: standard deviation over the repeats."),
    )


def images(content: ReportContent, drawings: Drawings) -> str:
    """Return the section on what the network saw, and where it was most wrong.

    Args:
        content: what the report is about.
        drawings: the figures by name.
    """
    if not {"image_samples", "worst_mistakes", "first_filters"} & set(drawings):
        return ""
    return section(
        "What it saw",
        figure(drawings.get("worst_mistakes"), f"Images of the {content.split} rows."),
        figure(drawings.get("image_samples")),
        figure(drawings.get("first_filters"), "Mid gray is zero; each kernel is scaled by itself."),
    )


def cautions(content: ReportContent) -> str:
    """Return the section on what the numbers do not say.

    Args:
        content: what the report is about.
    """
    return section("Limits", bullets(limits(content)))


def data(content: ReportContent) -> str:
    """Return the section on rows, columns and what the audit found.

    Args:
        content: what the report is about.
    """
    return section("The data", _split_bar(content), _findings(content), _column_table(content))


def _split_bar(content: ReportContent) -> str:
    total = sum(content.rows.values())
    if not total:
        return ""
    parts = [(SPLITS.get(name, plain(name)), rows) for name, rows in content.rows.items() if rows > 0]
    bar = "".join(f'<span style="flex-grow:{rows}"></span>' for _, rows in parts)
    names = "".join(
        f"<li><b>{count(rows)}</b> {text(name)} <span>{share(rows / total)}</span></li>"
        for name, rows in parts
    )
    said = paragraph(f"{counted(total, 'row')} in all.")
    return f'{said}\n<div class="bar" aria-hidden="true">{bar}</div>\n<ul class="key">{names}</ul>'


def _findings(content: ReportContent) -> str:
    if not content.findings:
        return paragraph("The audit found nothing to report.")
    items = "\n".join(_finding(found) for found in content.findings)
    return f'<h3>What the audit found</h3>\n<ul class="findings">\n{items}\n</ul>'


def _finding(found: Mapping[str, Any]) -> str:
    level = str(found.get("level", "note"))
    known = level if level in {"error", "warning"} else "remark"
    where, fix = found.get("where") or "", found.get("fix") or ""
    lines = [f'<span class="level {known}">{text(level)}</span> {text(found.get("message", ""))}']
    lines += [f'<span class="note">{text(where)}</span>'] if where else []
    lines += [f'<span class="note">Fix: {text(fix)}</span>'] if fix else []
    return "<li>" + "".join(lines) + "</li>"


def _column_table(content: ReportContent) -> str:
    dropped = [column for column in content.columns if column.get("kind") == "dropped"]
    kept = [column for column in content.columns if column.get("kind") != "dropped"]
    inputs = sum(column.get("kind") != "target" for column in kept)
    said = (
        f"{counted(inputs, 'column')} used as input, {count(len(dropped))} left out."
        if content.columns
        else ""
    )
    return "\n".join(
        part
        for part in (
            "<h3>Columns</h3>" if content.columns else "",
            paragraph(said),
            _columns(dropped, "left out", "why"),
            _columns(kept, "column", "note"),
        )
        if part
    )


def _columns(columns: list[Mapping[str, Any]], head: str, note: str) -> str:
    runs = _runs(columns)
    rows = [_column_row(run) for run in runs[:MOST_COLUMNS]]
    more = sum(len(run) for run in runs[MOST_COLUMNS:])
    rows += [[f"and {count(more)} more", "", ""]] if more > 0 else []
    if head == "left out":
        return table([head, note], [[name, why] for name, _, why in rows], kind="columns")
    if not any(said for _, _, said in rows):
        return table([head, "kind"], [row[:2] for row in rows], kind="columns")
    return table([head, "kind", note], rows, kind="columns")


def _runs(columns: list[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Group neighbors of one kind and note, so that 784 pixels take one line."""
    grouped = groupby(columns, key=lambda column: (column.get("kind"), column.get("note") or ""))
    runs = [list(run) for _, run in grouped]
    return [part for run in runs for part in ([run] if len(run) > LONGEST_RUN else [[c] for c in run])]


def _column_row(run: list[Mapping[str, Any]]) -> list[str]:
    names = [text(plain(column.get("name", ""), 120)) for column in (run[0], run[-1])]
    name = names[0] if len(run) == 1 else f"{names[0]} … {names[1]} ({count(len(run))} columns)"
    return [name, text(run[0].get("kind", "")), text(run[0].get("note") or "")]


def training(content: ReportContent, drawings: Drawings) -> str:
    """Return the section on the model, how it was trained and what else was tried.

    Args:
        content: what the report is about.
        drawings: the figures by name.
    """
    epochs = max((len(values) for values in content.history.values()), default=0)
    pairs = [
        ("model", content.model_name),
        ("why this model", content.model_reason),
        ("parameters", count(content.parameters)),
        ("device", content.device),
        ("time", f"{duration(content.seconds)}, of which {duration(content.compile_seconds)} compilation"),
        (
            "epochs",
            count(epochs) + (f", weights of epoch {content.best_epoch} kept" if content.best_epoch else ""),
        ),
        ("seed", str(content.seed)),
    ]
    return section(
        "How it was trained",
        facts(pairs),
        figure(drawings.get("learning_curves")) or paragraph("No epochs were recorded."),
        _trial_table(content),
    )


def _trial_table(content: ReportContent) -> str:
    if not content.trials:
        return ""
    shown = list(content.trials)[:MOST_TRIALS]
    heads = [name for name in dict.fromkeys(key for trial in shown for key in trial) if name != "chosen"]
    numeric = [i for i, name in enumerate(heads) if all(_is_number(t.get(name)) for t in shown)]
    cells = [_aligned([trial.get(name) for trial in shown]) for name in heads]
    kept = ['<span class="level kept">kept</span>' if trial.get("chosen") else "" for trial in shown]
    rows = list(zip(*cells, kept, strict=True))
    note = (
        f"The first {MOST_TRIALS} of {count(len(content.trials))}."
        if len(content.trials) > MOST_TRIALS
        else ""
    )
    return (
        "<h3>What was tried</h3>\n"
        + table(
            [plain(name).replace("_", " ") for name in heads] + [""], rows, numeric=numeric, kind="trials"
        )
        + paragraph(note, "note")
    )


def _aligned(values: Sequence[Any]) -> list[str]:
    """Return the cells of a column; floats get the same number of decimals."""
    cells = [plain(any_value(value), 80) for value in values]
    if any(isinstance(value, float) for value in values) and not any("e" in cell for cell in cells):
        decimals = min(4, max(len(cell.partition(".")[2]) for cell in cells))
        cells = [
            f"{value:.{decimals}f}" if isinstance(value, float) and math.isfinite(value) else cell
            for value, cell in zip(values, cells, strict=True)
        ]
    return [text(cell) for cell in cells]


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def again(content: ReportContent) -> str:
    """Return the section on how to get the same network again.

    Args:
        content: what the report is about.
    """
    command = f"<pre><code>{text(content.command)}</code></pre>" if content.command else ""
    pairs = ((str(name), any_value(value)) for name, value in content.config.items())
    settings = facts(pairs, kind="facts settings")
    versions = ", ".join(f"{plain(name)} {plain(version)}" for name, version in content.versions.items())
    return section(
        "How to get the same again",
        command,
        paragraph(f"Versions: {versions}." if versions else "", "note"),
        f"<h3>Configuration</h3>\n{settings}" if settings else "",
    )
