"""Disks that fail: one that refuses its N-th call, one at whose N-th call something happens, and one that
loses what was not forced to disk."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lamina.core.storage import Disk

CODES = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "EACCES": errno.EACCES}


class Killed(BaseException):
    """What kill -9 looks like to the files: from here on nothing more is written."""


class FailingDisk(Disk):
    """Refuses the N-th call, and with it a write is torn in its middle.

    Args:
        fail_at: number of the call, from 1.
        code: the error.
        lasting: whether every later call fails too, as on a full disk.
        exchanges: whether names can be swapped in one step.
    """

    def __init__(self, fail_at: int, code: int, *, lasting: bool = False, exchanges: bool = True):
        self.calls, self.fail_at, self.code = 0, fail_at, code
        self.lasting, self.exchanges = lasting, exchanges

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self.fail_at or (self.lasting and self.calls > self.fail_at):
            raise OSError(self.code, os.strerror(self.code))

    def write(self, path: Path, content: bytes) -> None:
        try:
            self._count()
        except (OSError, Killed):
            path.write_bytes(content[: len(content) // 2])
            raise
        super().write(path, content)

    def append(self, path: Path, content: bytes) -> None:
        self._count()
        super().append(path, content)

    def make_folder(self, path: Path) -> None:
        self._count()
        super().make_folder(path)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def exchange(self, one: Path, other: Path) -> None:
        if not self.exchanges:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._count()
        super().exchange(one, other)

    def sync_folder(self, path: Path) -> None:
        self._count()
        super().sync_folder(path)

    def remove(self, path: Path) -> None:
        self._count()
        super().remove(path)


class TrappedDisk(FailingDisk):
    """Lets something happen at its N-th call.

    Args:
        at: number of the call, from 1.
        act: what happens before it. After it raised `Killed`, every later call raises it too.
    """

    def __init__(self, at: int, act: Callable[[], None]):
        super().__init__(at, errno.EIO)
        self.act, self.dead = act, False

    def _count(self) -> None:
        self.calls += 1
        if self.dead:
            raise Killed
        if self.calls == self.fail_at:
            try:
                self.act()
            except Killed:
                self.dead = True
                raise


class SmallDisk(Disk):
    """Holds so many bytes and no more; what does not fit is torn.

    Args:
        root: the folder that lies on it.
        room: bytes of all files in it.
    """

    def __init__(self, root: Path, room: int):
        self.root, self.room = root, room

    def write(self, path: Path, content: bytes) -> None:
        self._fill(path, content)
        super().write(path, content)

    def append(self, path: Path, content: bytes) -> None:
        self._fill(path, content)
        super().append(path, content)

    def _fill(self, path: Path, content: bytes) -> None:
        left = self.room
        for folder, _, names in os.walk(self.root):  # passes over folders that are no more, unlike rglob
            for name in names:
                with contextlib.suppress(FileNotFoundError):  # the writing thread has just moved it
                    left -= os.stat(os.path.join(folder, name)).st_size
        if len(content) > left:
            super().append(path, content[: max(0, left)])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass
class Inode:
    """A file or folder as the disk knows it.

    Args:
        content: bytes of a file, None for a folder.
        durable: whether the bytes were forced to disk.
        entries: names in a folder that are surely on disk.
        pending: changes of a folder's names since it was last forced to disk: lists of (name, inode or None).
    """

    content: bytes | None = None
    durable: bool = False
    entries: dict[str, Inode] = field(default_factory=dict)
    pending: list[list[tuple[str, Inode | None]]] = field(default_factory=list)

    def names(self) -> dict[str, Inode]:
        """Return the names as a running process sees them."""
        seen = dict(self.entries)
        for change in self.pending:
            _apply(seen, change)
        return seen


def _apply(entries: dict[str, Inode], change: list[tuple[str, Inode | None]]) -> None:
    for name, inode in change:
        if inode is None:
            entries.pop(name, None)
        else:
            entries[name] = inode


class PowerCut(Exception):
    """The machine went dark."""


class DarkeningDisk(Disk):
    """Works on a real folder, keeps a model of what is durable, and goes dark before its N-th step.

    A write is two steps: the bytes, then forcing them to disk.

    Args:
        root: the folder all of it happens in.
        dark_at: number of the step, from 0.
        exchanges: whether names can be swapped in one step.
    """

    def __init__(self, root: Path, dark_at: int, *, exchanges: bool = True):
        self.root, self.dark_at, self.exchanges, self.steps = root, dark_at, exchanges, 0
        self.top = Inode()

    def _step(self) -> None:
        if self.steps >= self.dark_at:
            raise PowerCut
        self.steps += 1

    def _inode(self, path: Path) -> Inode:
        inode = self.top
        for name in path.relative_to(self.root).parts:
            inode = inode.names()[name]
        return inode

    def write(self, path: Path, content: bytes) -> None:
        self._step()
        inode = Inode(content)
        self._inode(path.parent).pending.append([(path.name, inode)])
        path.write_bytes(content)
        self._step()
        inode.durable = True

    def make_folder(self, path: Path) -> None:
        self._step()
        self._inode(path.parent).pending.append([(path.name, Inode())])
        super().make_folder(path)

    def rename(self, old: Path, new: Path) -> None:
        self._step()
        self._inode(old.parent).pending.append([(old.name, None), (new.name, self._inode(old))])
        super().rename(old, new)

    def exchange(self, one: Path, other: Path) -> None:
        if not self.exchanges:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._step()
        first, second = self._inode(one), self._inode(other)
        self._inode(one.parent).pending.append([(one.name, second), (other.name, first)])
        super().exchange(one, other)

    def sync_folder(self, path: Path) -> None:
        self._step()
        inode = self._inode(path)
        inode.entries, inode.pending = inode.names(), []

    def remove(self, path: Path) -> None:
        inode = self._inode(path)
        for name in list(inode.names()) if inode.content is None else ():
            self._step()
            inode.pending.append([(name, None)])
            (path / name).unlink()
        self._step()
        self._inode(path.parent).pending.append([(path.name, None)])
        path.rmdir() if path.is_dir() else path.unlink()

    def lay_down(self, folder: Path, chance: random.Random) -> None:
        """Make what may be found after the power is back: of what was not forced to disk, any part.

        Args:
            folder: a new folder.
            chance: decides which part.
        """
        _lay_down(self.top, folder, chance)


def _lay_down(inode: Inode, path: Path, chance: random.Random) -> None:
    if inode.content is not None:
        content = inode.content
        if not inode.durable:
            cut = chance.randrange(len(content) + 1)
            content = chance.choice([content, content[:cut], bytes(len(content)), content[:cut] + bytes(7)])
        path.write_bytes(content)
        return
    path.mkdir()
    entries = dict(inode.entries)
    for change in inode.pending:
        if chance.random() < 0.5:
            _apply(entries, change)
    for name, child in entries.items():
        _lay_down(child, path / name, chance)


def counted(fail_at: int = 10**9, **keys: bool) -> FailingDisk:
    """Return a disk that never fails and counts."""
    return FailingDisk(fail_at, errno.EIO, **keys)


def every_fault(calls: int) -> list[tuple[int, str, bool]]:
    """Return (call, error, lasting) for every call of so many."""
    return list(itertools.product(range(1, calls + 1), CODES, (False, True)))
