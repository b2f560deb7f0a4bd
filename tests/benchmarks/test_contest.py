"""Contests: turns are interleaved, a contender that cannot run is left out, whole runs are weighed."""

from __future__ import annotations

import sys

import pytest
from benchmarks import contest
from benchmarks.contest import Contender

WORKER = """
from benchmarks import worker
channel = worker.Channel()
print("noise on standard output")
channel.send(versions="echo 1")
while True:
    channel.receive()
    channel.send(seconds={seconds})
"""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contenders run the code in their options."""
    monkeypatch.setattr(Contender, "command", lambda self: [sys.executable, "-c", self.options["code"]])
    monkeypatch.setattr(contest, "SETTLE", 0.0)


def worker(name: str, seconds: float, copies: int = 1) -> Contender:
    code = WORKER.format(seconds=seconds)
    return Contender(name, "as it is", sys.executable, "none", {"code": code}, copies=copies)


@pytest.mark.usefixtures("scripted")
def test_race_counts_turns_and_finds_the_fastest():
    race = contest.race([worker("ours", 1.0), worker("peer", 3.0), worker("peer", 2.0, copies=2)], turns=3)
    assert [len(timing.seconds) for timing in race.timings] == [3, 3, 3]
    assert race.best("peer").seconds == (2.0, 2.0, 2.0)
    assert race.best("ours").versions == "echo 1"


@pytest.mark.usefixtures("scripted")
def test_race_leaves_out_who_cannot_run(capsys: pytest.CaptureFixture[str]):
    broken = Contender("peer", "broken", sys.executable, "none", {"code": "raise SystemExit('no torch')"})
    race = contest.race([worker("ours", 1.0), broken], turns=1)
    assert [timing.contender.name for timing in race.timings] == ["ours"]
    assert "no torch" in capsys.readouterr().err


def test_whole_command_weighs_the_process():
    code = "import json; a = bytes(50_000_000); print(json.dumps({'accuracy': 0.5}))"
    run = contest.whole_command([sys.executable, "-c", code], {}, "big")
    assert run.answer == {"accuracy": 0.5}
    assert run.peak_mib > 45
    assert run.seconds > 0


def test_whole_command_shows_why_it_failed():
    with pytest.raises(RuntimeError, match=r"big ended with 1:\n(.|\n)*no luck"):
        contest.whole_command([sys.executable, "-c", "raise ValueError('no luck')"], {}, "big")
