"""The machine: what it is, and whether it is idle enough to be measured on.

``python -m benchmarks.machine`` prints both.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

BUSY_LOAD = 0.5
LARGEST_FOREIGN_SHARE = 0.1  # cores that others may use during a contest
LEAST_SHARE = 0.97  # of a core that a spinning process must get
SPIN = """
import time
end = time.perf_counter() + 0.5
wall, used = time.perf_counter(), time.process_time()
while time.perf_counter() < end:
    pass
print((time.process_time() - used) / (time.perf_counter() - wall))
"""


def say(text: str) -> None:
    """Print progress where it does not mix with results."""
    print(text, file=sys.stderr, flush=True)


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Return the processor's name, with family and model where the name says little."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor() or platform.machine()
    fields = {}
    for line in path.read_text().split("\n\n", 1)[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    name = fields.get("model name", platform.machine())
    return f"{name} (family {fields.get('cpu family', '?')} model {fields.get('model', '?')})"


def describe() -> str:
    """Return processor, cores, memory and system in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processor()}, {cores()} cores, {memory:.0f} GiB, {platform.system()}"


def spin_shares() -> list[float]:
    """Spin on every core at once; return the share of a core that each process got."""
    command = [sys.executable, "-S", "-c", SPIN]
    spinning = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(cores())]
    return [float(process.communicate()[0]) for process in spinning]


def reasons_against() -> list[str]:
    """Return why the machine is too busy to be measured on; nothing when it is idle."""
    found = []
    if os.getloadavg()[0] > BUSY_LOAD:
        found.append(f"the load is {os.getloadavg()[0]:.2f}, above {BUSY_LOAD}")
    share = min(spin_shares())
    if share < LEAST_SHARE:
        found.append(f"a spinning process got only {share:.0%} of a core")
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--force`` and ``--wait``."""
    parser.add_argument("--force", action="store_true", help="measure on a busy machine; nothing is recorded")
    parser.add_argument(
        "--wait", type=float, default=240.0, help="seconds to wait for the load to fall (default %(default)s)"
    )


def is_idle(*, force: bool, wait: float) -> bool:
    """Return whether the machine is idle, after waiting for it; False only under ``force``.

    Raises:
        SystemExit: it is busy, and not forced.
    """
    end = time.monotonic() + (0 if force else wait)
    while os.getloadavg()[0] > BUSY_LOAD and time.monotonic() < end:
        say(f"waiting for the load to fall: {os.getloadavg()[0]:.2f}")
        time.sleep(min(10.0, max(0.1, end - time.monotonic())))
    reasons = reasons_against()
    if not reasons:
        return True
    say("the machine is busy: " + "; ".join(reasons))
    if force:
        return False
    raise SystemExit("refused: under load the peers' barriers cost more than ours (--force to look anyway)")


class Watch:
    """Measures how much of the processors others use while a contest runs (Linux only, else nothing).

    Args:
        pids: processes of the contest that live through it.
    """

    def __init__(self, pids: Sequence[int] = ()):
        self.pids = tuple(pids)
        self._began = time.perf_counter()
        self._busy, self._own = _busy_seconds(), self._own_seconds()

    def _own_seconds(self) -> float:
        return sum(os.times()[:4]) + sum(_process_seconds(pid) for pid in self.pids)

    def is_quiet(self) -> bool:
        """Return whether others used less than a tenth of a core since the watch began."""
        others = (_busy_seconds() - self._busy) - (self._own_seconds() - self._own)
        share = others / max(1e-9, time.perf_counter() - self._began)
        quiet = share <= LARGEST_FOREIGN_SHARE
        if not quiet:
            say(f"the machine became busy: others used {share:.2f} cores during the contest")
        return quiet


def _busy_seconds() -> float:
    """Return the seconds that all processors have been busy, stolen time included; 0 where unknown."""
    path = Path("/proc/stat")
    lines = path.read_text().splitlines() if path.exists() else []
    if sum(line.startswith("cpu") for line in lines) - 1 != cores():
        return 0.0  # a container that sees the processors of others
    user, nice, system, _, _, interrupt, soft, stolen, *_ = (int(field) for field in lines[0].split()[1:])
    return (user + nice + system + interrupt + soft + stolen) / os.sysconf("SC_CLK_TCK")


def _process_seconds(pid: int) -> float:
    """Return the processor seconds of a live process."""
    path = Path(f"/proc/{pid}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()  # the name before it may hold spaces
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    print(describe())
    print("; ".join(reasons_against()) or "idle")
