"""``lamina evaluate``: measure a trained network on labeled data."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.cli.arguments import READING, Parser
from lamina.cli.output import print_json
from lamina.cli.unlike import STRICT, say

SUMMARY = "Measure a trained network on labeled data."


def run(words: Sequence[str], began: float) -> int:
    """Evaluate.

    Args:
        words: the words after ``lamina evaluate``.
        began: when the process began (``time.perf_counter``).
    """
    parser = Parser("evaluate", SUMMARY, epilog=READING)
    parser.usage = "lamina evaluate RUN DATA [options] [key=value ...]"
    parser.add_argument("run", metavar="RUN", help="a run folder, or a saved network")
    parser.add_argument(
        "data", metavar="DATA", help="a file that has the target, or - for CSV on standard input"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--strict", action="store_true", help=STRICT)
    options, keys = parser.read(words, pairs=True)
    from lamina.cli.trained import load_network, read_for
    from lamina.network.network import asked_of
    from lamina.network.unlike import compared
    from lamina.runs.last_lines import metric_table
    from lamina.runs.reporting import source_name

    network = load_network(options.run)
    table = read_for(network, options.data, keys)
    asked = asked_of(network, table)
    unlike = compared(network, table, asked.x if asked.is_by_row else network.encoder.transform(table))
    say(unlike, table.source, strict=options.strict)
    found = (network.decoded(asked.x), asked.targets, asked.weights)
    metrics, intervals = network.objective.metrics(*found), network.objective.intervals(*found)
    if options.json:
        found = {"rows": table.height, "task": network.task.name, "metrics": metrics, "intervals": intervals}
        print_json({**found, "unlike_training": unlike.to_json()})
    else:
        name = source_name(table.source)
        rows = {name: len(asked.targets)}
        print(metric_table({name: metrics}, {name: intervals}, rows, noun=network.objective.noun))
    return 0
