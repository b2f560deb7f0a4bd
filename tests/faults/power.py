"""Power cuts: after each the old or the new state is there, never a mixture; nothing acknowledged is lost.

    python -m tests.faults.power --count 10000

The disk is simulated: a save goes dark before a random step, and of everything that was not
forced to disk a random part survives (names in any subset, bytes whole, cut, zeroed or garbled).
"""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

import numpy as np
from tests.faults.count import counting
from tests.faults.disks import DarkeningDisk, PowerCut

from lamina.core import manifest, storage
from lamina.core.errors import ArtifactError
from lamina.train.safeguard.checkpoint import Checkpoints, Snapshot

OLD = {"model.safetensors": bytes(range(64)), "config.json": b"{}"}
NEW = {"model.safetensors": bytes(reversed(range(64))), "config.json": b'{"a": 1}', "README.md": b"#"}
MOST_STEPS = 60  # more than any case takes


class Mixture(AssertionError):
    """What was found after the power came back is neither the old state nor the new one."""


def _overwriting(disk: DarkeningDisk, root: Path, done: list[str]) -> None:
    storage.write_folder(root / "runs" / "net", OLD)
    done.append("old")
    storage.write_folder(root / "runs" / "net", NEW, overwrite=True)
    done.append("new")


def _found_network(root: Path, done: list[str]) -> None:
    storage.clear_pending(root / "runs") if (root / "runs").is_dir() else None
    try:
        found = manifest.read_folder(root / "runs" / "net")
    except ArtifactError as error:
        if done or (root / "runs" / "net" / manifest.MANIFEST).is_file():
            raise Mixture(f"after {done}: {error}") from error
        return
    if found not in (OLD, NEW) or (done == ["old", "new"] and found != NEW):
        raise Mixture(f"after {done}: {sorted(found)}")


def _checkpointing(disk: DarkeningDisk, root: Path, done: list[str]) -> None:
    saved = Checkpoints(root / "checkpoints", keep=2)
    for step in (1, 2, 3, 4):
        saved.write(_snapshot(step))
        done.append(str(step))


def _snapshot(step: int) -> Snapshot:
    return Snapshot({"model.weight": np.full(5, step, np.float32)}, {"step": step, "history": {}})


def _found_checkpoint(root: Path, done: list[str]) -> None:
    folder = root / "checkpoints"
    storage.clear_pending(folder) if folder.is_dir() else None
    found = Checkpoints(folder).latest()
    step = 0 if found is None else found.place["step"]
    if step < len(done) or (found is not None and (found.arrays["model.weight"] != step).any()):
        raise Mixture(f"after {done}: step {step}")


CASES = {"save": (_overwriting, _found_network), "checkpoints": (_checkpointing, _found_checkpoint)}


def one(seed: int, folder: Path) -> str:
    """Cut the power once; return the name of the case.

    Raises:
        Mixture: what was found is neither old nor new.
    """
    chance = random.Random(seed)
    name = chance.choice(list(CASES))
    act, look = CASES[name]
    before, after = folder / "before", folder / "after"
    before.mkdir()
    disk, done = DarkeningDisk(before, chance.randrange(MOST_STEPS), exchanges=chance.random() < 0.5), []
    kept, storage.disk = storage.disk, disk
    try:
        act(disk, before, done)
    except PowerCut:
        pass
    finally:
        storage.disk = kept
    disk.lay_down(after, chance)
    look(after, done)
    return name


def simulate(count: int, *, seed: int = 0) -> dict[str, int]:
    """Cut the power ``count`` times; return how often each case was met.

    Raises:
        Mixture: naming the seed.
    """
    met = dict.fromkeys(CASES, 0)
    alive, storage._alive = storage._alive, lambda process: False
    try:
        for number in range(seed, seed + count):
            folder = Path(tempfile.mkdtemp(prefix="lamina-power-"))
            try:
                met[one(number, folder)] += 1
            except Mixture as error:
                raise Mixture(f"seed {number}: {error}") from error
            finally:
                shutil.rmtree(folder)
    finally:
        storage._alive = alive
    return met


if __name__ == "__main__":
    counting(__doc__, 10_000, lambda count, seed: simulate(count, seed=seed))
