"""A lock on a file: held by one, seen by all, and never refused because somebody looked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lamina.runs import lock as lock_module
from lamina.runs.lock import Lock, is_locked

START = "import sys, pathlib\nfrom lamina.runs.lock import Lock, is_locked\npath = pathlib.Path(sys.argv[1])"
HOLD = START + "\nlock = Lock(path)\nprint('ready', flush=True)\nsys.stdin.read()"
LOOK = START + "\nprint('ready', flush=True)\nwhile True: is_locked(path)"
TAKE = (
    START + "\nprint('ready', flush=True)\nsys.stdin.readline()\ntry: lock = Lock(path)\n"
    "except BlockingIOError: print('refused', flush=True)\nelse: print('held', flush=True)\n"
    "sys.stdin.readline()"
)


@contextmanager
def process(code: str, path: Path) -> Iterator[subprocess.Popen]:
    """A process that has said that it is ready; killed at the end."""
    started = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,  # never at its end, so that a holder that reads it holds until it is killed
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None and started.stdout.readline() == "ready\n"
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


def test_one_holder(path: Path):
    assert not is_locked(path) and not path.exists()
    lock = Lock(path)
    assert is_locked(path), "also in the process that holds it"
    with pytest.raises(BlockingIOError, match=r"log\.txt is held by another process"):
        Lock(path)
    path.open("a").close()  # as the log does with every line
    assert is_locked(path)
    lock.release()
    lock.release()
    assert not is_locked(path)
    Lock(path).release()


def test_a_holder_elsewhere_until_it_is_killed(path: Path):
    with process(HOLD, path) as holder:
        assert is_locked(path)
        with pytest.raises(BlockingIOError):
            Lock(path)
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    assert not is_locked(path)
    Lock(path).release()


def test_looking_refuses_nobody(path: Path):
    path.touch()
    refused = 0
    with process(LOOK, path), process(LOOK, path):
        for _ in range(2000):
            try:
                lock = Lock(path)
            except BlockingIOError:
                refused += 1
                continue
            assert is_locked(path)
            lock.release()
    assert refused == 0


def test_while_somebody_looks_there_is_one_holder(path: Path):
    lock = Lock(path)
    with process(LOOK, path):
        for _ in range(200):
            assert is_locked(path)
            with pytest.raises(BlockingIOError):
                Lock(path)
    lock.release()


def test_takers_at_once_have_one_winner(path: Path):
    """Those who try again are not in the way of each other for ever: one of them holds it in the end."""
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert all(taker.stdout.readline() == "ready\n" for taker in takers)  # type: ignore[union-attr]
    for taker in takers:
        taker.stdin.write("\n")  # type: ignore[union-attr]
        taker.stdin.flush()  # type: ignore[union-attr]
    answers = sorted(taker.stdout.readline() for taker in takers)  # type: ignore[union-attr]
    for taker in takers:
        taker.communicate("\n")
    assert answers == ["held\n", "refused\n", "refused\n", "refused\n"]


def test_files_that_cannot_be_opened_and_systems_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch):
    assert not is_locked(path.parent)
    path.touch()

    def refuse(*_: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(lock_module.fcntl, "flock", refuse)
    lock = Lock(path)
    assert not is_locked(path)
    lock.release()
    monkeypatch.setattr(lock_module, "fcntl", None)
    Lock(path).release()
    assert not is_locked(path)
