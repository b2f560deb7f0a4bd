"""The manifest of a folder: what makes every change of a saved file provable.

It names each file with its size and SHA-256, and the version of the format. Reading checks
all of it before anything is parsed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamina.core import strict_json
from lamina.core.errors import ArtifactError

MANIFEST = "MANIFEST.json"
FORMAT_VERSION = 2
MOST_MANIFEST = 1 << 20  # bytes; ours have some hundred
IGNORED = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".git", ".gitattributes"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COPY = "copy the folder again, whole, from where it was saved"


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


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of some files: format version, and size and SHA-256 of each."""
    entries = {
        name: {"bytes": len(content), "sha256": digest(content)} for name, content in sorted(files.items())
    }
    return to_json({"format_version": FORMAT_VERSION, "files": entries})


def read_folder(path: str | os.PathLike[str]) -> dict[str, bytes]:
    """Return every file of a folder of the present format, each checked against the manifest.

    Raises:
        ArtifactError: as `read_versioned`, or the format is older than the present one.
    """
    version, files = read_versioned(path)
    if version < FORMAT_VERSION:
        raise too_old(version, FORMAT_VERSION, str(path))
    return files


def read_versioned(path: str | os.PathLike[str]) -> tuple[int, dict[str, bytes]]:
    """Return the format version of a folder, and every file after checking each against the manifest.

    Nothing but the files that the manifest names is opened, no link is followed, and no more
    is read of a file than its size in the manifest. A file that the manifest does not name is
    refused, but for what file managers and Git leave everywhere (`IGNORED`).

    Raises:
        ArtifactError: no manifest, a newer format, a file missing, added, altered or cut short.
    """
    path = Path(path)
    if not os.path.isdir(path):
        raise ArtifactError("no such folder", where=str(path), fix="give the folder that was saved")
    version, entries = _entries(path / MANIFEST)
    try:
        found = {item.name for item in path.iterdir()} - {MANIFEST}
    except OSError as error:
        raise _unreadable(path, error) from error
    for name in sorted((found - IGNORED) ^ set(entries)):
        state = "is missing" if name in entries else "is not in the manifest"
        raise ArtifactError(f"file {state}", where=str(path / name), fix=_COPY)
    return version, {name: _checked(path / name, entry) for name, entry in entries.items()}


def too_old(version: int, oldest: int, where: str | None = None) -> ArtifactError:
    """Return the error for a format that this version of Lamina cannot read any more."""
    return ArtifactError(
        "was written by an older Lamina, in a format that is not read any more",
        where=where,
        expected=f"format {oldest} to {FORMAT_VERSION}",
        received=version,
        fix="load and save it with the Lamina that wrote it, then with each one after",
    )


def _entries(place: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the format version and the entries of a manifest that is exactly as it was written."""
    if not os.path.lexists(place):
        where, fix = str(place.parent), "give the folder that was saved"
        raise ArtifactError("not a saved network: it has no manifest", where=where, fix=fix)
    size = _size(place)
    if size > MOST_MANIFEST:
        raise _wrong_size(place, f"{MOST_MANIFEST} bytes at most", size)
    content = _read(place, size)
    stored = strict_json.parse(content, where=str(place))
    version = stored.get("format_version") if isinstance(stored, dict) else None
    if type(version) is int and version > FORMAT_VERSION:
        raise ArtifactError(
            "was written by a newer version of Lamina",
            where=str(place),
            expected=f"format {FORMAT_VERSION} or older",
            received=version,
            fix="pip install --upgrade lamina",
        )
    if type(version) is not int or version < 0 or not _is_plain(stored):
        raise ArtifactError("the manifest names what no artifact holds", where=str(place), fix=_COPY)
    entries = dict(sorted(stored["files"].items()))
    if content != to_json({"format_version": version, "files": entries}):
        raise ArtifactError("the manifest was altered", where=str(place), fix=_COPY)
    return version, entries


def _is_plain(stored: dict[str, Any]) -> bool:
    """Return whether a manifest holds names of files, sizes and digests, and nothing else."""
    files = stored.get("files")
    return (
        set(stored) == {"format_version", "files"}
        and isinstance(files, dict)
        and all(_NAME.fullmatch(name) and name != MANIFEST for name in files)
        and all(isinstance(entry, dict) and set(entry) == {"bytes", "sha256"} for entry in files.values())
        and all(type(entry["bytes"]) is int for entry in files.values())
        and all(isinstance(entry["sha256"], str) for entry in files.values())
    )


def _checked(path: Path, entry: Mapping[str, Any]) -> bytes:
    size = _size(path)
    if size != entry["bytes"]:
        raise _wrong_size(path, f"{entry['bytes']} bytes", size)
    content = _read(path, size)
    received = digest(content)
    if received != entry["sha256"]:
        raise ArtifactError(
            "file was altered: its SHA-256 differs from the manifest's",
            where=str(path),
            expected=entry["sha256"][:64],
            received=received,
            fix=_COPY,
        )
    return content


def _size(path: Path) -> int:
    """Return the size of a plain file, before it is opened: a pipe would wait, a device never end."""
    try:
        status = path.lstat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        expected, received = "a file", "a link, a folder or a device"
        raise ArtifactError(
            "is no plain file", where=str(path), expected=expected, received=received, fix=_COPY
        )
    return status.st_size


def _read(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise _unreadable(path, error) from error


def _wrong_size(path: Path, expected: str, size: int) -> ArtifactError:
    received = f"{size} bytes"
    return ArtifactError(
        "file has the wrong size", where=str(path), expected=expected, received=received, fix=_COPY
    )


def _unreadable(path: Path, error: OSError) -> ArtifactError:
    reason = error.strerror or error
    return ArtifactError(
        f"cannot be read ({reason})", where=str(path), fix="see whether it may be read, and by whom"
    )
