"""The only place that writes files: whole or not at all, and provable afterwards.

A folder is written beside its place, every file and then the folder forced to disk,
renamed into place, and the parent forced to disk. A manifest (`lamina.core.manifest`) makes
every later change provable. After a failed fsync nothing is retried on the same file: the
whole temporary folder is given up.

References:
    Rebello et al. Can applications recover from fsync failures? USENIX ATC 2020.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from lamina.core.errors import RunError
from lamina.core.manifest import MANIFEST, manifest

_PENDING, _OLD = ".pending-", "old-"
_LINUX, _POSIX = sys.platform.startswith("linux"), os.name == "posix"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of fcntl.h and linux/fs.h
_CANNOT_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


class Disk:
    """The system calls that storage makes; a test replaces them to fail, tear or drop one."""

    def write(self, path: Path, content: bytes) -> None:
        """Create a file with this content and force it to disk."""
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def append(self, path: Path, content: bytes) -> None:
        """Add to the end of a file, in one write so that no reader sees half of it."""
        with path.open("ab", buffering=0) as file:
            file.write(content)

    def make_folder(self, path: Path) -> None:
        """Create a folder in one that exists."""
        path.mkdir()

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or folder its final name."""
        os.rename(old, new)

    def exchange(self, one: Path, other: Path) -> None:
        """Swap the names of two folders in one step, where the system can."""
        function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if _LINUX else None
        if function is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        if function(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    def sync_folder(self, path: Path) -> None:
        """Force a folder's entries to disk, where the system can."""
        if not _POSIX:
            return
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove a file or a whole folder."""
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


disk = Disk()


def write_folder(
    path: str | os.PathLike[str], files: Mapping[str, bytes], *, overwrite: bool = False
) -> Path:
    """Write files and their manifest as one folder that appears whole or not at all.

    Args:
        path: the folder to make.
        files: file name → content.
        overwrite: replace what is there; the old folder stays until the new one is whole.

    Raises:
        RunError: the folder exists already, or the disk refused.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise RunError("already exists", where=str(path), fix="choose another name, or overwrite=True")
    pending = _pending(path)
    try:
        _clear(pending)
        _make_parents(path)
        disk.make_folder(pending)
        for name, content in {**files, MANIFEST: manifest(files)}.items():
            disk.write(pending / name, content)
        disk.sync_folder(pending)
        old = _put_in_place(pending, path)
        disk.sync_folder(path.parent)
    except OSError as error:
        _give_up(pending)
        raise RunError(
            f"could not be written ({error.strerror or error})",
            where=str(path),
            fix="free some space or choose another place; what was there before is untouched",
        ) from error
    _give_up(old)  # only now: had it gone before the new name was safe, a power cut could lose both
    return path


def make_folder(path: str | os.PathLike[str], *, exist_ok: bool = False) -> Path:
    """Make a folder and those above it, each entry forced to disk.

    Args:
        path: the folder.
        exist_ok: whether it may be there already.

    Raises:
        OSError: it exists, or the disk refused; the caller knows what it was to be.
    """
    path = Path(path)
    _make_parents(path)
    if not (exist_ok and path.is_dir()):
        disk.make_folder(path)
        disk.sync_folder(path.parent)
    return path


def remove_folder(path: str | os.PathLike[str]) -> None:
    """Remove a folder so that it is never seen in part; the next start clears what can't be removed."""
    path = Path(path)
    gone = _pending(path, "gone-")
    try:
        disk.rename(path, gone)
    except OSError:
        return
    _give_up(gone)


def write_file(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write one file that appears whole or not at all, replacing what was there.

    Raises:
        RunError: the disk refused.
    """
    path = Path(path)
    pending = _pending(path)
    try:
        _make_parents(path)
        _clear(pending)
        disk.write(pending, content)
        disk.rename(pending, path)
        disk.sync_folder(path.parent)
    except OSError as error:
        _give_up(pending)
        raise RunError(f"could not be written ({error.strerror or error})", where=str(path)) from error
    return path


def append_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Add to the end of a file, which is made if need be; for logs, so nothing is forced to disk.

    Raises:
        RunError: the disk refused.
    """
    try:
        disk.append(Path(path), content)
    except OSError as error:
        raise RunError(f"could not be written ({error.strerror or error})", where=str(path)) from error


def _pending(path: Path, kind: str = "") -> Path:
    """Return the name of what is not yet, or no longer, ``path``: of this process, and cleared if it dies."""
    return path.parent / f"{_PENDING}{os.getpid()}-{kind}{path.name}"


def _clear(pending: Path) -> None:
    if pending.exists():
        disk.remove(pending)


def _make_parents(path: Path) -> None:
    """Make the folders above a path; a new entry is forced to disk, or all below it could be lost."""
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another process was first
            disk.make_folder(folder)
        disk.sync_folder(folder.parent)


def _put_in_place(pending: Path, path: Path) -> Path:
    """Give a whole new folder its name; return where the old one lies now, which may be nowhere."""
    old = _pending(path, _OLD)
    if not path.exists():
        disk.rename(pending, path)
        return old
    try:
        disk.exchange(pending, path)
        return pending
    except OSError as error:
        if error.errno not in _CANNOT_EXCHANGE:
            raise
    disk.rename(path, old)  # killed here, the next start gives the old one its name back
    try:
        disk.rename(pending, path)
    except OSError:
        disk.rename(old, path)
        raise
    return old


def _give_up(left: Path) -> None:
    try:
        _clear(left)
    except OSError:
        pass  # the next start clears it


def clear_pending(folder: str | os.PathLike[str]) -> list[str]:
    """Remove what killed processes left unfinished in a folder, and return the names.

    An old folder whose successor never got its name gets it back.
    """
    left = []
    for item in sorted(Path(folder).glob(f"{_PENDING}*")):
        owner, _, name = item.name.removeprefix(_PENDING).partition("-")
        if owner.isdigit() and _alive(int(owner)):
            continue
        place = item.parent / name.removeprefix(_OLD)
        try:
            if name.startswith(_OLD) and not place.exists():
                disk.rename(item, place)
            else:
                disk.remove(item)
                left.append(item.name)
        except OSError:
            continue  # it does no harm, and the next start tries again
    return left


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
