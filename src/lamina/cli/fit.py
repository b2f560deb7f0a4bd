"""``lamina fit``: train a network on a file and write a run folder."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.cli.arguments import Parser, column_names, merged
from lamina.cli.output import definitions, print_json
from lamina.core.keys import annotation
from lamina.tasks.registry import TASKS

if TYPE_CHECKING:
    from lamina.network.keys import Declared

MOST_MODELS = 4  # that are named beside a key
OFF = ("clip", "time_limit", "class_weight", "group", "time", "weight")  # None is off, not chosen
SUMMARY = "Train a network on a file and write a run folder: config, metrics, report, log, network."


def run(words: Sequence[str], began: float) -> int:
    """Train.

    Args:
        words: the words after ``lamina fit``.
        began: when the process began (``time.perf_counter``).
    """
    parser = make_parser(with_keys=any(word in ("-h", "--help") for word in words))
    options, pairs = parser.read(words, pairs=True)
    keys = _keys(parser, options, pairs)
    from lamina.network.keys import check_keys

    check_keys(keys)  # a wrong key is said before a large file is read
    from lamina.runs.folder import check_free

    if options.out is not None:
        check_free(options.out)
    finished = _fitted(options, keys, shlex.join(["lamina", "fit", *words]), began)
    if options.json:
        print_json(summary(finished))
    return 0


def make_parser(*, with_keys: bool = False) -> Parser:
    """Return the parser of ``lamina fit``.

    Args:
        with_keys: list every configuration key below the options.
    """
    parser = Parser("fit", SUMMARY, epilog=key_list() if with_keys else "")
    parser.usage = "lamina fit DATA [options] [key=value ...]"
    parser.add_argument("data", metavar="DATA", help="a file, a folder, or - for CSV on standard input")
    add = parser.add_argument
    add(
        "--target",
        metavar="COL",
        action="append",
        help="column to be predicted; several with commas; guessed without",
    )
    add("--test", metavar="DATA", help="labeled data for the final metrics, never seen in training")
    add("--task", metavar="TASK", help=f"{', '.join(TASKS)}; guessed without")
    add("--model", metavar="NAME", help="see `lamina models`; auto chooses and says why")
    add("--out", metavar="RUN", help="the run folder to make; runs/<data>-<model>-<n> without")
    add("--seed", metavar="N", help="decides every random number (0)")
    add("--time-limit", metavar="T", help="seconds for everything, or 60s, 10m, 1h")
    add("--json", action="store_true", help="one JSON object on standard output, progress on standard error")
    return parser


def key_list() -> str:
    """Return every configuration key by its owner, with default, meaning and range."""
    from lamina.network.keys import MODEL_OPTIONS, declared_keys

    parts = ["keys, each with its default; auto is chosen from model and data, none is off:"]
    for owner, keys in declared_keys().items():
        pairs = [_option(key) if owner == MODEL_OPTIONS else _key(key) for key in keys]
        parts.append(f"\n{owner}:\n" + definitions(pairs, indent=2, most=22))
    return "\n".join(parts)


def _key(key: Declared) -> tuple[str, str]:
    """Return a key with its default, and what it means."""
    field = key.field
    kind = annotation(field).removesuffix(" | None")
    words = field.metadata["expected"] or ("true or false" if kind == "bool" else "")
    meaning = field.metadata["meaning"] + (f" ({words})" if words else "")
    return f"{field.name}={_default(field.name, field.default)}", meaning


def _option(key: Declared) -> tuple[str, str]:
    """Return an option of models, what it means, and which models have it; each has a default of its own."""
    words = key.field.metadata["expected"]
    meaning = "the size dial" if key.field.name == "size" else key.field.metadata["meaning"]
    more = f" and {len(key.owners) - MOST_MODELS} more" if len(key.owners) > MOST_MODELS else ""
    named = ", ".join(key.owners[:MOST_MODELS]) + more
    return f"{key.field.name}=auto", f"{meaning}{f' ({words})' if words else ''}: {named}"


def _default(name: str, value: Any) -> str:
    if value is None:
        return "none" if name in OFF else "auto"
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _keys(parser: Parser, options: Any, pairs: dict[str, str]) -> dict[str, str]:
    """Return the configuration keys; one that is an option of the same name is said to be one."""
    for name in ("target", "out", "json", "data"):
        if name in pairs:
            parser.error(f"{name} is an option: --{name} {pairs[name]}".rstrip())
    given = {name: getattr(options, name) for name in ("task", "model", "seed", "time_limit")}
    return merged(given, pairs, parser)


def _fitted(options: Any, keys: dict[str, str], command: str, began: float) -> Any:
    from lamina.data.readers.registry import reading_keys
    from lamina.data.source import read, read_beside
    from lamina.runs.console import Console
    from lamina.runs.start import start_run
    from lamina.tasks.schema import default_target

    reading = reading_keys(keys)
    table = read(options.data, **reading)
    test_table = None if options.test is None else read_beside(options.test, reading)
    guessed = options.target is None
    target = default_target(table, keys.get("task")) if guessed else column_names(options.target, table.names)
    return start_run(
        table,
        target=target,
        keys=keys,
        test_table=test_table,
        out=options.out,
        began=began,
        console=Console(sys.stderr if options.json else sys.stdout),
        command=command,
        guessed=guessed and bool(target),
    )


def summary(finished: Any) -> dict[str, Any]:
    """Return what a program wants to know of a run.

    Args:
        finished: from `start_run` or `resume`.
    """
    network = finished.fitted.network
    info = network.info
    return {
        "run": str(finished.folder),
        "task": network.task.name,
        "model": network.model_name,
        "parameters": network.parameters,
        "seed": info.seed,
        "device": info.device,
        "epochs": info.epochs,
        "best_epoch": info.best_epoch,
        "ended": info.ended,
        "seconds": round(finished.seconds, 3),
        "compile_seconds": round(finished.compile_seconds, 3),
        "rows": info.rows,
        "target": list(network.schema.targets),
        "valid": info.valid,
        "test": info.test,
        "intervals": finished.intervals,
    }
