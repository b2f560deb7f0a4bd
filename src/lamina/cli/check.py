"""``lamina check``: the audit alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from lamina.cli.arguments import Parser, column_names, merged
from lamina.cli.output import print_json
from lamina.core.wording import counted
from lamina.tasks.registry import TASKS

SUMMARY = "Say what is wrong with data before anything is trained; nothing is written."
KEYS = ("task", "weight", "group", "time", "split", "keep", "drop", "seed", "valid", "test")  # the usual ones


def run(words: Sequence[str], began: float) -> int:
    """Audit.

    Args:
        words: the words after ``lamina check``.
        began: when the process began (``time.perf_counter``).
    """
    parser = Parser("check", SUMMARY, epilog="keys, as in `lamina fit`: " + ", ".join(KEYS))
    parser.usage = "lamina check DATA [options] [key=value ...]"
    parser.add_argument("data", metavar="DATA", help="a file, a folder, or - for CSV on standard input")
    parser.add_argument(
        "--target", metavar="COL", action="append", help="column to be predicted; guessed without"
    )
    parser.add_argument("--test", metavar="DATA", help="test data, checked against DATA")
    parser.add_argument("--task", metavar="TASK", help=", ".join(TASKS))
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
    from lamina.data.readers.registry import reading_keys
    from lamina.data.source import read, read_beside
    from lamina.tasks.audit import ask, check

    ask(keys)  # a wrong key is said before a large file is read
    reading = reading_keys(keys)
    table = read(options.data, **reading)
    test = {} if options.test is None else {"test_data": read_beside(options.test, reading)}
    keys = {name: value for name, value in keys.items() if name not in reading}
    target = None if options.target is None else column_names(options.target, table.names)
    return check(table, target, **keys, **test)
