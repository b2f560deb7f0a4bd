"""Files appear whole or not at all, and every change is noticed."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from lamina.core import storage
from lamina.core.errors import ArtefactError, RunError

FILES = {"a.bin": bytes(range(200)), "b.json": storage.to_json({"x": 1})}


class FailingDisk(storage.Disk):
    """Fails the N-th call with an error, as a full or broken disk does."""

    def __init__(self, fail_at: int, code: int):
        self.calls, self.fail_at, self.code = 0, fail_at, code

    def _count(self):
        self.calls += 1
        if self.calls == self.fail_at:
            raise OSError(self.code, os.strerror(self.code))

    def write(self, path: Path, content: bytes) -> None:
        self.calls += 1
        if self.calls == self.fail_at:
            path.write_bytes(content[: len(content) // 2])  # torn
            raise OSError(self.code, os.strerror(self.code))
        super().write(path, content)

    def make_folder(self, path: Path) -> None:
        self._count()
        super().make_folder(path)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def sync_folder(self, path: Path) -> None:
        self._count()
        super().sync_folder(path)

    def remove(self, path: Path) -> None:
        self._count()
        super().remove(path)


def test_written_is_read(tmp_path):
    path = storage.write_folder(tmp_path / "net", FILES)
    assert storage.read_folder(path) == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


def test_nothing_is_overwritten_unasked(tmp_path):
    storage.write_folder(tmp_path / "net", FILES)
    with pytest.raises(RunError, match="already exists"):
        storage.write_folder(tmp_path / "net", {"a.bin": b"new"})
    storage.write_folder(tmp_path / "net", {"a.bin": b"new"}, overwrite=True)
    assert storage.read_folder(tmp_path / "net") == {"a.bin": b"new"}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("fail_at", range(1, 11))
def test_whatever_call_fails_old_or_new_is_there_whole(tmp_path, monkeypatch, fail_at, code):
    storage.write_folder(tmp_path / "net", {"a.bin": b"old"})
    disk = FailingDisk(fail_at, code)
    monkeypatch.setattr(storage, "disk", disk)
    try:
        storage.write_folder(tmp_path / "net", FILES, overwrite=True)
        failed = False
    except RunError as error:
        failed, message = True, str(error)
    monkeypatch.setattr(storage, "disk", storage.Disk())
    assert failed == (disk.calls >= fail_at)
    assert not failed or "could not be written" in message
    assert storage.read_folder(tmp_path / "net") in ({"a.bin": b"old"}, FILES)


def test_every_changed_byte_is_noticed(tmp_path):
    path = storage.write_folder(tmp_path / "net", FILES)
    for file in path.iterdir():
        content = file.read_bytes()
        for place in range(len(content)):
            changed = bytearray(content)
            changed[place] ^= 1 << (place % 8)
            file.write_bytes(bytes(changed))
            try:
                found = storage.read_folder(path)
            except ArtefactError:
                continue
            assert found == FILES  # only a change in the manifest's white space may pass
            assert file.name == storage.MANIFEST
        file.write_bytes(content)


@pytest.mark.parametrize(
    "change", ["truncate", "append", "remove", "add", "link", "empty manifest", "no manifest"]
)
def test_damage_is_refused(tmp_path, change):
    path = storage.write_folder(tmp_path / "net", FILES)
    target = path / "a.bin"
    if change == "truncate":
        target.write_bytes(FILES["a.bin"][:-1])
    elif change == "append":
        target.write_bytes(FILES["a.bin"] + b"x")
    elif change == "remove":
        target.unlink()
    elif change == "add":
        (path / "c.bin").write_bytes(b"")
    elif change == "link":
        (tmp_path / "elsewhere").write_bytes(FILES["a.bin"])
        target.unlink()
        target.symlink_to(tmp_path / "elsewhere")
    elif change == "empty manifest":
        (path / storage.MANIFEST).write_bytes(b"")
    else:
        (path / storage.MANIFEST).unlink()
    with pytest.raises(ArtefactError):
        storage.read_folder(path)


def test_a_newer_format_is_refused_politely(tmp_path):
    path = storage.write_folder(tmp_path / "net", FILES)
    manifest = json.loads((path / storage.MANIFEST).read_bytes())
    (path / storage.MANIFEST).write_bytes(storage.to_json(manifest | {"format_version": 99}))
    with pytest.raises(ArtefactError, match=r"(?s)newer version of Lamina.*pip install"):
        storage.read_folder(path)


def test_no_path_leaves_the_folder(tmp_path):
    path = storage.write_folder(tmp_path / "net", FILES)
    manifest = json.loads((path / storage.MANIFEST).read_bytes())
    manifest["files"]["../secret"] = manifest["files"]["a.bin"]
    (path / storage.MANIFEST).write_bytes(storage.to_json(manifest))
    with pytest.raises(ArtefactError, match="no artefact holds"):
        storage.read_folder(path)


def test_what_a_killed_process_left_is_cleared(tmp_path):
    (tmp_path / ".pending-999999999-net").mkdir()
    (tmp_path / f".pending-{os.getpid()}-net").mkdir()
    assert storage.clear_pending(tmp_path) == [".pending-999999999-net"]
    assert (tmp_path / f".pending-{os.getpid()}-net").exists()
