"""Row "wide audit": seconds of `lamina.check` on wide frames of random numbers.

The target has two classes. ``--profile`` prints how many calls each takes, and the share of the search for
leaks.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time

import numpy as np

from benchmarks import machine, record, spread

ROW = "wide_audit"
SIZES = ((64, 6_832), (8_190, 1_504))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3, help="audits of each size (default %(default)s)")
    parser.add_argument("--profile", action="store_true", help="count calls")
    parser.add_argument("--quick", action="store_true", help="small tables: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def main() -> None:
    import polars as pl

    import lamina

    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    lines = []
    for rows, columns in ((64, 60),) if arguments.quick else SIZES:
        random = np.random.default_rng(0)
        x, y = random.normal(size=(rows, columns)), np.arange(rows) % 2
        frame = pl.DataFrame({**{f"c{i}": x[:, i] for i in range(columns)}, "y": y})
        seconds = []
        for _ in range(arguments.turns):
            began = time.perf_counter()
            audit = lamina.check(frame, "y")
            seconds.append(time.perf_counter() - began)
        assert not audit.errors  # else something else would be measured
        name = f"{rows} x {columns}"
        machine.say(f"{name}: {np.median(seconds):.2f} s")
        lines.append(record.Line(ROW, "lamina", name, "s", **record.timed(spread.spread(seconds))))
        if arguments.profile:
            with cProfile.Profile() as profile:
                lamina.check(frame, "y")
            found = pstats.Stats(profile)
            total = found.total_tt  # type: ignore[attr-defined]
            leaks = max(
                (own[3] for place, own in found.stats.items() if "leaks.py" in place[0]),  # type: ignore[attr-defined]
                default=0.0,
            )
            calls = found.total_calls  # type: ignore[attr-defined]
            machine.say(f"  {calls:,} calls, leaks {leaks / total:.0%}")
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
