"""``lamina predict``: a prediction for every row."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.cli.arguments import READING, Parser
from lamina.cli.output import print_json
from lamina.cli.unlike import STRICT

SUMMARY = "Predict every row of a file, or every image of a folder; the target need not be there."


def run(words: Sequence[str], began: float) -> int:
    """Predict.

    Args:
        words: the words after ``lamina predict``.
        began: when the process began (``time.perf_counter``).
    """
    parser = Parser("predict", SUMMARY, epilog=READING)
    parser.usage = "lamina predict RUN DATA [options] [key=value ...]"
    parser.add_argument("run", metavar="RUN", help="a run folder, or a saved network")
    parser.add_argument("data", metavar="DATA", help="a file, a folder, or - for CSV on standard input")
    parser.add_argument(
        "--out",
        metavar="PATH",
        help="a .csv, .parquet or .jsonl file, CSV on standard output without; a folder for masks",
    )
    parser.add_argument("--proba", action="store_true", help="the probability of every class too")
    parser.add_argument("--strict", action="store_true", help=STRICT)
    parser.add_argument("--json", action="store_true", help="what was done as one JSON object; needs --out")
    options, keys = parser.read(words, pairs=True)
    if options.json and options.out is None:
        parser.error("--json says where the predictions are, so it needs --out")
    from lamina.cli.predictions import check_place, columns_of, predicted, write_columns, write_files

    check_place(options.out)
    from lamina.cli.trained import load_network

    network = load_network(options.run)
    found, unlike = predicted(
        network, options.data, options.out, proba=options.proba, strict=options.strict, keys=keys
    )
    if network.task.writes_files:
        write_files(found, options.out)
    else:
        write_columns(columns_of(found, proba=options.proba), options.out)
    if options.json:
        said = {"out": options.out, "rows": unlike.rows, "task": network.task.name}
        print_json({**said, "unlike_training": unlike.to_json()})
    return 0
