"""Fuzzing: nothing but errors of ours comes out, nothing crashes, hangs or takes much memory.

    python -m tests.faults.fuzz_drive TARGET --count 100000 [--seed 0]
    python -m tests.faults.fuzz_drive TARGET --show 12345        # the input of one case
    python -m tests.faults.fuzz_drive TARGET --guided 600        # seconds of Atheris, if it is installed

TARGET is one of `fuzz_targets.TARGETS`. The cases run in child processes, so that an abort is seen
and the case is known. A case is a function of target, seed and number. It is a fault if

- anything but a LaminaError comes out, or the process dies;
- it takes more than `SECONDS` of processor time: on a clock, a machine that others use, or a process that
  somebody stops for a while, would look like a hang. What waits without computing is seen by the parent;
- the peak of the resident memory (VmHWM, reset before each case) lies more than twice the size of
  the input plus `BASE` above what was resident before, a copy that the target takes of the input apart.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

SECONDS = 10.0  # of processor time
TICK, MOST_TICKS = 2.0, 30  # seconds between two looks at a child, and looks at one case
BASE = 64 << 20  # bytes
BATCH = 250_000  # a child needs seconds to start
MOST_FAULTS = 20  # of a batch, after which it ends


class Hang(BaseException):
    """A case took too long."""


def chance_of(target: str, seed: int, number: int) -> random.Random:
    """Return the random numbers that make a case."""
    return random.Random(f"{target} {seed} {number}")


def outcome(run: Any, content: bytes) -> str:
    """Return ``accepted``, ``refused``, or what went wrong."""
    from lamina.core.errors import LaminaError

    try:
        run(content)
    except LaminaError:
        return "refused"
    except Hang:
        return f"hang: more than {SECONDS} s of processor time"
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        return f"{type(error).__name__} at {place}: {str(error)[:200]}"
    return "accepted"


class Memory:
    """The resident memory of this process, and its peak since the last reset."""

    def __init__(self):
        self.status = os.open("/proc/self/status", os.O_RDONLY)
        self.pages = os.open("/proc/self/statm", os.O_RDONLY)  # much faster to read than the status
        self.reset = os.open("/proc/self/clear_refs", os.O_WRONLY)

    def start(self) -> int:
        """Forget the peak, and return the bytes that are resident."""
        os.pwrite(self.reset, b"5", 0)
        return int(os.pread(self.pages, 200, 0).split()[1]) * resource.getpagesize()

    def peak(self) -> int:
        """Return the most bytes that were resident since the start."""
        return self.read(b"VmHWM:")

    def read(self, name: bytes) -> int:
        """Return a line of the status in bytes."""
        text = os.pread(self.status, 4096, 0)
        start = text.index(name) + len(name)
        return int(text[start : text.index(b"kB", start)]) << 10


def _hang(*_: object) -> None:
    raise Hang


def measured(run: Any, content: bytes, memory: Memory) -> tuple[str, float, int]:
    """Return what a case came to, the seconds of processor time it took, and the bytes."""
    before, began = memory.start(), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    found = outcome(run, content)
    signal.setitimer(signal.ITIMER_PROF, 0)
    peak, seconds = memory.peak() - before, time.process_time() - began
    if peak > (2 + 1) * len(content) + BASE:
        found = f"memory: {peak:,} bytes for {len(content):,}"
    if seconds > SECONDS:  # seen here too: what was run may have caught the alarm
        found = f"hang: {seconds:.1f} s of processor time"
    return found, seconds, peak


def child(target: str, seed: int, first: int, count: int, log: Path) -> None:
    """Run cases, writing down the number of each before it begins, and what it came to after."""
    from tests.faults.fuzz_targets import TARGETS

    warnings.simplefilter("ignore")
    signal.signal(signal.SIGPROF, _hang)
    chosen, memory = TARGETS[target], Memory()
    for valid in chosen.seeds():  # so that what is imported and cached is not counted
        assert outcome(chosen.run, valid) == "accepted", outcome(chosen.run, valid)
    room = memory.read(b"VmSize:") + (8 << 30)
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    gc.freeze()  # what stays is not gone through again and again
    met: Counter[str] = Counter()
    with log.open("w") as file:
        for number in range(first, first + count):
            os.pwrite(file.fileno(), f"{json.dumps([number, met])}\n".encode().ljust(200), 0)
            content = chosen.case(chance_of(target, seed, number))
            found, seconds, peak = measured(chosen.run, content, memory)
            if found in ("accepted", "refused"):
                met[found] += 1
            else:
                met["faults"] += 1
                print(json.dumps({"number": number, "fault": found}), flush=True)
            met["ms"] = max(met["ms"], round(1000 * seconds))
            met["MiB"] = max(met["MiB"], peak >> 20)
            if met["faults"] >= MOST_FAULTS:
                break
        os.pwrite(file.fileno(), f"{json.dumps([number + 1, met])}\n".encode().ljust(200), 0)


def _batch(target: str, seed: int, first: int, count: int, log: Path) -> tuple[int, Counter[str], list[str]]:
    """Run a child to its end, or to the case that killed it; return the next number, counts and faults."""
    words = [target, "--child", str(first), "--count", str(count), "--seed", str(seed), "--log", str(log)]
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, *words]
    log.write_text(json.dumps([first, {}]))
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        watched = _watch(process, log)
        lines = [line for line in watched.splitlines() if line.startswith('{"number"')]
    number, met = json.loads(log.read_text())
    faults = [f"case {fault['number']}: {fault['fault']}" for fault in map(json.loads, lines)]
    if process.returncode:
        faults.append(f"case {number}: the process died with {process.returncode}")
        number += 1
    return number, Counter(met), faults


def _watch(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return what a child printed; kill it if it stays at one case though its alarm did not go off.

    Looks are counted, not seconds: parent and child may both have been stopped for a while.
    """
    last, looks = "", 0
    while True:
        try:
            return process.communicate(timeout=TICK)[0].decode()
        except subprocess.TimeoutExpired:
            now = log.read_text()
            last, looks = now, 0 if now != last else looks + 1
            if looks > MOST_TICKS:
                process.kill()


