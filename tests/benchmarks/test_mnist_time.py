"""Time until an accuracy: the first look that reaches it counts, and who never does has no ratio."""

from __future__ import annotations

import math

from benchmarks.contest import Contender, WholeRun
from benchmarks.entrants import Entrant
from benchmarks.rows import mnist_time

LOOKS = [(80, 0.95, 2.0), (160, 0.985, 3.0), (240, 0.979, 4.0), (320, 0.991, 5.0)]
VERSIONS = {"lamina": "1", "torch": "2"}


def entrant(name: str, *runs: list[tuple[int, float, float]]) -> Entrant:
    answers = [WholeRun(seconds=9.0, cpu_seconds=9.0, peak_mib=1.0, answer={"found": run}) for run in runs]
    return Entrant(Contender(name, "as it is", "python", "none"), runs=answers)


def test_the_first_look_that_reaches_the_goal_counts():
    assert mnist_time.reached(LOOKS, 0.98) == (160 / mnist_time.STEPS, 3.0)
    assert mnist_time.reached(LOOKS, 0.999) is None


def test_lines_compare_seconds_and_say_who_never_got_there():
    slow = [(step, accuracy, 2 * seconds) for step, accuracy, seconds in LOOKS]
    found = mnist_time.lines(
        [entrant("lamina", LOOKS, LOOKS), entrant("torch", slow, slow), entrant("torch", slow, LOOKS[:3])],
        VERSIONS,
    )
    ratios = {line.variant: line.ratio for line in found[1::3]}
    assert ratios == {"98%, as it is": 2.0, "99%, as it is": 2.0}
    assert found[2].ratio
    assert math.isnan(found[5].median)
    assert found[5].note == "1 of 2 runs did not reach it"
