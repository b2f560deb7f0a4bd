"""Runs that are killed, interrupted, refused, damaged and resumed again, in any order: what must hold holds.

    python -m tests.faults.machine --count 300

Hypothesis draws the order. The model knows, of the run that nothing happened to, the state after every
chunk; every checkpoint of the other run has to be one of them, and its end the same bytes. Processes
are not really killed here (`tests.faults.kill` does that): from some call of the disk on nothing more
is written.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.faults.count import counting
from tests.faults.disks import FailingDisk, Killed, TrappedDisk
from tests.faults.kill import write_data

import lamina
from lamina.core import manifest, storage
from lamina.core.errors import ArtifactError, Interrupted, LaminaError, RunError, RunLockedError
from lamina.core.tree import named_arrays
from lamina.data.source import read
from lamina.network.artifact import to_files
from lamina.runs import resume
from lamina.runs import run as running
from lamina.runs.folder import RunFolder
from lamina.runs.start import start_run
from lamina.train.loop.callbacks import Callback
from lamina.train.safeguard.background import BackgroundWriter
from lamina.train.safeguard.checkpoint import Checkpoints, Snapshot

COMMON = {"preset": "fast", "epochs": 8, "batch_size": 32, "chunk": 2, "numeric": "standard", "size": 8}
MODELS: dict[str, dict[str, object]] = {
    "mlp": {"model": "mlp", "dropout": 0.2, "ema": 0.9, "schedule": "cosine"},
    "tabm-mini": {"model": "tabm-mini", "members": 2, "optimizer": "muon", "dropout": 0.1},
    "resnet-tabular": {"model": "resnet-tabular", "schedule": "plateau", "plateau_patience": 1},
}
MOST_CALLS = 120  # of the disk; a whole run makes 130, or 270 with a checkpoint after every chunk
SAVE_CALLS = 12
WEIGHTS = ("model.safetensors", "schema.json")
HAPPENINGS = ("kill", "interrupt", "refuse once", "refuse for good")
DAMAGES = ("flip", "cut", "lose", "add")
met: Counter[str] = Counter()


class Watcher(Callback):
    """Notes the state of a run wherever a checkpoint may be taken."""

    def __init__(self) -> None:
        self.states: dict[tuple[int, int, int], str] = {}

    def on_chunk_end(self, step: int, run: Any) -> None:
        self._note(run.snapshot())

    def on_epoch_end(self, epoch: int, logs: Any, run: Any) -> None:
        self._note(run.snapshot())

    def _note(self, snapshot: Snapshot) -> None:
        self.states[where(snapshot)] = state_digest(snapshot)


class Reference:
    """The run that nothing happened to.

    Args:
        keys: of the run.
    """

    def __init__(self, keys: dict[str, object]):
        watcher = Watcher()
        with tempfile.TemporaryDirectory() as parent:
            table = read(str(write_data(Path(parent) / "houses.csv")))
            out = Path(parent) / "run"
            done = start_run(table, target="sold", keys=keys, out=out, callbacks=[watcher])
            self.files = network_files(done.folder)
        self.states, self.network = watcher.states, done.fitted.network


def where(snapshot: Snapshot) -> tuple[int, int, int]:
    """Return the place of a state in its run."""
    return snapshot.place["step"], snapshot.place["epoch"], snapshot.place["done"]


def state_digest(snapshot: Snapshot) -> str:
    """Return the SHA-256 of everything in a state but the clock's seconds."""
    history = {name: values for name, values in snapshot.place["history"].items() if name != "seconds"}
    place = {**snapshot.place, "history": history, "spent": 0.0, "step_seconds": 0.0}
    found = hashlib.sha256(json.dumps(place, sort_keys=True, default=float).encode())
    for name, array in sorted(snapshot.arrays.items()):
        found.update(f"{name} {array.dtype} {array.shape}".encode() + np.asarray(array, order="C").tobytes())
    good = "" if snapshot.good is None else state_digest(snapshot.good)
    return found.hexdigest() + good


def network_files(folder: Path) -> list[bytes]:
    """Return what must be the same of two networks of the same run."""
    return [(folder / "network" / name).read_bytes() for name in WEIGHTS]


@cache
def reference(name: str, seed: int = 0) -> Reference:
    """Return the run of a model that nothing happened to."""
    with stand_ins([]):
        return Reference({**COMMON, **MODELS[name], "seed": seed})


@contextlib.contextmanager
def stand_ins(acknowledged: list[str]) -> Iterator[None]:
    """Replace what would hinder: the report, processes that live on after a kill, and the writer's freedom.

    Args:
        acknowledged: is given the name of each checkpoint that was written whole.
    """
    begin_writing, write = BackgroundWriter.begin, Checkpoints._write

    def at_once(self: BackgroundWriter, work: Callable[[], object]) -> None:
        begin_writing(self, work)
        if self._thread is not None:  # so that every call of the disk has the same number in every try
            self._thread.join()

    def noted(self: Checkpoints, snapshot: Snapshot) -> Path:
        path = write(self, snapshot)
        acknowledged.append(path.name)
        return path

    def page(folder: RunFolder, *args: object, **keys: object) -> None:
        storage.write_file(folder.report, b"a page")

    with (
        mock.patch.object(BackgroundWriter, "begin", at_once),
        mock.patch.object(Checkpoints, "_write", noted),
        mock.patch.object(running, "write_report", page),
        mock.patch.object(storage, "_alive", lambda process: False),
    ):
        yield


