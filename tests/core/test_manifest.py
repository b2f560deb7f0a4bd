"""Every change of a saved folder is noticed before anything is parsed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lamina.core import manifest, storage
from lamina.core.errors import ArtifactError

FILES = {"a.bin": bytes(range(200)), "b.json": manifest.to_json({"x": 1})}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return storage.write_folder(tmp_path / "net", FILES)


def rewritten(folder: Path, change) -> None:
    """Change what the manifest says, and write it as Lamina does."""
    place = folder / manifest.MANIFEST
    stored = json.loads(place.read_bytes())
    place.write_bytes(manifest.to_json(change(stored) or stored))


def test_what_is_written_is_read(folder):
    assert manifest.read_folder(folder) == FILES
    assert manifest.read_versioned(str(folder)) == (manifest.FORMAT_VERSION, FILES)


def test_every_changed_byte_is_noticed(folder):
    for file in folder.iterdir():
        content = file.read_bytes()
        for place in range(len(content)):
            changed = bytearray(content)
            changed[place] ^= 1 << (place % 8)
            file.write_bytes(bytes(changed))
            with pytest.raises(ArtifactError):
                manifest.read_folder(folder)
        file.write_bytes(content)


def _link(folder: Path, name: str) -> None:
    (folder.parent / "elsewhere").write_bytes((folder / name).read_bytes())
    (folder / name).unlink()
    (folder / name).symlink_to(folder.parent / "elsewhere")


def _pipe(folder: Path) -> None:
    (folder / "a.bin").unlink()
    os.mkfifo(folder / "a.bin")


def _swap(folder: Path) -> None:
    a, b = (folder / "a.bin").read_bytes(), (folder / "b.json").read_bytes()
    (folder / "a.bin").write_bytes(b)
    (folder / "b.json").write_bytes(a)


DAMAGE = {
    "cut short": (lambda f: (f / "a.bin").write_bytes(FILES["a.bin"][:-1]), "200 bytes, got 199 bytes"),
    "made longer": (lambda f: (f / "a.bin").write_bytes(FILES["a.bin"] + b"x"), "got 201 bytes"),
    "altered": (lambda f: (f / "a.bin").write_bytes(bytes(200)), "SHA-256 differs.*expected 1901da1c.*got"),
    "removed": (lambda f: (f / "a.bin").unlink(), "a.bin: file is missing"),
    "added": (lambda f: (f / "c.bin").write_bytes(b""), "c.bin: file is not in the manifest"),
    "folder added": (lambda f: (f / "c").mkdir(), "c: file is not in the manifest"),
    "link": (lambda f: _link(f, "a.bin"), "a.bin: is no plain file"),
    "link for a manifest": (lambda f: _link(f, manifest.MANIFEST), "is no plain file"),
    "pipe": (_pipe, "is no plain file"),
    "swapped": (_swap, "wrong size"),
    "empty manifest": (lambda f: (f / manifest.MANIFEST).write_bytes(b""), "not the JSON"),
    "no manifest": (lambda f: (f / manifest.MANIFEST).unlink(), "it has no manifest"),
    "huge manifest": (lambda f: (f / manifest.MANIFEST).write_bytes(b" " * (1 << 21)), "1048576 bytes"),
    "blank in the manifest": (
        lambda f: (f / manifest.MANIFEST).write_bytes((f / manifest.MANIFEST).read_bytes() + b" "),
        "the manifest was altered",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused(folder, name):
    change, said = DAMAGE[name]
    change(folder)
    with pytest.raises(ArtifactError, match=f"(?s){said}.*fix: "):
        manifest.read_folder(folder)


def test_what_systems_leave_in_a_folder_is_passed_over(folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / ".git").mkdir()
    assert manifest.read_folder(folder) == FILES


@pytest.mark.parametrize("version", [manifest.FORMAT_VERSION + 1, 99, 10**30])
def test_a_newer_format_is_refused_politely(folder, version):
    rewritten(folder, lambda stored: stored | {"format_version": version, "news": []})
    with pytest.raises(
        ArtifactError, match=r"(?s)was written by a newer version of Lamina.*pip install --upgrade"
    ):
        manifest.read_folder(folder)


def test_an_older_format_is_for_those_who_migrate(folder):
    rewritten(folder, lambda stored: stored | {"format_version": 0})
    assert manifest.read_versioned(folder) == (0, FILES)
    with pytest.raises(
        ArtifactError, match=r"(?s)an older Lamina.*expected format 2 to 2, got 0.*fix: load and save"
    ):
        manifest.read_folder(folder)


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "/etc/passwd",
        "..",
        ".",
        "",
        "a/b",
        "a\\b",
        "a\0",
        "C:a",
        ".x",
        "x" * 101,
        "MANIFEST.json",
    ],
)
def test_no_name_leaves_the_folder(folder, name):
    rewritten(folder, lambda stored: stored["files"].update({name: stored["files"]["a.bin"]}))
    with pytest.raises(ArtifactError, match="names what no artifact holds"):
        manifest.read_folder(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": True},
        {"format_version": "1"},
        {"format_version": -1},
        {"format_version": None},
        {"files": []},
        {"files": {"a.bin": 3}},
        {"files": {"a.bin": {"bytes": 200}}},
        {"files": {"a.bin": {"bytes": "200", "sha256": ""}}},
        {"files": {"a.bin": {"bytes": True, "sha256": ""}}},
        {"files": {"a.bin": {"bytes": 200, "sha256": 3}}},
        {"more": 1},
    ],
)
def test_a_manifest_of_another_form_is_refused(folder, change):
    rewritten(folder, lambda stored: stored | change)
    with pytest.raises(ArtifactError, match="names what no artifact holds"):
        manifest.read_folder(folder)


def test_a_manifest_that_is_no_object_is_refused(folder):
    (folder / manifest.MANIFEST).write_bytes(b"[]\n")
    with pytest.raises(ArtifactError, match="names what no artifact holds"):
        manifest.read_folder(folder)


def test_there_must_be_a_folder(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for name in ("none", "file", "nul\0"):
        with pytest.raises(ArtifactError, match="no such folder"):
            manifest.read_folder(tmp_path / name)


@pytest.mark.parametrize("function", ["open", "lstat", "iterdir"])
def test_a_system_that_refuses_is_quoted(folder, monkeypatch, function):
    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, function, refuse)
    with pytest.raises(ArtifactError, match=r"(?s)cannot be read \(Permission denied\).*fix: "):
        manifest.read_folder(folder)
