"""Row "films": the mean rating of a film from its title, genres, year and how often it was rated.

Films of ``movietweetings_100k`` in ``$LAMINA_DATA`` with five ratings or more. One network learns from all
columns together (the fusion that `lamina.fit` chooses), others from each of its three blocks alone: each by
the defaults, with the same rows held out. Quality is R² on the validation rows, one a seed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, record

ROW = "films"
FEWEST = 5  # ratings
NUMBERS = ["year", "ratings", "first", "days"]
BLOCKS: dict[str, list[str]] = {  # what is left out
    "all": [],
    "title": ["genres", *NUMBERS],
    "genres": ["title", *NUMBERS],
    "numbers": ["title", "genres"],
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--blocks", nargs="+", choices=BLOCKS, default=list(BLOCKS))
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--quick", action="store_true", help="two epochs: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def films() -> dict[str, Any]:
    """Return the columns of the table."""
    folder = Path(os.environ.get("LAMINA_DATA", "")) / "movietweetings_100k"
    if not folder.is_dir():
        sys.exit("no movietweetings_100k in $LAMINA_DATA")
    ratings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for line in gzip.decompress((folder / "ratings.dat.gz").read_bytes()).decode().splitlines():
        _, film, rating, when = line.split("::")
        ratings[film].append((int(when), float(rating)))
    rows = []
    for line in gzip.decompress((folder / "movies.dat.gz").read_bytes()).decode().splitlines():
        film, title, genres = line.split("::")
        given = ratings.get(film, [])
        match = re.fullmatch(r"(.*) \((\d{4})\)", title)
        if match and len(given) >= FEWEST:
            times = [when for when, _ in given]
            days = (max(times) - min(times)) / 86_400
            mean = float(np.mean([rating for _, rating in given]))
            rows.append((match[1], genres, int(match[2]), len(given), min(times), days, mean))
    names = ("title", "genres", "year", "ratings", "first", "days", "mean")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def main() -> None:
    import lamina

    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    keys = dict(pair.split("=", 1) for pair in arguments.keys) | ({"epochs": 2} if arguments.quick else {})
    table, lines = films(), []
    machine.say(f"{len(table['mean']):,} films")
    for name in arguments.blocks:
        reached, seconds = [], []
        for seed in arguments.seeds:
            began = time.perf_counter()
            net = lamina.fit(table, target="mean", seed=seed, drop=BLOCKS[name], **keys)
            seconds.append(time.perf_counter() - began)
            reached.append(float(net.info.metrics["valid"]["r2"]))
            machine.say(f"{name}, seed {seed}: {net.model_name}, R² {reached[-1]:.4f}, {seconds[-1]:.0f} s")
        mean, std = float(np.mean(reached)), float(np.std(reached))
        machine.say(f"{name}: R² {mean:.4f} ± {std:.4f}")
        lines.append(record.Line(ROW, "lamina", name, "s", float(np.median(seconds)), runs=len(seconds),
                                 quality=mean, quality_deviation=std,
                                 seeds=" ".join(map(str, arguments.seeds))))  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
