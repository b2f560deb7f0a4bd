"""One thread that writes while training goes on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from types import TracebackType


class BackgroundWriter:
    """Does one job at a time in a thread; what goes wrong there is raised at the next call.

    Leaving its ``with`` waits for the job, and raises what went wrong in it unless something else did.

    Example:
        >>> writer, seen = BackgroundWriter(), []
        >>> writer.begin(lambda: seen.append("written"))
        >>> writer.finish()
        >>> seen, writer.is_busy
        (['written'], False)
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a job is being done."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, job: Callable[[], object]) -> None:
        """Begin a job, after the one before has ended.

        Args:
            job: called without arguments.
        """
        self.finish()

        def work() -> None:
            try:
                job()
            except BaseException as error:
                self._error = error

        self._thread = threading.Thread(target=work, name="lamina-checkpoint")
        self._thread.start()

    def finish(self) -> None:
        """Wait for the job, and raise what went wrong in it."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __enter__(self) -> BackgroundWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.nullcontext() if error is None else contextlib.suppress(Exception):
            self.finish()
