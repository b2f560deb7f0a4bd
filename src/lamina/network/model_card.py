"""The model card: what a saved network is, in Markdown, beside its weights."""

from __future__ import annotations

import math
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from lamina.core.wording import count, counted, plain
from lamina.data.schema import CELLS, CLASSES, FLAGS, NOTHING, NUMBERS, TAGS, TEXTS
from lamina.objectives.metrics import metric_number, metric_words

if TYPE_CHECKING:
    from lamina.data.schema import ColumnSchema
    from lamina.network.info import RunInfo
    from lamina.network.network import Network

MOST_LABELS = 20
MOST_COLUMNS = 100
_NOUNS = {
    CLASSES: ("class", "classes"),
    FLAGS: ("label", "labels"),
    NUMBERS: ("target", "targets"),
    CELLS: ("label", "labels"),
    TEXTS: ("target", "targets"),
    TAGS: ("tag", "tags"),
    NOTHING: ("target", "targets"),
}
USE = """```python
import lamina
network = lamina.load(".")  # this folder
network.predict("new.csv")
```"""


def model_card(network: Network) -> str:
    """Return the README of an artifact: purpose, use, metrics, inputs, training and limits.

    Names from the data are set as code, so whatever they contain is shown and not obeyed.

    Args:
        network: the trained network.
    """
    info = network.info
    targets = ", ".join(code(name) for name in network.schema.targets)
    parts = [
        f"# {targets}: {words(network.model_name)}",
        _summary(network),
        "## Use\n\n" + USE,
        "## Quality\n\n" + _metrics(info),
        "## Inputs\n\n" + _inputs(network),
        "## Training\n\n" + _training(info),
        "## Limits\n\n" + _limits(network),
    ]
    return "\n\n".join(parts) + "\n"


def code(value: Any) -> str:
    r"""Return a name as a Markdown code span that also fits into a table.

    Args:
        value: the name; backquotes in it become apostrophes.

    Example:
        >>> code("a|<b>`")
        "`a\\|<b>'`"
    """
    text = plain(value, 120).replace("`", "'").replace("|", "\\|")
    return f"`{text or ' '}`"


def words(value: Any) -> str:
    r"""Return text in which Markdown and HTML see nothing to act on.

    Args:
        value: the text.

    Example:
        >>> words("<b>*x*")
        '\\<b\\>\\*x\\*'
    """
    return re.sub(r"([\\`*_{}\[\]<>|#~&!])", r"\\\1", plain(value, 500))


def _summary(network: Network) -> str:
    labels = network.labels
    noun = _NOUNS[network.schema.target_kind]
    named = ", ".join(_with_unit(network, label) for label in labels[:MOST_LABELS])
    more = f" and {count(len(labels) - MOST_LABELS)} more" if len(labels) > MOST_LABELS else ""
    size = counted(network.parameters, "parameter")
    summary = f"A neural network of {size} that {words(network.task.summary)}."
    if network.schema.target_kind == CELLS and not network.target.labels:
        return summary  # what it predicts has no names
    return f"{summary} {counted(len(labels), *noun)}: {named}{more}."


def _with_unit(network: Network, label: Any) -> str:
    """Return a class, or a target with the unit in which it is predicted."""
    unit = network.schema.unit(str(label)) if network.schema.target_kind == NUMBERS else ""
    return f"{code(label)} in {code(unit)}" if unit else code(label)


def _kind(network: Network, column: ColumnSchema) -> str:
    unit = network.schema.unit(column.name)
    return f"{column.kind}, in {unit}" if unit else column.kind


def _metrics(info: RunInfo) -> str:
    parts = info.metrics
    if not parts:
        return "No rows were kept for validation or testing: nothing is known about its quality."
    measured = list(parts)[-1]
    intervals = {name: _interval(ends) for name, ends in info.intervals.items()}
    heads = [f"{'validation' if name == 'valid' else name}{_rows(info, name)}" for name in parts]
    if any(intervals.values()):
        heads.append(f"95% interval ({'validation' if measured == 'valid' else measured})")
    lines = ["| metric | " + " | ".join(heads) + " | meaning |", "|---|" + "---:|" * len(heads) + "---|"]
    for name in parts[measured]:
        interval = intervals.get(name)
        cells = [metric_number(_number(values.get(name)), interval) for values in parts.values()]
        if any(intervals.values()):
            cells.append(" to ".join(metric_number(end, interval) for end in interval) if interval else "–")
        lines.append(f"| {code(name)} | {' | '.join(cells)} | {words(metric_words(name).meaning)} |")
    return "\n".join(lines)


def _rows(info: RunInfo, name: str) -> str:
    rows = info.rows.get(name)
    return f" ({counted(rows, 'row')})" if rows else ""


def _number(value: Any) -> float:
    """Return a stored metric; NaN was written to JSON as null."""
    return math.nan if value is None else float(value)


def _interval(ends: Any) -> tuple[float, float] | None:
    low, high = (_number(end) for end in ends)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def _inputs(network: Network) -> str:
    inputs, dropped = network.schema.read, network.schema.dropped
    lines = ["| column | kind |", "|---|---|"]
    lines += [
        f"| {code(column.name)} | {words(_kind(network, column))} |" for column in inputs[:MOST_COLUMNS]
    ]
    if len(inputs) > MOST_COLUMNS:
        lines.append(f"| and {count(len(inputs) - MOST_COLUMNS)} more | |")
    if not dropped:
        return "\n".join(lines)
    lines += ["", "Left out:", ""]
    lines += [f"- {code(name)}: {words(reason)}" for name, reason in dropped[:MOST_COLUMNS]]
    if len(dropped) > MOST_COLUMNS:
        lines.append(f"- and {count(len(dropped) - MOST_COLUMNS)} more")
    return "\n".join(lines)


def _training(info: RunInfo) -> str:
    rows, versions = info.rows, info.versions
    source = f" from {code(PurePath(info.source).name)}" if info.source else ""
    kept = f", the weights of epoch {info.best_epoch} kept" if info.best_epoch else ""
    by = ", ".join(f"{words(name)} {words(version)}" for name, version in versions.items())
    return (
        f"{counted(rows.get('train', 0), 'row')}{source} trained, {count(rows.get('valid', 0))} validated; "
        f"{counted(info.epochs, 'epoch')}{kept}. Seed {words(info.seed)}, "
        f"{words(info.device)}; {by}. Every key is in `config.json`."
    )


def _limits(network: Network) -> str:
    lines = [
        "It answers for rows like those it was trained on, and does not know when a row is unlike them.",
        "Its metrics hold for data drawn as the evaluated rows were. "
        "Measure again for another time, place or population.",
        "What it has learned are associations, not causes.",
    ]
    if not network.info.test:
        lines.append("There was no test set; the validation rows also chose the epoch: a little flattering.")
    return "\n".join(f"- {line}" for line in lines)
