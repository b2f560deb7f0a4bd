"""Row "nuclei": instances of cell nuclei from masks, by the command line and its defaults.

334 fluorescence images of 256 x 256 pixels (``nuclei_dsb2018`` in ``$LAMINA_DATA``, BBBC038), split into
250, 34 and 50 as its index says. The whole process counts: reading, guessing that the masks are instances,
training, report. Quality is TP / (TP + FP + FN) of instances that are matched at an intersection over union
of .5, .7 and .9, as the Data Science Bowl 2018 and StarDist count them: of all instances together, and as
the mean of the images. ``--valid-only`` leaves the test images out, for tuning.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

from benchmarks import machine, record

ROW = "nuclei"
THRESHOLDS = (0.5, 0.7, 0.9)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--valid-only", action="store_true", help="leave the test images alone")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--keep", type=Path, help="a new folder for the runs")
    parser.add_argument("--quick", action="store_true", help="two epochs: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def lay_out(folder: Path, *, with_test: bool) -> Path:
    """Write images, masks and the table that names them with their parts; return the table's path."""
    source = Path(os.environ.get("LAMINA_DATA", "")) / "nuclei_dsb2018"
    if not (source / "images.zip").exists():
        sys.exit("no nuclei_dsb2018 in $LAMINA_DATA")
    with zipfile.ZipFile(source / "images.zip") as archive:
        archive.extractall(folder)
    parts = {"train": "train", "val": "valid", "test": "test"}
    with (source / "index.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if with_test or row["split"] != "test"]
    table = folder / "nuclei.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "mask", "split"])
        writer.writerows((f"images/{r['id']}.png", f"labels/{r['id']}.png", parts[r["split"]]) for r in rows)
    return table


def part_of(table: Path, part: str) -> list[tuple[str, str]]:
    """Return images and masks of one part."""
    with table.open(newline="") as file:
        return [(row["image"], row["mask"]) for row in csv.DictReader(file) if row["split"] == part]


def precision(found: list[np.ndarray], true: list[np.ndarray]) -> tuple[list[float], list[float]]:
    """Return TP / (TP + FP + FN) at each threshold: of all instances, and the mean of the images.

    Above one half an instance has at most one partner, so that counting pairs is matching them.
    """
    from lamina.objectives.metrics.overlap import overlaps

    counts = []
    for one, other in zip(found, true, strict=True):
        overlap = overlaps(one, other)
        hits = [int((overlap > threshold).sum()) for threshold in THRESHOLDS]
        counts.append([(hit, sum(overlap.shape) - 2 * hit) for hit in hits])  # TP, FP + FN
    table = np.array(counts, float)
    total = table.sum(axis=0)
    each = np.where(table.sum(axis=2) > 0, table[..., 0] / np.maximum(table.sum(axis=2), 1), 1.0)
    return (total[:, 0] / total.sum(axis=1)).tolist(), each.mean(axis=0).tolist()


def run(table: Path, folder: Path, seed: int, keys: list[str]) -> float:
    """Fit by the command line; return the seconds of the process."""
    command = [sys.executable, "-m", "lamina", "fit", str(table), "--target", "mask", "--out", str(folder)]
    began = time.perf_counter()
    subprocess.run([*command, f"seed={seed}", *keys], check=True)
    return time.perf_counter() - began


def judged(folder: Path, table: Path, part: str) -> tuple[list[float], list[float]]:
    """Return `precision` of one part of the table, predicted by the run in a folder."""
    from PIL import Image

    import lamina

    rows = part_of(table, part)
    found = lamina.load(folder).predict({"image": [str(table.parent / image) for image, _ in rows]})
    true = [np.asarray(Image.open(table.parent / mask)) for _, mask in rows]
    return precision(list(found), true)


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    lines, part = [], "valid" if arguments.valid_only else "test"
    with tempfile.TemporaryDirectory() as name:
        table = lay_out(Path(name), with_test=not arguments.valid_only)
        for seed in arguments.seeds:
            keys = [*arguments.keys, *(["epochs=2"] if arguments.quick else [])]
            folder = (arguments.keep or Path(name)) / f"run-{seed}"
            seconds = run(table, folder, seed, keys)
            total, each = judged(folder, table, part)
            machine.say(f"seed {seed}, {part}, {seconds:.0f} s")
            for threshold, one, mean in zip(THRESHOLDS, total, each, strict=True):
                machine.say(f"  AP at IoU {threshold}: all instances {one:.3f}, mean of images {mean:.3f}")
            lines.append(record.Line(ROW, "lamina", f"unet, {part}", "s", seconds, quality=total[0],
                                     seeds=str(seed), note=f"mean of images {each[0]:.4f}"))  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
