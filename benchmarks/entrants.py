"""Whole processes that take turns: each with the cache of an earlier run, or with none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import contest, machine
from benchmarks.contest import Contender, WholeRun


@dataclass
class Entrant:
    """A contender, how its compile cache is kept, and its runs.

    Args:
        contender: who takes part.
        cache_variables: the environment variables that place its cache.
        cold: every run finds an empty cache.
        runs: so far.
    """

    contender: Contender
    cache_variables: tuple[str, ...] = ()
    cold: bool = False
    runs: list[WholeRun] = field(default_factory=list)

    def run(self, seed: int, folder: Path) -> WholeRun:
        """Run once; a cold one finds an empty cache folder, a warm one that of its last run."""
        name = f"{self.contender.name}-{self.contender.variant}" + (f"-{time.time_ns()}" if self.cold else "")
        cache = folder / name.replace(" ", "-").replace(",", "")
        cache.mkdir(exist_ok=True)
        environment = {
            **self.contender.environment,
            **{variable: str(cache) for variable in self.cache_variables},
        }
        options = {**self.contender.options, "seed": seed, "began": time.time()}
        return contest.whole_run(replace(self.contender, options=options, environment=environment))


def take_turns(entrants: Sequence[Entrant], folder: Path, *, runs: int, warm: bool = True) -> bool:
    """Let every entrant run once in every round, each round with another seed; return whether it was quiet.

    Args:
        entrants: their ``runs`` grow.
        folder: of their caches.
        runs: rounds that count.
        warm: let each run once before, so that files come into the page cache and programs into the
            compile cache.
    """
    for entrant in entrants if warm else ():
        entrant.run(0, folder)
    watch = machine.Watch()
    for seed in range(runs):
        for entrant in entrants:
            time.sleep(contest.SETTLE)
            entrant.runs.append(entrant.run(seed, folder))
            machine.say(f"  {entrant.contender.label}: run {seed + 1}: {entrant.runs[-1].seconds:.3f} s")
    return watch.is_quiet()
