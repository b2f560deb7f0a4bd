"""Row "tu_graphs": classes of graphs in ten folds, as Xu et al. judge GIN.

MUTAG, PROTEINS and PTC with the ten folds that lie beside them (``tu_graphs`` in ``$LAMINA_DATA``). The
figure is that of the paper (ICLR 2019, section 7): the accuracy on the held-out fold at each epoch, the mean
over the folds, and of these means the best. One epoch is chosen for all folds, on the rows that are reported:
the figure flatters, everybody's alike.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, record

ROW = "tu_graphs"
SETS = ("MUTAG", "PROTEINS", "PTC")
FOLDS = 10
KEYS = {"epochs": "150", "lr": "0.01", "schedule": "cosine", "weight_decay": "0", "size": "32"}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["MUTAG"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--quick", action="store_true", help="two epochs of two folds: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def folds_of(path: Path) -> list[np.ndarray]:
    """Return the held-out graphs of each fold."""
    found = []
    with tarfile.open(path) as archive:
        for number in range(1, FOLDS + 1):
            member = archive.extractfile(f"{path.name.split('.')[0]}/10fold_idx/test_idx-{number}.txt")
            assert member is not None
            found.append(np.loadtxt(io.StringIO(member.read().decode()), dtype=int))
    return found


def curve(table: Any, held: np.ndarray, keys: dict[str, str], seed: int) -> list[float]:
    """Return the accuracy on the held-out graphs after each epoch."""
    import lamina
    from lamina.data.cells import CellTable, columns_beside

    labels = table.labels("label").numbers().astype(int)
    part = np.full(table.height, "train")
    part[held] = "valid"
    beside = columns_beside({"label": labels, "split": part}, table.height, "<arrays>")
    own = CellTable(table.cells, beside)
    network = lamina.fit(own, target="label", split="split", folds=1, early_stopping=False, seed=seed, **keys)
    return network.history["valid_accuracy"]


def main() -> None:
    arguments = parse()
    from lamina.data import read

    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    folder, lines = Path(os.environ.get("LAMINA_DATA", "")) / "tu_graphs", []
    if not folder.is_dir():
        sys.exit("no tu_graphs in $LAMINA_DATA")
    keys = {**KEYS, **dict(key.split("=", 1) for key in arguments.keys)}
    for name in arguments.sets:
        path = folder / f"{name}.tar.gz"
        table, folds = read(str(path)), folds_of(path)
        if arguments.quick:
            keys, folds = {**keys, "epochs": "2"}, folds[:2]
        began, curves = time.perf_counter(), []
        for number, held in enumerate(folds, start=1):
            curves.append(curve(table, held, keys, arguments.seed))
            machine.say(f"{name}, fold {number}: {time.perf_counter() - began:.0f} s")
        means = np.mean(curves, axis=0)
        epoch = int(means.argmax())
        spread = float(np.std([own[epoch] for own in curves]))
        seconds = time.perf_counter() - began
        last = means[-1]
        machine.say(f"{name}: {means[epoch]:.4f} ± {spread:.4f} at epoch {epoch + 1}; last epoch {last:.4f}")
        note = " ".join([f"epoch {epoch + 1}; at the last epoch {last:.4f}", *arguments.keys])
        lines.append(
            record.Line(
                ROW,
                "lamina",
                f"{name}, gin, 10 folds",
                "s",
                seconds,
                quality=float(means[epoch]),
                quality_deviation=spread,
                seeds=str(arguments.seed),
                note=note,
            )
        )
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
