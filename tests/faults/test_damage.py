"""Every way in which a saved network can be damaged is noticed; more by ``python -m tests.faults.damage``."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults import damage
from tests.faults.artifacts import network

from lamina.core import manifest
from lamina.core.errors import ArtifactError
from lamina.network.load import load

pytestmark = pytest.mark.faults

NAMES = ["MANIFEST.json", "README.md", "config.json", "model.safetensors", "schema.json"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return network(scale="standard", size=2, depth=1).save(tmp_path / "net")


@pytest.mark.parametrize("name", NAMES)
def test_every_changed_byte_of_a_small_artifact_is_noticed(folder, name):
    file = folder / name
    size = file.stat().st_size
    count = 0
    for what in damage.changed_bytes(file, iter(range(size)), random.Random(0)):
        with pytest.raises(ArtifactError):
            load(folder)
            pytest.fail(what)
        count += 1
    assert count == size
    load(folder)


def test_random_bytes_of_a_large_artifact():
    assert sum(damage.damage(60).values()) == 60


def test_what_is_not_noticed_is_said(folder):
    with pytest.raises(damage.Unnoticed, match="nothing at all"):
        damage.check_noticed(folder, "nothing at all")


def _swap(folder: Path, one: str, other: str) -> None:
    (folder / one).rename(folder / "between")
    (folder / other).rename(folder / one)
    (folder / "between").rename(folder / other)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [0, 1, 0.5, -1])
def test_a_truncated_file_is_noticed(folder, name, length):
    content = (folder / name).read_bytes()
    cut = int(len(content) * length) if isinstance(length, float) else length
    (folder / name).write_bytes(content[:cut])
    with pytest.raises(ArtifactError, match=re.escape(name)):
        load(folder)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("more", [b"\0", b"\n", b" " * 5000])
def test_appended_bytes_are_noticed(folder, name, more):
    with (folder / name).open("ab") as file:
        file.write(more)
    with pytest.raises(ArtifactError, match=re.escape(name)):
        load(folder)


OTHERS: dict[str, tuple[Callable[[Path], object], str]] = {
    f"no {name}": (lambda folder, name=name: (folder / name).unlink(), f"{name}: file is missing")
    for name in NAMES[1:]
} | {
    "no manifest": (lambda folder: (folder / "MANIFEST.json").unlink(), "it has no manifest"),
    "a file more": (lambda folder: (folder / "model.pkl").write_bytes(b""), "model.pkl: file is not in"),
    "a folder more": (lambda folder: (folder / "data").mkdir(), "data: file is not in the manifest"),
    "swapped": (lambda folder: _swap(folder, "config.json", "schema.json"), "wrong size"),
    "swapped manifest": (lambda folder: _swap(folder, "config.json", "MANIFEST.json"), "no artifact holds"),
    "another's": (lambda folder: _another(folder), "SHA-256 differs"),
    "renamed": (lambda folder: (folder / "schema.json").rename(folder / "Schema.json"), "chema.json: file"),
}  # fmt: skip


def _another(folder: Path) -> None:
    """Put weights of another network of the same shape in place."""
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-4] + b"\0\0\x80\x3f")


@pytest.mark.parametrize("name", OTHERS)
def test_files_that_are_not_those_that_were_saved(folder, name):
    change, said = OTHERS[name]
    change(folder)
    with pytest.raises(ArtifactError, match=said):
        load(folder)


def test_two_artifacts_with_each_others_manifest(folder, tmp_path):
    other = network("multiclass", scale="standard", size=2, depth=1).save(tmp_path / "other")
    (tmp_path / manifest.MANIFEST).write_bytes((folder / manifest.MANIFEST).read_bytes())
    (folder / manifest.MANIFEST).write_bytes((other / manifest.MANIFEST).read_bytes())
    with pytest.raises(ArtifactError):
        load(folder)
