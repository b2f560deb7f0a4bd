"""Row "Mamba over length": what a position costs in sequences of 1,024 to 32,768, attention beside it.

Loss and gradient on one sequence, microseconds a position. A state costs the same however long the sequence
is; in attention each position looks at all before it, so its cost grows with the length. The ratio is a
position's time in the longest sequence of a model ÷ that in the shortest: 1 is constant. Attention ends at
``--attention-up-to``.
"""

from __future__ import annotations

import argparse

from benchmarks import contest, interpreters, machine, record, spread
from benchmarks.contest import Contender

ROW = "mamba_length"
LENGTHS = (1024, 2048, 4096, 8192, 16_384, 32_768)
ATTENTION = ("gpt", "llama")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=("mamba", "mamba2", "gpt"))
    parser.add_argument("--lengths", nargs="+", type=int, default=LENGTHS)
    parser.add_argument("--attention-up-to", type=int, default=8192, help="positions (default %(default)s)")
    parser.add_argument("--size", type=int, default=128, help="features of a symbol (default %(default)s)")
    parser.add_argument("--depth", type=int, default=2, help="layers (default %(default)s)")
    parser.add_argument("--turns", type=int, default=7, help="counted turns each (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="short ones, two turns: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.lengths, arguments.turns = (64, 128), 2
    return arguments


def cases(arguments: argparse.Namespace) -> list[tuple[str, int]]:
    """Return every model with every length that it is measured at."""
    return [
        (model, length)
        for model in arguments.models
        for length in sorted(arguments.lengths)
        if model not in ATTENTION or length <= arguments.attention_up_to
    ]


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    chosen, watch = cases(arguments), machine.Watch()
    options = {"cases": chosen, "size": arguments.size, "depth": arguments.depth, "turns": arguments.turns}
    python = interpreters.of(arguments, "lamina")
    answer = contest.answer(Contender("lamina", "length", python, "length_cost", options))
    shortest: dict[str, list[float]] = {}
    lines = []
    for (model, length), seconds in zip(chosen, answer["seconds"], strict=True):
        each = [1e6 * value / length for value in seconds]
        compared = spread.ratio(each, shortest.setdefault(model, each))
        timed = {**record.timed(spread.spread(each)), **record.compared(compared)}
        lines.append(record.Line(ROW, "lamina", f"{model}, length {length}", "µs a position", **timed))
    record.keep(lines, arguments, idle=idle and watch.is_quiet())


if __name__ == "__main__":
    main()
