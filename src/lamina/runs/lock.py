"""One process a run folder: an advisory lock that goes with the process that holds it."""

from __future__ import annotations

import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none; Lamina runs there under WSL only
    fcntl = None  # type: ignore[assignment]


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
        if fcntl is None:
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.release()
            if isinstance(error, BlockingIOError):
                raise
            # a file system without locks: better a run without one than no run

    def release(self) -> None:
        """Let the file go; the second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_locked(path: Path) -> bool:
    """Return whether a process holds a file, this one included; a file that is absent is free."""
    if not path.is_file():
        return False
    try:
        lock = Lock(path)
    except BlockingIOError:
        return True
    except OSError:
        return False
    lock.release()
    return False
