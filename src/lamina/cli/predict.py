"""``lamina predict``: an answer for every row."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.cli.arguments import Parser

SUMMARY = "Answer for every row of a file; the target need not be there."


def run(words: Sequence[str], began: float) -> int:
    """Predict.

    Args:
        words: the words after ``lamina predict``.
        began: when the process began (``time.perf_counter``).
    """
    parser = Parser("predict", SUMMARY)
    parser.add_argument("run", metavar="RUN", help="a run folder, or a saved network")
    parser.add_argument("data", metavar="DATA", help="a file, or - for CSV on standard input")
    parser.add_argument(
        "--out", metavar="FILE", help=".csv, .parquet or .jsonl; CSV on standard output without"
    )
    parser.add_argument("--proba", action="store_true", help="the probability of every class too")
    options, _ = parser.read(words)
    from lamina.cli.predictions import check_place, prediction_columns, write_columns

    check_place(options.out)
    from lamina.cli.trained import load_network

    columns = prediction_columns(load_network(options.run), options.data, proba=options.proba)
    write_columns(columns, options.out)
    return 0