def trap(happening: str, at: int, code: int) -> storage.Disk:
    """Return a disk at whose N-th call something happens."""
    if happening.startswith("refuse"):
        return FailingDisk(at, code, lasting=happening == "refuse for good")
    return TrappedDisk(at, terminate if happening == "interrupt" else kill)


def kill() -> None:
    raise Killed


def terminate() -> None:
    """Send SIGTERM where somebody listens; elsewhere it ends the process."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        raise Killed
    os.kill(os.getpid(), signal.SIGTERM)


def damage(folder: Path, how: str, which: int, place: float) -> None:
    """Change one file of a folder."""
    files = sorted(folder.iterdir())
    file = files[which % len(files)]
    content = bytearray(file.read_bytes())
    at = int(place * len(content))
    if how == "flip":
        content[at] ^= 1 + which % 255
        file.write_bytes(content)
    elif how == "cut":
        file.write_bytes(content[:at])
    elif how == "lose":
        file.unlink()
    else:
        (folder / "more.bin").write_bytes(b"more")


class RunMachine(RuleBasedStateMachine):
    """One run folder and one shelf with a saved network, and what is known of them."""

    models = tuple(MODELS)

    @initialize(model=st.integers(0, 99), every=st.sampled_from(["1", "0.000001s"]))
    def begin(self, model: int, every: str) -> None:
        name = self.models[model % len(self.models)]
        self.reference = reference(name)
        self.keys = {**COMMON, **MODELS[name], "seed": 0, "checkpoint_every": every}
        self.root = Path(tempfile.mkdtemp(prefix="lamina-machine-"))
        self.data = write_data(self.root / "houses.csv")
        self.run, self.shelf = self.root / "run", self.root / "shelf" / "net"
        self.shelved: dict[str, bytes] | None = None
        self._forget()

    def _forget(self) -> None:
        self.floor = 0  # the step that must not be lost
        self.damaged: set[str] = set()  # checkpoints
        self.network_is_damaged = False

    def teardown(self) -> None:
        if not hasattr(self, "root"):
            return
        try:
            self.network_is_damaged = False
            shutil.rmtree(self.run / "network", ignore_errors=True)
            assert self._train(storage.Disk()) == "ended"
        finally:
            shutil.rmtree(self.root)

    @property
    def checkpoints(self) -> list[Path]:
        return sorted((self.run / "checkpoints").glob("step-*"))

    @property
    def whole(self) -> list[int]:
        return [int(path.name[5:]) for path in self.checkpoints if path.name not in self.damaged]

    @rule(
        happening=st.sampled_from(HAPPENINGS),
        at=st.sampled_from(range(1, MOST_CALLS)),
        code=st.sampled_from([errno.ENOSPC, errno.EIO, errno.EACCES]),
    )
    def train(self, happening: str, at: int, code: int) -> None:
        """Begin the run or go on with it until something happens."""
        met[f"{happening}: {self._train(trap(happening, at, code))}"] += 1

    def _train(self, disk: storage.Disk) -> str:
        acknowledged: list[str] = []
        with stand_ins(acknowledged), mock.patch.object(storage, "disk", disk):
            ended = self._outcome()
        note(f"{ended}, acknowledged {acknowledged}")
        for name in acknowledged:
            self.damaged.discard(name)
            self.floor = int(name[5:])
        if not (self.run / "config.toml").is_file():  # there is no run yet
            assert not acknowledged
            shutil.rmtree(self.run, ignore_errors=True)
        if ended == "interrupted":
            assert acknowledged and self.floor == max(self.whole)
        if ended == "ended":
            self.network_is_damaged = False
            self.load()
        return ended

    def _outcome(self) -> str:
        try:
            if (self.run / "config.toml").is_file():
                done = resume.resume(self.run)
            else:
                done = self._begin(self.run)
        except Killed:
            return "killed"
        except Interrupted as error:
            assert error.exit_code == 130 and f"lamina resume {self.run}" in str(error)
            return "interrupted"
        except LaminaError as error:
            assert "could not be written" in str(error) or "cannot be made" in str(error), error
            return "refused"
        return "nothing to do" if done is None else "ended"

    def _begin(self, out: Path) -> running.Finished:
        return start_run(read(str(self.data)), target="sold", keys=self.keys, out=out)

    @precondition(lambda self: self.whole)
    @rule(
        count=st.integers(1, 2),
        how=st.sampled_from(DAMAGES),
        which=st.integers(0, 999),
        place=st.floats(0, 0.999),
    )
    def damage_newest_checkpoints(self, count: int, how: str, which: int, place: float) -> None:
        """What was acknowledged before them is what is left."""
        for step in self.whole[-count:]:
            path = self.run / "checkpoints" / f"step-{step:09d}"
            damage(path, how, which, place)
            self.damaged.add(path.name)
        self.floor = max(self.whole, default=0)
        met[f"checkpoints damaged: {count}"] += 1

    @precondition(lambda self: (self.run / "network").is_dir() and not self.network_is_damaged)
    @rule(how=st.sampled_from(DAMAGES), which=st.integers(0, 999), place=st.floats(0, 0.999))
    def damage_network(self, how: str, which: int, place: float) -> None:
        damage(self.run / "network", how, which, place)
        self.network_is_damaged = True
        met["network damaged"] += 1

    @precondition(lambda self: (self.run / "network").is_dir())
    @rule()
    def throw_network_away(self) -> None:
        """The run can write it again."""
        shutil.rmtree(self.run / "network")
        self.network_is_damaged = False
        met["network thrown away"] += 1

    @precondition(lambda self: (self.run / "network").is_dir())
    @rule()
    def throw_run_away(self) -> None:
        """Another one begins in its place."""
        shutil.rmtree(self.run)
        self._forget()
        met["run thrown away"] += 1

    @precondition(lambda self: (self.run / "config.toml").is_file())
    @rule()
    def load(self) -> None:
        """The network of the run that nothing happened to, or an error of ours; never another one."""
        there = (self.run / "network").is_dir() and not self.network_is_damaged
        try:
            found = named_arrays(lamina.load(self.run).model)
        except ArtifactError:
            assert not there
            met["nothing to load"] += 1
            return
        assert there
        expected = named_arrays(self.reference.network.model)
        assert found.keys() == expected.keys()
        assert all(found[name].tobytes() == expected[name].tobytes() for name in expected)
        met["loaded"] += 1

    @rule(
        other=st.booleans(),
        happening=st.sampled_from(HAPPENINGS),
        at=st.integers(1, SAVE_CALLS),
        code=st.sampled_from([errno.ENOSPC, errno.EIO]),
    )
    def save_over(self, other: bool, happening: str, at: int, code: int) -> None:
        """The shelf holds the network it held or the one that was saved, whole."""
        network = (reference("mlp", 1) if other else self.reference).network
        ended = "saved"
        try:
            with mock.patch.object(storage, "disk", trap(happening, at, code)):
                network.save(self.shelf, overwrite=True)
        except (Killed, RunError) as error:
            ended = type(error).__name__
        with mock.patch.object(storage, "_alive", lambda process: False):
            storage.clear_pending(self.shelf.parent)
        found = manifest.read_folder(self.shelf) if self.shelf.is_dir() else None
        new = to_files(network)
        assert found in ((new,) if ended == "saved" else (self.shelved, new))
        self.shelved = found
        met[f"saved over: {ended}"] += 1

    @precondition(lambda self: (self.run / "config.toml").is_file())
    @rule()
    def take_lock(self) -> None:
        """Nothing is changed while somebody else uses the folder."""
        with RunFolder(self.run):
            before = _times(self.run)
            for act in (resume.resume, self._begin):
                with pytest.raises(RunLockedError):
                    act(self.run)
            assert _times(self.run) == before
        met["lock kept"] += 1

    @invariant()
    def checkpoints_are_states_of_the_run(self) -> None:
        """The newest whole one is found, with a warning for each passed over; none lost, none a mixture."""
        if not hasattr(self, "root"):
            return
        said: list[str] = []
        found = Checkpoints(self.run / "checkpoints").latest(warn=said.append)
        step = 0 if found is None else found.place["step"]
        assert step == max(self.whole, default=0) and step >= self.floor, (step, self.whole, self.floor)
        assert len(said) == len([path for path in self.checkpoints if int(path.name[5:]) > step])
        assert all("checkpoint passed over" in text for text in said)
        if found is not None:
            assert self.reference.states[where(found)] == state_digest(found)

    @invariant()
    def network_is_that_of_the_run(self) -> None:
        """Whole, and the bytes of the run that nothing happened to."""
        if hasattr(self, "root") and (self.run / "network").is_dir() and not self.network_is_damaged:
            assert network_files(self.run) == self.reference.files


def _times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def simulate(
    count: int, *, machine: type[RunMachine] = RunMachine, number: int | None = None, steps: int = 20
) -> dict[str, int]:
    """Let Hypothesis draw so many sequences; return what was met.

    Args:
        count: how many.
        machine: whose rules.
        number: seed of the draws; without, they are the same each time.
        steps: of a sequence at most.
    """
    met.clear()
    chosen = settings(
        max_examples=count,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=number is None,
        phases=(Phase.generate,),  # to make a sequence shorter takes longer than to read it
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine if number is None else seed(number)(machine), settings=chosen)
    return dict(met)


if __name__ == "__main__":
    counting(__doc__, 300, lambda count, number: simulate(count, number=number))
