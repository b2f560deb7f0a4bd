"""Damaged artifacts: every changed byte is noticed.

    python -m tests.faults.damage --count 100000

changes as many random single bytes of an artifact with 20 MB of weights, one at a time. The
folder is checked as `lamina.load` checks it, before anything is parsed.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tests.faults.count import counting

from lamina.core import manifest, storage
from lamina.core.errors import ArtifactError

LARGE = 20_000_000  # bytes of weights


class Unnoticed(AssertionError):
    """A damaged folder was read as if it were whole."""


def check_noticed(folder: Path, what: str) -> None:
    """Raise Unnoticed unless the folder is refused."""
    try:
        manifest.read_folder(folder)
    except ArtifactError:
        return
    raise Unnoticed(f"{folder}: {what}")


def changed_bytes(file: Path, places: Iterator[int], chance: random.Random) -> Iterator[str]:
    """Change the bytes at some places, one at a time, each to a random other value; yield what was done."""
    with file.open("r+b", buffering=0) as stream:
        for place in places:
            stream.seek(place)
            old = stream.read(1)[0]
            new = (old + chance.randrange(1, 256)) % 256
            for value in (new, old):
                stream.seek(place)
                stream.write(bytes([value]))
                if value == new:
                    yield f"{file.name}, byte {place}: {old} became {new}"


def large(parent: Path) -> Path:
    """Write a folder as large as that of a large network; what the bytes are is not looked at."""
    weights = np.random.default_rng(0).bytes(LARGE)
    files = {"model.safetensors": weights, "config.json": b"{}" * 500, "schema.json": b"[]" * 5000}
    return storage.write_folder(parent / "large", files)


def damage(count: int, seed: int = 0) -> dict[str, int]:
    """Change ``count`` random bytes of a large artifact, one at a time.

    Returns:
        How many changes each file took.

    Raises:
        Unnoticed: one was not noticed.
    """
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as parent:
        folder = large(Path(parent))
        files = sorted(folder.iterdir())
        sizes = [file.stat().st_size for file in files]
        drawn = chance.choices(files, [size + 200_000 for size in sizes], k=count)  # small files get some too
        met = {file.name: drawn.count(file) for file in files}
        for file, size in zip(files, sizes, strict=True):
            places = (chance.randrange(size) for _ in range(met[file.name]))
            for what in changed_bytes(file, places, chance):
                check_noticed(folder, what)
        manifest.read_folder(folder)  # and whole it is read
    return met


if __name__ == "__main__":
    counting(__doc__, 1000, lambda count, seed: f"all noticed: {damage(count, seed)}")