def drive(target: str, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Run ``count`` cases and return what they came to, and the faults."""
    met: Counter[str] = Counter()
    faults: list[str] = []
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        while number < count:
            after, found, new = _batch(target, seed, number, min(BATCH, count - number), Path(folder) / "log")
            largest = {name: max(met[name], found[name]) for name in ("ms", "MiB")}
            met.update(found)
            for name, value in largest.items():
                met[name] = value
            faults += new
            number = after
            if len(faults) >= MOST_FAULTS:
                break
    return met, faults


def guided(target: str, seconds: int) -> None:
    """Let Atheris look for inputs that reach new code; it ends with the first fault."""
    import atheris

    with atheris.instrument_imports(include=["lamina"]):
        from tests.faults.fuzz_targets import TARGETS

        chosen = TARGETS[target]
        seeds = chosen.seeds()
        for valid in seeds:
            chosen.run(valid)

    def one(content: bytes) -> None:
        found = outcome(chosen.run, content)
        if found not in ("accepted", "refused"):
            raise AssertionError(found)

    with tempfile.TemporaryDirectory() as corpus:
        for index, valid in enumerate(seeds):
            (Path(corpus) / str(index)).write_bytes(valid)
        size = 2 * max(map(len, seeds))
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={size}",
            f"-timeout={SECONDS:.0f}",
            "-rss_limit_mb=4096",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], one)
        atheris.Fuzz()


def main() -> int:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", help="one of fuzz_targets.TARGETS")
    parser.add_argument("--count", type=int, default=1000, help="how many cases (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the cases (default %(default)s)")
    parser.add_argument("--show", type=int, metavar="CASE", help="print the input of a case")
    parser.add_argument("--guided", type=int, metavar="SECONDS", help="let Atheris choose the inputs")
    parser.add_argument("--child", type=int, metavar="FIRST", help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child is not None:
        child(chosen.target, chosen.seed, chosen.child, chosen.count, chosen.log)
        return 0
    if chosen.guided is not None:
        guided(chosen.target, chosen.guided)
        return 0
    if chosen.show is not None:
        from tests.faults.fuzz_targets import TARGETS

        case = TARGETS[chosen.target].case(chance_of(chosen.target, chosen.seed, chosen.show))
        sys.stdout.buffer.write(case)
        return 0
    return _told(chosen.target, chosen.count, chosen.seed)


def _told(target: str, count: int, seed: int) -> int:
    from lamina.core import runtime

    began = time.perf_counter()
    met, faults = drive(target, count, seed)
    versions = " ".join(f"{name} {version}" for name, version in runtime.versions().items())
    counts = f"{met['accepted']} accepted, {met['refused']} refused, {len(faults)} faults"
    most = f"slowest {met['ms']} ms, most memory {met['MiB']} MiB"
    seconds = time.perf_counter() - began
    print(*faults, sep="\n", end="\n" if faults else "")
    print(
        f"{time.strftime('%Y-%m-%d')}, {versions}: {target}, seed {seed}, {counts}, {most}, {seconds:.0f} s"
    )
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
