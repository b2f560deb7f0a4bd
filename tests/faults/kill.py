"""Runs killed at random moments: each goes on, loses nothing acknowledged, and ends with the same bytes.

    python -m tests.faults.kill --count 1000

Every run is killed one to ten times with SIGKILL, then left to end; its weights are compared with
those of the run of the same keys that was never killed. Runs are forked from a process that has
imported everything but computed nothing.
"""

from __future__ import annotations

import csv
import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from tests.faults.count import counting

from lamina.runs import resume
from lamina.runs import run as running
from lamina.runs.start import start_run
from lamina.train.safeguard.checkpoint import Checkpoints

COMMON = {
    "preset": "fast",
    "epochs": 10,
    "batch_size": 32,
    "chunk": 2,
    "checkpoint_every": 1,
    "numeric": "standard",
}
KEYS: tuple[dict[str, object], ...] = (
    {"model": "mlp", "size": 16, "dropout": 0.2, "ema": 0.9, "schedule": "cosine"},
    {
        "model": "resnet-tabular",
        "size": 16,
        "schedule": "plateau",
        "plateau_patience": 1,
        "optimizer": "lion",
    },
    {"model": "tabm-mini", "size": 16, "members": 4, "optimizer": "muon", "dropout": 0.1},
    {"model": "ft-transformer", "size": 16, "depth": 1, "schedule": "one-cycle"},
    {"model": "logistic", "optimizer": "schedule-free", "patience": 3},
    {"model": "mlp", "size": 8, "folds": 2, "epochs": 5, "accumulate": 2, "clip": 1.0},
)


@dataclass
class Outcome:
    """What happened over all runs.

    Args:
        kills: how many processes were killed.
        runs: how many runs ended.
        early: kills before the run had a folder to go on from.
        lost: acknowledged checkpoints that were gone after a kill.
        different: runs whose weights were not those of the run never killed.
        unrecoverable: runs that could not go on.
    """

    kills: int = 0
    runs: int = 0
    early: int = 0
    lost: int = 0
    different: int = 0
    unrecoverable: int = 0


@dataclass(frozen=True)
class Reference:
    """A run that was never killed.

    Args:
        keys: of the run.
        seconds: how long it took.
        digest: SHA-256 of its weights.
    """

    keys: dict[str, object]
    seconds: float
    digest: str


def write_data(path: Path, *, rows: int = 240) -> Path:
    """Write a small table: two numbers, a category, a label, some values missing."""
    chance = random.Random(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["size", "age", "town", "sold"])
        for _ in range(rows):
            size, age, town = chance.gauss(0, 1), chance.random(), chance.choice("abc")
            sold = "yes" if size + (town == "a") - age + chance.gauss(0, 0.5) > 0 else "no"
            writer.writerow([f"{size:.3f}", "" if chance.random() < 0.1 else f"{age:.3f}", town, sold])
    return path


def _child(data: Path, folder: Path, keys: dict[str, object]) -> None:
    """Begin the run, or go on with it."""
    from lamina.data.source import read

    running.write_report = lambda *args, **keywords: None  # its images take longer than the training
    if (folder / "config.toml").exists():
        resume.resume(folder)
    else:
        start_run(read(str(data)), target="sold", keys=dict(keys), out=folder)


def start(data: Path, folder: Path, keys: dict[str, object]) -> int:
    """Fork a process that begins the run or goes on with it; return its number."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        _child(data, folder, keys)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def newest(folder: Path) -> int:
    """Return the step of the newest checkpoint of the newest network, 0 without one."""
    places = [folder / "checkpoints", *sorted((folder / "checkpoints").glob("network-*"))]
    steps = [path.name.removeprefix("step-") for place in places for path in place.glob("step-*")]
    return max((int(step) for step in steps), default=0)


def digest(folder: Path) -> str:
    """Return the SHA-256 of the weights of a run that has ended."""
    return hashlib.sha256((folder / "network" / "model.safetensors").read_bytes()).hexdigest()


def kill_once(process: int, folder: Path, delay: float, outcome: Outcome) -> bool:
    """Kill a process after a while; return whether it was still running."""
    ends, done, status = time.monotonic() + delay, 0, 0
    while time.monotonic() < ends and not done:  # it may end before
        time.sleep(min(0.05, max(0.0, ends - time.monotonic())))
        done, status = os.waitpid(process, os.WNOHANG)
    acknowledged = newest(folder)
    if not done:
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
    if os.WIFEXITED(status):
        outcome.unrecoverable += os.WEXITSTATUS(status) != 0
        return False
    outcome.kills += 1
    found = newest(folder)
    places = [folder / "checkpoints", *(folder / "checkpoints").glob("network-*")]
    whole = [Checkpoints(place, keep=9).latest() for place in places]
    step = max((snapshot.place["step"] for snapshot in whole if snapshot is not None), default=0)
    outcome.lost += found < acknowledged or step < acknowledged
    return True


def run_killed(data: Path, folder: Path, reference: Reference, kills: int, outcome: Outcome) -> None:
    """Run once, killed so many times if it lasts so long, and compare its end."""
    keys = reference.keys
    for _ in range(kills):
        delay = random.uniform(0.0, reference.seconds)
        if not kill_once(start(data, folder, keys), folder, delay, outcome):
            break
        if not (folder / "config.toml").exists():
            outcome.early += 1
            shutil.rmtree(folder, ignore_errors=True)
    _, status = os.waitpid(start(data, folder, keys), 0)
    outcome.runs += 1
    if status != 0 or not (folder / "network").is_dir():
        outcome.unrecoverable += 1
    elif digest(folder) != reference.digest:
        outcome.different += 1


def simulate(count: int, *, seed: int = 0) -> Outcome:
    """Kill ``count`` times."""
    random.seed(seed)
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="lamina-kill-") as name:
        root = Path(name)
        data = write_data(root / "houses.csv")
        references = []
        for number, own in enumerate(KEYS):
            keys: dict[str, object] = {**COMMON, **own}
            for attempt in ("cold", "warm"):  # the first one compiles
                began = time.monotonic()
                whole = root / f"whole-{number}-{attempt}"
                os.waitpid(start(data, whole, keys), 0)
            references.append(Reference(keys, time.monotonic() - began, digest(whole)))
        while outcome.kills < count:
            folder = root / f"run-{outcome.runs}"
            kills = min(count - outcome.kills, random.randint(1, 10))
            run_killed(data, folder, references[outcome.runs % len(references)], kills, outcome)
            shutil.rmtree(folder, ignore_errors=True)
    return outcome


def main(count: int, seed: int) -> Outcome:
    """Kill ``count`` times.

    Raises:
        AssertionError: something was lost, differed, or could not go on.
    """
    outcome = simulate(count, seed=seed)
    assert not (outcome.lost or outcome.different or outcome.unrecoverable), outcome
    return outcome


if __name__ == "__main__":
    counting(__doc__, 1000, main)
