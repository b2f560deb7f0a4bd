"""``lamina describe``: what a run, a model or this machine is."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lamina.cli.arguments import Parser
from lamina.cli.output import definitions, print_json
from lamina.cli.system import system
from lamina.cli.trained import is_unfinished, load_network
from lamina.core.errors import ConfigError, suggest
from lamina.core.wording import counted, plain

SUMMARY = "Say what a run or a model is, or what this machine computes with."
MOST_NAMES = 12


def run(words: Sequence[str], began: float) -> int:
    """Describe.

    Args:
        words: the words after ``lamina describe``.
        began: when the process began (``time.perf_counter``).
    """
    parser = Parser("describe", SUMMARY)
    parser.add_argument(
        "what", metavar="RUN|MODEL", nargs="?", help="a run folder, a saved network, or the name of a model"
    )
    parser.add_argument(
        "--system", action="store_true", help="device, kernels, cache folder and versions instead"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options, _ = parser.read(words)
    if options.system == (options.what is not None):
        parser.error(
            "RUN|MODEL and --system do not go together"
            if options.system
            else "the following arguments are required: RUN|MODEL"
        )
    facts, text = system() if options.system else _of(options.what)
    if options.json:
        print_json(facts)
    else:
        print(text)
    return 0


def _of(what: str) -> tuple[dict[str, Any], str]:
    path = Path(what)
    if is_unfinished(path):
        return _of_unfinished(path)
    return _of_network(what) if path.is_dir() else _of_model(what)


def _of_model(name: str) -> tuple[dict[str, Any], str]:
    from lamina.models import MODELS

    if name not in MODELS:
        raise ConfigError(
            f"neither a run nor a model is called '{name}'{suggest(name, MODELS)}",
            fix="`lamina models` lists the models; a run is the folder that `lamina fit` wrote",
        )
    spec = MODELS[name]
    facts = {
        "model": name,
        "summary": spec.summary,
        "size": spec.size,
        "dial": spec.dial,
        "options": spec.options,
        "takes": spec.kinds,
        "reference": spec.reference,
        "defaults": dict(spec.defaults),
    }
    pairs = [("model", name), ("use", spec.summary), ("size", f"{spec.size}: {spec.dial}")]
    pairs += [("keys", ", ".join(f"{key}={_typed(value)}" for key, value in spec.options.items()))]
    pairs += [("training", ", ".join(f"{key}={_typed(value)}" for key, value in spec.defaults.items()))]
    pairs += [("takes", ", ".join(spec.kinds)), ("reference", spec.reference)]
    text = definitions([(key, value) for key, value in pairs if value])
    return facts, f"{text}\n\nlamina fit DATA --model {name} size={spec.size}"


def _typed(value: Any) -> str:
    if isinstance(value, dict):  # models and options of the blocks of inputs
        parts = {name: dict(own) for name, own in value.items()}
        heads = {name: str(own.pop("model", "")) for name, own in parts.items()}
        return "; ".join(f"{name}: {heads[name]} {_pairs(own)}".rstrip() for name, own in parts.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pairs(options: dict[str, Any]) -> str:
    return " ".join(f"{name}={_typed(value)}" for name, value in options.items())


def _of_unfinished(path: Path) -> tuple[dict[str, Any], str]:
    """Describe a run that has no network: what it was to be, how far it came, how to go on."""
    from lamina.runs.folder import is_locked
    from lamina.runs.record import read_record

    record = read_record(path / "config.toml")
    with (
        (path / "metrics.csv").open(newline="")
        if (path / "metrics.csv").is_file()
        else open("/dev/null") as file
    ):
        epochs = list(csv.DictReader(file))
    running = is_locked(path / "log.txt")
    facts = {
        "run": str(path),
        "state": "running" if running else "interrupted",
        "model": record.config.get("model"),
        "task": record.config.get("task"),
        "target": record.target,
        "data": record.data["source"],
        "epochs": len(epochs),
        "config": record.config,
        "command": record.command,
    }
    pairs = [("run", str(path)), ("state", "running now" if running else "stopped before its end")]
    pairs += [("model", str(facts["model"])), ("task", f"{facts['task']}: {', '.join(record.target)}")]
    pairs += [("data", str(facts["data"])), ("epochs", f"{len(epochs)} of {record.config.get('epochs')}")]
    pairs += [] if running else [("next", f"lamina resume {path}")]
    return facts, definitions(pairs)


def _of_network(place: str) -> tuple[dict[str, Any], str]:
    from lamina.runs.last_lines import metric_table

    network = load_network(place)
    info, schema = network.info, network.schema
    facts = {
        "run": place,
        "task": network.task.name,
        "model": network.model_name,
        "parameters": network.parameters,
        "options": network.options,
        "target": schema.targets,
        "labels": network.labels,
        "inputs": {column.name: column.kind for column in schema.read},
        "left_out": dict(schema.dropped),
        "valid": info.valid,
        "test": info.test,
        "config": network.config,
        "info": {name: value for name, value in info.to_json().items() if name not in ("valid", "test")},
    }
    parts = info.metrics
    text = definitions(_lines(place, network))
    if parts:
        last = list(parts)[-1]
        rows = {name: info.rows.get(name, 0) for name in parts}
        intervals = {last: info.intervals}
        text += "\n\n" + metric_table(parts, intervals, rows)
    return json.loads(json.dumps(facts, default=str)), text


def _lines(place: str, network: Any) -> list[tuple[str, str]]:
    info, schema = network.info, network.schema
    options = ", ".join(f"{name}={_typed(value)}" for name, value in network.options.items())
    trained, validated = info.rows.get("train", 0), info.rows.get("valid", 0)
    pairs = [("run", place), ("model", f"{network.model_name}, {counted(network.parameters, 'parameter')}")]
    pairs += [("options", options), ("task", f"{network.task.name}: {_listed(schema.targets)}")]
    if schema.has_classes:
        pairs += [("classes", _listed(network.labels))]
    pairs += [("inputs", _listed([f"{column.name} ({column.kind})" for column in schema.read]))]
    pairs += [("left out", _listed([f"{name} ({why})" for name, why in schema.dropped]))]
    pairs += [("data", f"{info.source}: {trained:,} rows trained, {validated:,} validated")]
    pairs += [
        (
            "training",
            f"epoch {info.best_epoch} of {info.epochs} kept, seed {info.seed}, {info.device}",
        )
    ]
    pairs += [("versions", ", ".join(f"{name} {version}" for name, version in info.versions.items()))]
    return [(name, text) for name, text in pairs if text]


def _listed(names: Sequence[Any]) -> str:
    shown = ", ".join(plain(name, 60) for name in names[:MOST_NAMES])
    return shown + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
