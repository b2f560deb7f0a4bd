"""What the rows of image restoration share: the images of ``denoise_bsd``, and a run of the command line."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import datasets, machine, record

VALID = 40  # of the 400 training images
SPLIT_SEED = 0  # which of them validate
ONE_PASS, TURNED = "one pass", "eight turned copies"  # how an image goes through a network


def arguments(description: str | None) -> argparse.Namespace:
    """Return what such a row is asked for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", default="29m", help="time of the training, such as 3m (%(default)s)")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--keep", type=Path, help="a new folder for the run")
    parser.add_argument("--valid-only", action="store_true", help="leave the test images alone: for tuning")
    parser.add_argument("--network", type=Path, help="a run to be measured, in place of a new one")
    parser.add_argument("--quick", action="store_true", help="a few steps: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def lay_out(folder: Path) -> Path:
    """Write the images and the table that names the 400 of training with their parts; return its path."""
    source = datasets.found("denoise_bsd", "images.zip")
    with zipfile.ZipFile(source) as archive:
        archive.extractall(folder)
    names = sorted(path.name for path in (folder / "train400").glob("*.png"))
    valid = set(np.random.default_rng(SPLIT_SEED).permutation(len(names))[:VALID].tolist())
    lines = [f"train400/{name},{'valid' if n in valid else 'train'}" for n, name in enumerate(names)]
    table = folder / "train400.csv"
    table.write_text("\n".join(["image,split", *lines]) + "\n")
    return table


def images(folder: Path, part: str) -> list[np.ndarray]:
    """Return the test images of one part, uint8 each, in the order of their names."""
    return [np.asarray(Image.open(path)) for path in sorted((folder / part).glob("*.png"))]


def fit(table: Path, out: Path, asked: argparse.Namespace, keys: list[str]) -> float:
    """Train by the command line; return the seconds of the whole process."""
    command = [sys.executable, "-m", "lamina", "fit", str(table), "--task", "enhance", "--out", str(out)]
    few = ["epochs=1", "steps_per_epoch=4"] if asked.quick else []
    own = [f"seed={asked.seed}", f"time_limit={asked.limit}", *keys, *few, *asked.keys]
    began = time.perf_counter()
    subprocess.run([*command, *own], check=True)
    seconds = time.perf_counter() - began
    machine.say(f"trained in {seconds:.0f} s")
    return seconds


Judge = Callable[[Any, list[np.ndarray]], dict[str, tuple[float, str]]]


def run(row: str, description: str | None, *, keys: list[str], part: str, judge: Judge) -> None:
    """Train or load a network, measure it once on the test images, and keep the lines of the row.

    Args:
        row: its name.
        description: of the row.
        keys: of the fit.
        part: the folder of the test images.
        judge: network and images → what was measured: mean PSNR, and words beside it.
    """
    import lamina
    from lamina.core import runtime

    asked = arguments(description)
    idle = machine.is_idle(force=asked.force, wait=asked.wait)
    with tempfile.TemporaryDirectory() as name:
        table = lay_out(Path(name))
        out, seconds = asked.network or asked.keep or Path(name) / "run", 0.0
        if asked.network is None:
            seconds = fit(table, out, asked, keys)
        runtime.start()
        network = lamina.load(out)
        valid = network.info.valid["psnr"]
        machine.say(f"{network}\nvalidation: {valid:.3f} dB")
        if asked.valid_only:
            return
        found = judge(network, images(Path(name), part))
    for what, (decibels, words) in found.items():
        machine.say(f"{part}, {what}: {decibels:.3f} dB {words}")
    lines = [
        record.Line(row, "lamina", f"{network.model_name}, {what}", "s", seconds, quality=found[what][0],
                    seeds=str(asked.seed), note=f"{part}, {found[what][1]}validation {valid:.3f} dB")
        for what in (ONE_PASS, TURNED)
    ]  # fmt: skip
    record.keep(lines, asked, idle=idle)
