"""Row "large text": 2 GB of text in 4 GiB of memory; seconds to the first step, peak memory of the process.

Lines of tiny-shakespeare in varied order fill a file in a temporary folder; a process learns from it by the
defaults of `lamina.fit` (but for its steps) under a limit of its private memory (RLIMIT_DATA). Its peak is
given with the pages of files (ru_maxrss) and without (RssAnon, every 50 ms). ``--quick`` takes 100 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, record

ROW = "large_text"
SIZE, QUICK_SIZE = 2_000_000_000, 100_000_000
LIMIT = 4 << 30
EVERY = 0.05  # seconds


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 MB: does it run?")
    parser.add_argument("--steps", type=int, default=4, help="steps of an epoch, of which there is one")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    record.add_arguments(parser)
    return parser.parse_args()


def write_text(path: Path, size: int) -> None:
    """Write so many bytes of lines of tiny-shakespeare, each block of them in another order."""
    source = Path(os.environ.get("LAMINA_DATA", "")) / "tinyshakespeare" / "input.txt"
    if not source.is_file():
        sys.exit("no tinyshakespeare in $LAMINA_DATA")
    lines = np.array(source.read_bytes().splitlines(keepends=True), object)
    random, written = np.random.default_rng(0), 0
    with open(path, "wb") as stream:
        while written < size:
            written += stream.write(b"".join(random.permutation(lines)))


def child(arguments: argparse.Namespace) -> None:
    """Learn, and print when the first step was taken and how the run went."""
    began = time.perf_counter()
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    import lamina
    from lamina.train import Callback

    class First(Callback):
        """Notes when each step ended."""

        ends: list[float] = []  # noqa: RUF012

        def on_chunk_end(self, step: int, run: Any) -> None:
            self.ends.append(time.perf_counter() - began)

    keys: dict[str, Any] = {"epochs": 1, "steps_per_epoch": arguments.steps, "chunk": 1}
    keys |= dict(pair.split("=", 1) for pair in arguments.keys)
    net = lamina.fit(arguments.child, callbacks=[First()], **keys)
    print(json.dumps({
        "first": First.ends[0], "ends": First.ends, "seconds": time.perf_counter() - began,
        "valid": dict(net.info.valid or {}), "parameters": net.parameters,
        "maxrss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
    }))  # fmt: skip


def watched(command: list[str]) -> tuple[str, float]:
    """Return what a process prints, and the most private memory that it had, in MiB."""
    process, most = subprocess.Popen(command, stdout=subprocess.PIPE, text=True), [0.0]

    def watch() -> None:
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                return
            found = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")]
            most[0] = max([most[0], *(int(kib) / 2**10 for kib in found)])
            time.sleep(EVERY)

    thread = threading.Thread(target=watch)
    thread.start()
    printed, _ = process.communicate()
    thread.join()
    if process.returncode:
        sys.exit(f"the process failed with {process.returncode}")
    return printed, most[0]


def main() -> None:
    arguments = parse()
    if arguments.child:
        return child(arguments)
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.txt"
        write_text(path, QUICK_SIZE if arguments.quick else SIZE)
        size = path.stat().st_size
        command = [sys.executable, "-m", "benchmarks.rows.large_text", "--child", str(path)]
        command += ["--steps", str(arguments.steps), "--keys", *arguments.keys]
        printed, private = watched(command)
    found = json.loads(printed.splitlines()[-1])
    steps = np.diff(found["ends"])
    said = (
        f"{size:,} bytes, {found['parameters']:,} parameters; RssAnon {private:,.0f} MiB, limit of private "
        f"memory {LIMIT >> 20:,} MiB; {np.median(steps) if steps.size else 0:.2f} s a step; all "
        f"{found['seconds']:.0f} s; {found['valid']}"
    )
    machine.say(f"first step after {found['first']:.1f} s, maxrss {found['maxrss_mib']:,.0f} MiB; {said}")
    line = record.Line(
        ROW, "lamina", "first step", "s", found["first"], peak_mib=found["maxrss_mib"], note=said
    )
    record.keep([line], arguments, idle=idle)


if __name__ == "__main__":
    main()
