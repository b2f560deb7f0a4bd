"""Files appear whole or not at all, whatever call the disk refuses."""

from __future__ import annotations

import errno
import os
import sys

import pytest
from tests.faults.disks import CODES, FailingDisk, counted, every_fault

from lamina.core import manifest, storage
from lamina.core.errors import RunError

OLD = {"a.bin": b"old"}
NEW = {"a.bin": bytes(range(200)), "b.json": manifest.to_json({"x": 1})}


def test_written_is_read(tmp_path):
    path = storage.write_folder(tmp_path / "deep" / "er" / "net", NEW)
    assert manifest.read_folder(path) == NEW
    assert [p.name for p in path.parent.iterdir()] == ["net"]


def test_nothing_is_overwritten_unasked(tmp_path):
    storage.write_folder(tmp_path / "net", NEW)
    with pytest.raises(RunError, match="already exists"):
        storage.write_folder(tmp_path / "net", OLD)
    storage.write_folder(tmp_path / "net", OLD, overwrite=True)
    assert manifest.read_folder(tmp_path / "net") == OLD
    assert [p.name for p in tmp_path.iterdir()] == ["net"]


@pytest.mark.parametrize("exchanges", [True, False])
def test_whatever_call_fails_old_or_new_is_there_whole(tmp_path, monkeypatch, exchanges):
    """Every call of an overwriting save, refused once or from then on."""
    disk = counted(exchanges=exchanges)
    storage.write_folder(tmp_path / "net", OLD)
    monkeypatch.setattr(storage, "disk", disk)
    storage.write_folder(tmp_path / "net", NEW, overwrite=True)
    assert disk.calls > 5
    for number, (fail_at, code, lasting) in enumerate(every_fault(disk.calls)):
        place = tmp_path / str(number) / "net"
        monkeypatch.setattr(storage, "disk", storage.Disk())
        storage.write_folder(place, OLD)
        faulty = FailingDisk(fail_at, CODES[code], lasting=lasting, exchanges=exchanges)
        monkeypatch.setattr(storage, "disk", faulty)
        try:
            storage.write_folder(place, NEW, overwrite=True)
            failed = False
        except RunError as error:
            assert "could not be written" in str(error)
            failed = True
        monkeypatch.setattr(storage, "disk", storage.Disk())
        monkeypatch.setattr(storage, "_alive", lambda process: False)
        storage.clear_pending(place.parent)
        assert [p.name for p in place.parent.iterdir()] == ["net"]
        assert manifest.read_folder(place) in (OLD, NEW)
        assert failed or manifest.read_folder(place) == NEW


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("fail_at", range(1, 5))
def test_a_file_is_the_old_or_the_new_one(tmp_path, monkeypatch, fail_at, code):
    path = storage.write_file(tmp_path / "config.toml", b"old")
    monkeypatch.setattr(storage, "disk", FailingDisk(fail_at, CODES[code]))
    try:
        storage.write_file(path, b"new and longer")
    except RunError as error:
        assert "could not be written" in str(error)
    assert path.read_bytes() in (b"old", b"new and longer")
    assert [item.name for item in tmp_path.iterdir()] == ["config.toml"]


def test_a_line_that_cannot_be_added_is_said(tmp_path, monkeypatch):
    storage.append_file(tmp_path / "log.txt", b"one\n")
    monkeypatch.setattr(storage, "disk", FailingDisk(1, errno.ENOSPC))
    with pytest.raises(RunError, match="No space left"):
        storage.append_file(tmp_path / "log.txt", b"two\n")
    assert (tmp_path / "log.txt").read_bytes() == b"one\n"


def test_a_folder_is_made_once(tmp_path):
    assert storage.make_folder(tmp_path / "a" / "b").is_dir()
    assert storage.make_folder(tmp_path / "a" / "b", exist_ok=True).is_dir()
    with pytest.raises(FileExistsError):
        storage.make_folder(tmp_path / "a" / "b")


def test_a_removed_folder_is_gone_at_once_or_still_whole(tmp_path, monkeypatch):
    storage.write_folder(tmp_path / "net", OLD)
    monkeypatch.setattr(storage, "disk", FailingDisk(1, errno.EACCES))
    storage.remove_folder(tmp_path / "net")
    assert manifest.read_folder(tmp_path / "net") == OLD
    monkeypatch.setattr(storage, "disk", FailingDisk(2, errno.EACCES))
    storage.remove_folder(tmp_path / "net")
    assert [p.name for p in tmp_path.iterdir()] == [f".pending-{os.getpid()}-gone-net"]
    monkeypatch.setattr(storage, "disk", storage.Disk())
    storage.write_folder(tmp_path / "net", OLD)
    storage.remove_folder(tmp_path / "net")


def test_what_a_killed_process_left_is_cleared(tmp_path):
    (tmp_path / ".pending-999999999-net").mkdir()
    (tmp_path / f".pending-{os.getpid()}-net").mkdir()
    assert storage.clear_pending(tmp_path) == [".pending-999999999-net"]
    assert (tmp_path / f".pending-{os.getpid()}-net").exists()


def test_what_cannot_be_cleared_stays_for_the_next_start(tmp_path, monkeypatch):
    (tmp_path / ".pending-999999999-net").mkdir()
    monkeypatch.setattr(storage, "disk", FailingDisk(1, errno.EACCES))
    assert storage.clear_pending(tmp_path) == []
    assert storage.clear_pending(tmp_path) == [".pending-999999999-net"]


def test_an_old_folder_whose_successor_got_no_name_gets_its_own_back(tmp_path):
    storage.write_folder(tmp_path / ".pending-999999999-old-net", OLD)
    assert storage.clear_pending(tmp_path) == []
    assert manifest.read_folder(tmp_path / "net") == OLD
    storage.write_folder(tmp_path / ".pending-999999999-old-net", NEW)
    assert storage.clear_pending(tmp_path) == [".pending-999999999-old-net"]
    assert manifest.read_folder(tmp_path / "net") == OLD


def test_a_process_of_somebody_else_is_alive(monkeypatch):
    def refused(process: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refused)
    assert storage._alive(1)


def test_a_system_without_exchange_or_folder_sync(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_LINUX", False)
    storage.write_folder(tmp_path / "net", OLD)
    storage.write_folder(tmp_path / "net", NEW, overwrite=True)
    assert manifest.read_folder(tmp_path / "net") == NEW
    with pytest.raises(OSError, match=os.strerror(errno.ENOSYS)):
        storage.Disk().exchange(tmp_path, tmp_path)
    monkeypatch.setattr(storage, "_POSIX", False)
    storage.Disk().sync_folder(tmp_path / "nowhere")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="renameat2 is Linux's")
def test_an_exchange_that_the_system_refuses_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        storage.Disk().exchange(tmp_path / "one", tmp_path / "other")
