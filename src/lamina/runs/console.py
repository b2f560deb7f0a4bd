"""What a run prints: on a terminal or stream, and with times into its log."""

from __future__ import annotations

import datetime
import shutil
import textwrap
from pathlib import Path
from typing import TextIO

from lamina.core import storage

LABEL = 10  # width of the names at the left
WIDEST = 100


class Console:
    """Prints lines to a stream and keeps them for the log of the run folder.

    Lines printed before there is a folder wait, so the log begins at the beginning.

    Args:
        stream: where a person reads along, or None for nobody.

    Example:
        >>> import sys
        >>> Console(sys.stdout).field("model", "mlp")
        model     mlp
    """

    def __init__(self, stream: TextIO | None = None):
        self.stream = stream
        self._log: Path | None = None
        self._waiting: list[str] = []

    @property
    def is_terminal(self) -> bool:
        """Whether a person sees lines appear, so that one may be updated in place."""
        return self.stream is not None and self.stream.isatty()

    def keep_in(self, path: Path) -> None:
        """Write what was printed so far to a log, and from now on every line."""
        self._log = path
        for line in self._waiting:
            storage.append_file(path, line.encode("utf-8", "backslashreplace"))
        self._waiting = []

    def print(self, text: str = "", *, indent: str = "") -> None:
        """Print some lines; on a terminal long ones are wrapped.

        Args:
            text: one line or several.
            indent: what wrapped lines begin with.
        """
        self._show("\n".join(self._wrapped(line, indent) for line in text.split("\n")))
        self.record(text)

    def field(self, name: str, text: str) -> None:
        """Print a name and what belongs to it, the texts of all fields below each other."""
        self.print(f"{name:<{LABEL}}{text}", indent=" " * LABEL)

    def record(self, text: str) -> None:
        """Write lines to the log only."""
        now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        lines = "".join(f"{now}  {line}".rstrip() + "\n" for line in text.split("\n"))
        if self._log is None:
            self._waiting.append(lines)
        else:
            storage.append_file(self._log, lines.encode("utf-8", "backslashreplace"))

    def _show(self, text: str) -> None:
        if self.stream is None:
            return
        try:
            print(text, file=self.stream, flush=True)
        except UnicodeEncodeError:
            encoding = self.stream.encoding or "ascii"
            print(text.encode(encoding, "replace").decode(encoding), file=self.stream, flush=True)
        except (BrokenPipeError, OSError):
            self.stream = None  # nobody reads any more; the run goes on, the log has it all

    def _wrapped(self, line: str, indent: str) -> str:
        if not self.is_terminal:
            return line
        width = min(WIDEST, shutil.get_terminal_size().columns)
        if len(line) <= width or width < 40:
            return line
        lead = line[: len(line) - len(line.lstrip())]
        body = textwrap.fill(
            line.lstrip(),
            width,
            initial_indent=lead,
            subsequent_indent=indent or lead + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        return body
