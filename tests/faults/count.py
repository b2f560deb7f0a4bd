"""The face of every fault script: a count, a seed, and one line of outcome that can be written down."""

from __future__ import annotations

import argparse
import datetime
import time
from collections.abc import Callable
from typing import Any

from lamina.core import runtime


def counting(description: str | None, count: int, act: Callable[[int, int], Any]) -> None:
    """Read ``--count`` and ``--seed``, act, and print the outcome with date, versions and seconds.

    Args:
        description: of the script.
        count: how often, if it is not said.
        act: ``(count, seed) -> outcome``; a fault is an exception.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=count, help="how often (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first one (default %(default)s)")
    chosen = parser.parse_args()
    began = time.perf_counter()
    outcome = act(chosen.count, chosen.seed)
    versions = " ".join(f"{name} {version}" for name, version in runtime.versions().items())
    date = datetime.date.today().isoformat()
    seconds = time.perf_counter() - began
    print(f"{date}, {versions}: {chosen.count} times from seed {chosen.seed}, {outcome}, {seconds:.0f} s")
