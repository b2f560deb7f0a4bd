"""The folder of one run: where everything lies, made once and never overwritten."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from types import TracebackType

from lamina.core import storage
from lamina.core.errors import ConfigError, RunError, RunLockedError
from lamina.runs.lock import Lock, is_locked

LONGEST_NAME = 40


class RunFolder:
    """An existing run folder, locked for this process until it is closed.

    The lock is on ``log.txt``, which every run has, so that it adds no file of its own; it
    goes with the process that holds it.

    Args:
        path: the folder.

    Raises:
        RunLockedError: another process is using it.
        ConfigError: it cannot be written to.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            self._lock = Lock(self.log)
        except BlockingIOError:
            raise RunLockedError(
                "in use by another process",
                where=str(self.path),
                fix="wait until it has ended, or choose another folder",
            ) from None
        except OSError as error:
            raise _refused(self.path, error) from error

    @property
    def config(self) -> Path:
        """Every key, resolved."""
        return self.path / "config.toml"

    @property
    def metrics(self) -> Path:
        """A row per epoch."""
        return self.path / "metrics.csv"

    @property
    def report(self) -> Path:
        """The page for a person."""
        return self.path / "report.html"

    @property
    def figures(self) -> Path:
        """The figures of the report, as PNG."""
        return self.path / "figures"

    @property
    def log(self) -> Path:
        """What was said, with times."""
        return self.path / "log.txt"

    @property
    def checkpoints(self) -> Path:
        """The newest states, to go on from."""
        return self.path / "checkpoints"

    @property
    def network(self) -> Path:
        """The artifact."""
        return self.path / "network"

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


def make_folder(path: str | Path) -> RunFolder:
    """Make a run folder; its parents are made if need be.

    Args:
        path: must not exist, or be an empty folder.

    Raises:
        ConfigError: something lies there already, or the place cannot be written to.
        RunLockedError: another process is using it.
    """
    path = Path(path)
    check_free(path)
    try:
        storage.make_folder(path, exist_ok=True)
    except OSError as error:
        raise _refused(path, error) from error
    folder = RunFolder(path)
    left = {item.name for item in path.iterdir()} - {folder.log.name}
    if left or folder.log.stat().st_size:  # another process was quicker
        folder._lock.release()
        raise _taken(path)
    return folder


def make_numbered_folder(parent: str | Path, stem: str) -> RunFolder:
    """Make ``parent/stem-<n>`` with the first free number after those that exist.

    Args:
        parent: where runs lie.
        stem: the name without its number.

    Raises:
        ConfigError: the place cannot be written to.
    """
    parent = Path(parent)
    try:
        storage.make_folder(parent, exist_ok=True)
        number = 1 + max((_number(item.name, stem) for item in parent.iterdir()), default=0)
        while True:
            try:
                return RunFolder(storage.make_folder(parent / f"{stem}-{number}"))
            except FileExistsError:
                number += 1
    except OSError as error:
        raise _refused(parent, error) from error


def check_free(path: str | Path) -> None:
    """Refuse a place where something lies, so that nothing is read or trained in vain.

    Raises:
        ConfigError: it exists and is no empty folder.
        RunLockedError: it is a run that another process is writing.
    """
    path = Path(path)
    try:
        if not os.path.lexists(path) or (path.is_dir() and not any(path.iterdir())):
            return
    except OSError as error:
        raise _refused(path, error) from error
    if is_locked(path / "log.txt"):
        raise RunLockedError("in use by another process", where=str(path), fix="choose another folder")
    raise _taken(path)


def run_name(source: str, model: str) -> str:
    """Return the name of a run without its number: what was learned from, and by which model.

    Example:
        >>> run_name("data/wine quality.csv.gz", "mlp"), run_name("<stdin>", "mlp")
        ('wine-quality-mlp', 'stdin-mlp')
    """
    name = Path(source.strip("<>")).name
    stem = name.removesuffix(".gz").rpartition(".")[0] or name
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", stem).strip("-.")[:LONGEST_NAME]
    return f"{plain or 'data'}-{re.sub(r'[^A-Za-z0-9._]+', '-', model)}"


def _number(name: str, stem: str) -> int:
    tail = name.removeprefix(f"{stem}-")
    return int(tail) if name != tail and tail.isdecimal() else 0


def _taken(path: Path) -> ConfigError:
    fix = "choose another name for --out"
    if (path / "config.toml").is_file():
        fix += f", or go on with it: lamina resume {path}"
    return ConfigError("already exists, and nothing is ever overwritten", where=str(path), fix=fix)


def _refused(path: Path, error: OSError) -> ConfigError | RunError:
    text = f"cannot be made ({error.strerror or error})"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(text, where=str(path), fix="free some space")
    return ConfigError(text, where=str(path), fix="choose another place with --out")


def clear_leftovers(folder: RunFolder) -> list[str]:
    """Remove what a killed process left half written; return the names."""
    places = [
        folder.path,
        *([folder.checkpoints, *folder.checkpoints.glob("*/")] if folder.checkpoints.is_dir() else []),
    ]
    return [name for place in places for name in storage.clear_pending(place)]
