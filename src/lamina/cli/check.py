"""``lamina check``: the audit alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from lamina.cli.arguments import Parser, column_names, merged
from lamina.cli.output import print_json
from lamina.core.errors import ConfigError, suggest
from lamina.core.wording import counted

SUMMARY = "Say what is wrong with data before anything is trained; nothing is written."
KEYS = ("task", "weight", "group", "time", "split", "keep", "drop", "seed", "valid", "test")


def run(words: Sequence[str], began: float) -> int:
    """Audit.

    Args:
        words: the words after ``lamina check``.
        began: when the process began (``time.perf_counter``).
    """
    parser = Parser("check", SUMMARY, epilog="keys, as in `lamina fit`: " + ", ".join(KEYS))
    parser.usage = "lamina check DATA [options] [key=value ...]"
    parser.add_argument("data", metavar="DATA", help="a file, or - for CSV on standard input")
    parser.add_argument(
        "--target", metavar="COL", action="append", help="column to be predicted; guessed without"
    )
    parser.add_argument("--test", metavar="DATA", help="test data, checked against DATA")
    parser.add_argument("--task", metavar="TASK", help="binary, multiclass, multilabel or regression")
    parser.add_argument("--json", action="store_true", help="the audit as one JSON object")
    options, pairs = parser.read(words, pairs=True)
    audit = _audit(options, merged({"task": options.task}, pairs, parser))
    if options.json:
        print_json(audit.to_json())
    else:
        print(audit)
    if not audit.errors:
        return 0
    print(
        f"lamina: {audit.source}: cannot be learned from, {counted(len(audit.errors), 'error')}",
        file=sys.stderr,
    )
    return 2


def _audit(options: Any, keys: dict[str, str]) -> Any:
    from lamina.data.audit import check
    from lamina.data.source import read

    for name in keys:
        if name not in KEYS:
            raise ConfigError(
                f"unknown key '{name}'{suggest(name, KEYS)}", expected="one of " + ", ".join(KEYS)
            )
    table = read(options.data)
    test = {} if options.test is None else {"test_data": options.test}
    target = None if options.target is None else column_names(options.target, table.names)
    return check(table, target, **_typed(keys), **test)


def _typed(keys: dict[str, str]) -> dict[str, Any]:
    """Return the keys in their types; nothing heavy is imported unless there are some."""
    if not set(keys) - {"task"}:
        return dict(keys)
    from lamina.network.config import fit_config

    config = fit_config(keys)
    return {name: getattr(config, name) for name in keys}
