"""The contender's side of a contest: one JSON message a line, in on stdin, out on stdout.

Imports nothing heavy, so that a contender decides itself what its process loads.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from importlib.metadata import version
from typing import Any

# glibc's mallopt parameters, from malloc.h; the values are those of lamina.core.runtime.keep_memory
_MALLOC = ((-8, 1), (-4, 0), (-1, -1), (-2, 2**26))


def keep_memory() -> bool:
    """Give this process the malloc settings that Lamina gives its own; return whether it worked."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return all([mallopt(name, value) for name, value in _MALLOC])


def options() -> dict[str, Any]:
    """Return what the driver passed as the first argument."""
    return json.loads(sys.argv[1])


def versions(*packages: str) -> str:
    """Return ``"torch 2.13.0, numpy 2.4.6"``."""
    return ", ".join(f"{name} {version(name)}" for name in packages)


class Channel:
    """Speaks with the driver; whatever else the process prints goes to standard error."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)

    def receive(self) -> dict[str, Any]:
        """Wait for a message; end the process when the driver has closed the pipe."""
        line = sys.stdin.readline()
        if not line:
            self._out.flush()
            os._exit(0)  # no farewells: threads of a half-run training may still be at work
        return json.loads(line)

    def send(self, **message: Any) -> None:
        """Send a message."""
        self._out.write(json.dumps(message) + "\n")
