"""The only place that writes files: whole or not at all, and provable afterwards.

A folder is written beside its place, every file and then the folder forced to disk,
renamed into place, and the parent forced to disk. A manifest names every file with its
size and SHA-256. After a failed fsync nothing is retried on the same file: the whole
temporary folder is given up.

References:
    Rebello et al. Can applications recover from fsync failures? USENIX ATC 2020.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamina.core.errors import ArtefactError, RunError

MANIFEST = "MANIFEST.json"
FORMAT_VERSION = 1
_PENDING = ".pending-"


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
        """Create a folder."""
        path.mkdir(parents=True)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or folder its final name."""
        os.rename(old, new)

    def sync_folder(self, path: Path) -> None:
        """Force a folder's entries to disk, where the system can."""
        if os.name != "posix":
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


def to_json(value: Any) -> bytes:
    """Return JSON that is the same for the same value: keys as given, floats exact, no NaN.

    Example:
        >>> to_json({"a": 0.5}).decode().split()
        ['{', '"a":', '0.5', '}']
    """
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


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
        raise RunError("already exists", where=str(path), mend="choose another name, or overwrite=True")
    pending = path.parent / f"{_PENDING}{os.getpid()}-{path.name}"
    try:
        if pending.exists():
            disk.remove(pending)
        disk.make_folder(pending)
        for name, content in {**files, MANIFEST: manifest(files)}.items():
            disk.write(pending / name, content)
        disk.sync_folder(pending)
        _replace(pending, path)
        disk.sync_folder(path.parent)
    except OSError as error:
        _give_up(pending)
        raise RunError(
            f"could not be written ({error.strerror or error})",
            where=str(path),
            mend="free some space or choose another place; what was there before is untouched",
        ) from error
    return path


def write_file(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write one file that appears whole or not at all, replacing what was there.

    Raises:
        RunError: the disk refused.
    """
    path = Path(path)
    pending = path.parent / f"{_PENDING}{os.getpid()}-{path.name}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if pending.exists():
            disk.remove(pending)
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


def _replace(pending: Path, path: Path) -> None:
    if not path.exists():
        disk.rename(pending, path)
        return
    old = path.parent / f"{_PENDING}{os.getpid()}-old-{path.name}"
    disk.rename(path, old)
    try:
        disk.rename(pending, path)
    except OSError:
        disk.rename(old, path)
        raise
    disk.remove(old)


def _give_up(pending: Path) -> None:
    try:
        if pending.exists():
            disk.remove(pending)
    except OSError:
        pass  # the next start clears it


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of some files: format version, and size and SHA-256 of each."""
    entries = {
        name: {"bytes": len(content), "sha256": digest(content)} for name, content in sorted(files.items())
    }
    return to_json({"format_version": FORMAT_VERSION, "files": entries})


def read_folder(path: str | os.PathLike[str]) -> dict[str, bytes]:
    """Return every file of a folder after checking each against the manifest.

    Raises:
        ArtefactError: no manifest, a newer format, a file missing, added, altered or cut short.
    """
    path = Path(path)
    entries = _manifest_entries(path)
    found = {item.name for item in path.iterdir()} - {MANIFEST}
    for name in sorted(found ^ set(entries)):
        state = "is missing" if name in entries else "is not in the manifest"
        raise ArtefactError(f"file {state}", where=str(path / name), mend="copy the folder again, whole")
    return {name: _checked(path / name, entry) for name, entry in entries.items()}


def _manifest_entries(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_dir():
        raise ArtefactError("no such folder", where=str(path), mend="give the folder that was saved")
    place = path / MANIFEST
    try:
        stored = json.loads(place.read_bytes())
        version, entries = stored["format_version"], stored["files"]
        plain = all(
            Path(name).name == name and set(entry) == {"bytes", "sha256"} for name, entry in entries.items()
        )
    except FileNotFoundError:
        raise ArtefactError("not a saved network: it has no manifest", where=str(path)) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtefactError(f"the manifest cannot be read ({error})", where=str(place)) from None
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise ArtefactError(
            "written by a newer version of Lamina",
            where=str(place),
            expected=f"format {FORMAT_VERSION} or older",
            received=version,
            mend="pip install --upgrade lamina",
        )
    if not plain:
        raise ArtefactError("the manifest names what no artefact holds", where=str(place))
    return entries


def _checked(path: Path, entry: Mapping[str, Any]) -> bytes:
    size = path.stat().st_size
    if size != entry["bytes"] or path.is_symlink():
        raise ArtefactError(
            "file has the wrong size", where=str(path), expected=f"{entry['bytes']} bytes", received=size
        )
    content = path.read_bytes()
    if digest(content) != entry["sha256"]:
        raise ArtefactError(
            "file was altered: its SHA-256 differs from the manifest's",
            where=str(path),
            mend="copy it again from where it was saved",
        )
    return content


def clear_pending(folder: str | os.PathLike[str]) -> list[str]:
    """Remove what killed processes left unfinished in a folder; return the names."""
    left = []
    for item in Path(folder).glob(f"{_PENDING}*"):
        owner = item.name.removeprefix(_PENDING).partition("-")[0]
        if owner.isdigit() and _alive(int(owner)):
            continue
        disk.remove(item)
        left.append(item.name)
    return left


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
