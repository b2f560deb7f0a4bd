"""How much memory there is."""

from __future__ import annotations

import math
import os
from contextlib import suppress

_GROUP_LIMIT = "/sys/fs/cgroup/memory.max"


def total_memory() -> float:
    """Return the bytes of memory of the machine, or of a container with fewer; infinity where unknown.

    Example:
        >>> total_memory() > 1e6
        True
    """
    found = [math.inf]
    with suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(ValueError, OSError), open(_GROUP_LIMIT) as stream:  # of a container; "max" is none
        found.append(int(stream.read()))
    return min(found)
