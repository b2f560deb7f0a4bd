"""One process a run folder: an advisory lock that goes with the process that holds it.

The lock is ``flock``'s: the system frees it however the holder ends, it belongs to one open of the file, and
others see it on Linux and macOS alike. The holder's is exclusive. Asking whether a file is held takes a
shared lock for an instant, since ``flock`` cannot ask without taking; whoever wants the exclusive one and is
refused then finds out, by a shared lock of its own, whether it met a holder or only such questions, and in
the second case tries again.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none; Lamina runs there under WSL only
    fcntl = None  # type: ignore[assignment]

MOST_TRIES = 1000  # a question lasts microseconds, so that a second try nearly always succeeds
PAUSE = 1e-4  # seconds between two tries


class Lock:
    """Hold a file for this process; it is made if it does not exist.

    Args:
        path: the file.

    Raises:
        BlockingIOError: another process holds it.
        OSError: it cannot be opened for writing.
    """

    def __init__(self, path: Path):
        self._descriptor: int | None = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666
        )
        if not _hold(self._descriptor):
            self.release()
            raise BlockingIOError(f"{path} is held by another process")

    def release(self) -> None:
        """Let the file go; the second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_locked(path: Path) -> bool:
    """Return whether a process holds a file, this one included; a file that is absent is free.

    It refuses nobody: a `Lock` that is taken at the same instant waits until the answer is known.
    """
    if not path.is_file():
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _take(descriptor, exclusive=False)
    finally:
        os.close(descriptor)


def _hold(descriptor: int) -> bool:
    """Take the exclusive lock, again while only questions are in the way; False where there is a holder."""
    for _ in range(MOST_TRIES):
        if _take(descriptor, exclusive=True):
            return True
        if not _take(descriptor, exclusive=False):
            return False
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # else it would be in the way of others who try again
        time.sleep(PAUSE)
    return False


def _take(descriptor: int, *, exclusive: bool) -> bool:
    """Return whether a lock could be taken now; True on file systems without locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # better a run without a lock than no run
    return True
