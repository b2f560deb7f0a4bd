"""The model card: what a saved network is, in Markdown, beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.network.network import Network


def model_card(network: Network) -> str:
    """Return the README of an artefact: purpose, inputs, metrics, data, use and limits.

    Args:
        network: the trained network.
    """
    info = network.info
    parts = [
        f"# {_cell(', '.join(network.schema.targets))}: {network.model_name}",
        _summary(network),
        "## Use\n\n```python\nimport lamina\n\nnetwork = lamina.load(\".\")\nnetwork.predict(\"new.csv\")\n```",
        "## Quality\n\n" + _metrics(info),
        "## Inputs\n\n" + _inputs(network),
        "## Training\n\n" + _training(network),
        "## Limits\n\n" + _limits(network),
    ]
    return "\n\n".join(parts) + "\n"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _summary(network: Network) -> str:
    kind, count = network.task.kind, f"{network.parameters:,} parameters"
    labels = ", ".join(_cell(label) for label in network.labels[:20])
    more = " …" if len(network.labels) > 20 else ""
    what = "targets" if kind in ("regression", "multilabel") else "classes"
    return f"A {kind} network with {count}, {what}: {labels}{more}."


def _metrics(info: Mapping[str, Any]) -> str:
    parts = {name: info[name] for name in ("valid", "test") if info.get(name)}
    if not parts:
        return "No rows were kept for validation or testing."
    names = list(next(iter(parts.values())))
    rows = info["rows"]
    head = "| metric | " + " | ".join(f"{part} ({rows.get(part) or 'own'} rows)" for part in parts) + " |"
    lines = [head, "|---" * (len(parts) + 1) + "|"]
    for name in names:
        lines.append(f"| {name} | " + " | ".join(f"{values[name]:.4g}" for values in parts.values()) + " |")
    return "\n".join(lines)


def _inputs(network: Network) -> str:
    lines = ["| column | kind |", "|---|---|"]
    lines += [f"| {_cell(column.name)} | {column.kind} |" for column in network.schema.inputs]
    lines += [f"| {_cell(name)} | left out: {_cell(reason)} |" for name, reason in network.schema.dropped]
    return "\n".join(lines)


def _training(network: Network) -> str:
    info = network.info
    rows = info["rows"]
    return (
        f"{rows['train']:,} rows trained, {rows['valid']:,} validated; {info['epochs']} epochs, the weights of "
        f"epoch {info['best_epoch']} kept. Seed {info['seed']}, {info['device']}, Lamina "
        f"{info['versions']['lamina']}, JAX {info['versions']['jax']}. Every key is in `config.json`."
    )


def _limits(network: Network) -> str:
    return (
        "The network answers for rows like those it was trained on; it does not know when a row is unlike "
        "them. Its metrics hold for data drawn as the validation and test rows were. Associations are not "
        "causes."
    )
