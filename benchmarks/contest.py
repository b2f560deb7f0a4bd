"""The driver's side of a contest: every contender in processes of its own, turns interleaved."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import machine

ROOT = Path(__file__).resolve().parents[1]
SETTLE = 0.05  # seconds between turns, in which spinning threads of the last one go to sleep


@dataclass(frozen=True)
class Contender:
    """Who takes part.

    Args:
        name: ``"lamina"``, ``"torch"`` …
        variant: how it is used, in a word or two.
        python: the interpreter.
        module: what it runs, below ``benchmarks.contenders``.
        options: passed as JSON.
        environment: variables to set besides the driver's own.
        copies: processes that share the work of a turn.
    """

    name: str
    variant: str
    python: str
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    copies: int = 1

    @property
    def label(self) -> str:
        """Name and variant."""
        return f"{self.name} ({self.variant})"

    def command(self) -> list[str]:
        """Return the command line."""
        return [self.python, "-m", f"benchmarks.contenders.{self.module}", json.dumps(dict(self.options))]


class Worker:
    """One process of a contender, ready to be asked."""

    def __init__(self, contender: Contender):
        self.contender = contender
        self._log = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            contender.command(),
            cwd=ROOT,
            env=surroundings(contender.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
        )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def tell(self, **message: Any) -> None:
        """Send a message."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it is gone: `hear` says why
            self._process.stdin.write(json.dumps(message) + "\n")

    def hear(self) -> dict[str, Any]:
        """Wait for the answer.

        Raises:
            RuntimeError: the process ended; the message holds its last lines.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(f"{self.contender.label} ended:\n{self._log.read()[-3000:]}")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()


class Team:
    """The processes of one contender."""

    def __init__(self, contender: Contender):
        self.contender = contender
        self.workers = [Worker(contender) for _ in range(contender.copies)]
        try:
            greetings = [worker.hear() for worker in self.workers]
        except RuntimeError:
            self.close()
            raise
        self.versions: str = greetings[0]["versions"]

    def turn(self) -> float:
        """Let every process take one turn at once; return the seconds of the slowest."""
        for worker in self.workers:
            worker.tell(do="turn")
        return max(worker.hear()["seconds"] for worker in self.workers)

    def close(self) -> None:
        """End the processes."""
        for worker in self.workers:
            worker.close()


@dataclass(frozen=True)
class Timing:
    """What a contest gives for one contender.

    Args:
        contender: who.
        first: seconds of the first turn, compilation counted.
        seconds: of each later turn.
        versions: of the packages in its process.
    """

    contender: Contender
    first: float
    seconds: tuple[float, ...]
    versions: str


@dataclass(frozen=True)
class Race:
    """What a contest gives.

    Args:
        timings: one a contender that could run.
        quiet: nobody else used the machine meanwhile.
    """

    timings: list[Timing]
    quiet: bool

    def best(self, *names: str) -> Timing:
        """Return the fastest among the contenders of these names."""
        named = [timing for timing in self.timings if timing.contender.name in names]
        return min(named, key=lambda timing: statistics.median(timing.seconds))


def race(contenders: Sequence[Contender], *, turns: int, warmups: int = 1) -> Race:
    """Let the contenders take turns, A B C A B C …, in processes that live through the contest.

    Args:
        contenders: who takes part.
        turns: counted turns each.
        warmups: turns each that are not counted, besides the first, which compiles.

    Returns:
        The timings. A contender that cannot run is reported and left out.
    """
    teams, firsts = [], []
    for contender in contenders:
        team, first = _started(contender)
        if team is not None:
            teams.append(team)
            firsts.append(first)
            machine.say(f"  {contender.label}: first turn {first:.3f} s")
    seconds: list[list[float]] = [[] for _ in teams]
    watch = machine.Watch([worker.pid for team in teams for worker in team.workers])
    try:
        for turn in range(warmups + turns):
            for team, own in zip(teams, seconds, strict=True):
                time.sleep(SETTLE)
                taken = team.turn()
                machine.say(f"  {team.contender.label}: turn {turn + 1}: {taken:.3f} s")
                if turn >= warmups:
                    own.append(taken)
        quiet = watch.is_quiet()
    finally:
        for team in teams:
            team.close()
    timings = [
        Timing(team.contender, first, tuple(own), team.versions)
        for team, first, own in zip(teams, firsts, seconds, strict=True)
    ]
    return Race(timings, quiet)


def _started(contender: Contender) -> tuple[Team | None, float]:
    """Return a team with the seconds of its first turn; None, and why on standard error, if it fails."""
    team = None
    try:
        team = Team(contender)
        return team, team.turn()
    except RuntimeError as error:
        machine.say(f"  left out: {error}")
        if team is not None:
            team.close()
        return None, 0.0


def answer(contender: Contender) -> dict[str, Any]:
    """Start a contender, return the one message it sends after its greeting."""
    worker = Worker(contender)
    try:
        worker.hear()
        worker.tell(do="answer")
        return worker.hear()
    finally:
        worker.close()


@dataclass(frozen=True)
class WholeRun:
    """A process from start to end.

    Args:
        seconds: from before it was started until it was gone.
        cpu_seconds: that its threads computed, which load changes little.
        peak_mib: largest resident memory.
        answer: the JSON object it printed last.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    answer: dict[str, Any]


def whole_run(contender: Contender) -> WholeRun:
    """Run a contender's process to its end.

    Raises:
        RuntimeError: it failed; the message holds its last lines.
    """
    return whole_command(contender.command(), contender.environment, contender.label)


def surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the driver's environment with a contender's, in which Python keeps its bytecode.

    Peers come compiled by pip, as Lamina does for whoever installs it; a checkout is compiled by its
    first process.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **environment}


def whole_command(command: Sequence[str], environment: Mapping[str, str], label: str) -> WholeRun:
    """Run a command to its end; its last line of output, if any, is a JSON object.

    Raises:
        RuntimeError: it failed; the message holds its last lines.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=surroundings(environment),
            stdout=out,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        log.seek(0)
        if process.returncode:
            raise RuntimeError(f"{label} ended with {process.returncode}:\n{log.read()[-3000:]}")
        lines = out.read().strip().splitlines()
    return WholeRun(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
        answer=json.loads(lines[-1]) if lines else {},
    )
