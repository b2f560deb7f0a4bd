"""The sets of images of the quality rows, each as one .npz with its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import datasets

Parts = dict[str, np.ndarray]  # x_train, y_train, x_test, y_test, perhaps x_valid, y_valid
VALID = 0.1  # share of the training rows that validate where there are no official ones


@dataclass(frozen=True)
class ImageSet:
    """One set.

    Args:
        read: returns the parts from a path.
        place: of its data, below ``$LAMINA_DATA``; empty where an option names the file.
        task: as `lamina.fit` calls it.
    """

    read: Callable[[Path], Parts]
    place: str
    task: str = "multiclass"


def read_idx_folder(folder: Path) -> Parts:
    """Return the parts of a folder in the format of MNIST."""
    found = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        found[f"x_{part}"] = datasets.read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
        found[f"y_{part}"] = datasets.read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    return found


def read_medical(folder: Path) -> Parts:
    """Return the parts of PneumoniaMNIST, whose validation rows are official."""
    data, found = datasets.load(str(folder / "pneumoniamnist.npz")), {}
    for part, prefix in (("train", "train"), ("valid", "val"), ("test", "test")):
        found[f"x_{part}"] = data[f"{prefix}_images"]
        found[f"y_{part}"] = data[f"{prefix}_labels"].ravel()
    return found


def read_cifar(path: Path) -> Parts:
    """Return the parts of the file that `cifar` writes."""
    data = datasets.load(str(path))
    return {name: data[name] for name in ("x_train", "y_train", "x_test", "y_test")}


SETS = {
    "mnist": ImageSet(read_idx_folder, "mnist"),
    "fashion_mnist": ImageSet(read_idx_folder, "fashion_mnist"),
    "pneumoniamnist": ImageSet(read_medical, "pneumoniamnist", task="binary"),
    "cifar10": ImageSet(read_cifar, ""),
}


def source(name: str, cifar: Path | None) -> Path:
    """Return where a set lies.

    Raises:
        SystemExit: there is nothing; says what to set.
    """
    if name == "cifar10":
        if cifar is None or not cifar.exists():
            raise SystemExit("--cifar PATH names the .npz that `python -m benchmarks.cifar` writes")
        return cifar
    return datasets.found(SETS[name].place)


def with_valid(parts: Parts, seed: int) -> Parts:
    """Return the parts with validation rows: official ones, else a tenth of the training rows by the seed."""
    if "x_valid" in parts:
        return parts
    order = np.random.default_rng(seed).permutation(len(parts["x_train"]))
    count = round(VALID * len(order))
    cut = {"valid": np.sort(order[:count]), "train": np.sort(order[count:])}
    own = {f"{name}_{part}": parts[f"{name}_train"][rows] for part, rows in cut.items() for name in "xy"}
    return {**parts, **own}


def write_split(
    name: str, path: Path, *, seed: int, valid_only: bool, cifar: Path | None, most: int | None
) -> None:
    """Write a set as .npz.

    Args:
        name: of the set.
        path: the file to write.
        seed: decides which rows validate.
        valid_only: leave the test rows out altogether.
        cifar: the file of the whole CIFAR-10.
        most: rows to keep of each part; None keeps all.
    """
    parts = with_valid(SETS[name].read(source(name, cifar)), seed)
    kept = {key: array[:most] for key, array in parts.items() if not (valid_only and key.endswith("test"))}
    np.savez(path, **kept)
