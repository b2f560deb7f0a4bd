"""Ctrl-C and SIGTERM as a request that is heard at the end of a chunk."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """While entered, the first SIGINT or SIGTERM is remembered; the second one stops at once.

    Does nothing outside the main thread, where no signal arrives. A signal that is ignored
    (as of a job in the background) stays ignored.

    Example:
        >>> with Interruption() as interruption:
        ...     print(interruption.reason())
        None
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    def reason(self) -> str | None:
        """Return ``"interrupted"`` once a signal came."""
        return None if self.signal is None else "interrupted"

    def __enter__(self) -> Interruption:
        if threading.current_thread() is not threading.main_thread():
            return self
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            self._restore()
            raise KeyboardInterrupt
        self.signal = number

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
