"""Row "easy_vqa": images and questions about them in one table, by the command line and its defaults.

4,000 images of 64 x 64 pixels with one shape each and 38,575 questions, and 1,000 images with 9,673 questions
to test (``easy_vqa`` in ``$LAMINA_DATA``). The table has a column of paths, a column of questions and the
answer, one of 13; about ten rows share an image. The test images are others than those of training. The
question alone gives .670, so the score says whether both are used; ``--alone`` measures each by itself.
``--share`` takes a part of the training images.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import machine, record

ROW = "easy_vqa"
VALID_SHARE = 0.1  # of the training images


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--share", type=float, default=1.0, help="part of the training images")
    parser.add_argument("--alone", action="store_true", help="also the question alone and the image alone")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--keep", type=Path, help="a new folder for the runs")
    parser.add_argument("--quick", action="store_true", help="two epochs of a tenth: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def rows_of(source: Path, part: str) -> list[tuple[str, str, int]]:
    """Return question, answer and number of the image."""
    with gzip.open(source / f"{part}_questions.csv.gz", "rt", newline="") as file:
        return [(row["question"], row["answer"], int(row["image"])) for row in csv.DictReader(file)]


def lay_out(folder: Path, share: float) -> tuple[Path, Path]:
    """Write images and the tables that name them; return the paths of the tables for training and testing.

    A tenth of the training images validates, so that no image stands on both sides.
    """
    from PIL import Image

    source = Path(os.environ.get("LAMINA_DATA", "")) / "easy_vqa"
    if not (source / "images.npz").exists():
        sys.exit("no easy_vqa in $LAMINA_DATA")
    images, tables = np.load(source / "images.npz"), []
    for part in ("train", "test"):
        (folder / part).mkdir()
        count = round(len(images[part]) * (share if part == "train" else 1))
        for number, image in enumerate(images[part][:count]):
            Image.fromarray(image).save(folder / part / f"{number}.png")
        held = np.random.default_rng(0).random(count) < VALID_SHARE
        tables.append(folder / f"{part}.csv")
        with tables[-1].open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["image", "question", "answer", *(["split"] if part == "train" else [])])
            for question, answer, number in rows_of(source, part):
                if number < count:
                    words = [("train", "valid")[int(held[number])]] if part == "train" else []
                    writer.writerow([f"{part}/{number}.png", question, answer, *words])
    return tables[0], tables[1]


def run(tables: tuple[Path, Path], folder: Path, seed: int, keys: list[str]) -> tuple[float, float]:
    """Fit by the command line; return accuracy on the test table and the seconds of the process."""
    words = ["fit", str(tables[0]), "--target", "answer", "--out", str(folder), f"seed={seed}", *keys]
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "lamina", *words], check=True)
    seconds = time.perf_counter() - began
    words = ["evaluate", str(folder), str(tables[1]), "--json"]
    found = subprocess.run([sys.executable, "-m", "lamina", *words], check=True, stdout=subprocess.PIPE)
    return json.loads(found.stdout)["metrics"]["accuracy"], seconds


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    share = 0.1 if arguments.quick else arguments.share
    ways = {"both": []}
    if arguments.alone:
        ways |= {"question alone": ["drop=image"], "image alone": ["drop=question"]}
    lines = []
    with tempfile.TemporaryDirectory() as name:
        tables = lay_out(Path(name), share)
        for seed in arguments.seeds:
            for way, own in ways.items():
                keys = [*own, *arguments.keys, *(["epochs=2"] if arguments.quick else [])]
                folder = (arguments.keep or Path(name)) / f"{way.replace(' ', '-')}-{seed}"
                accuracy, seconds = run(tables, folder, seed, keys)
                machine.say(f"seed {seed}, {way}: test accuracy {accuracy:.4f}, {seconds:.0f} s")
                note = f"{share:.0%} of the training images"
                lines.append(record.Line(ROW, "lamina", way, "s", seconds, quality=accuracy,
                                         seeds=str(seed), note=note))  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
