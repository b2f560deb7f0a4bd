"""Row "adbench": anomalies in tables, by `lamina.fit` and by scikit-learn in the same splits.

The sets of ADBench in ``adbench`` of ``$LAMINA_DATA``, as in PyOD's benchmark: 60 % of the rows train,
anomalies among them, their labels unseen; 40 % are scored, and the area under the ROC curve says how well
anomalies rank above the others. Ten splits a set, stratified, drawn by the seed. Isolation forest, distance
to the fifth neighbor and principal components get standardized columns; Lamina gets the table. Reported is
the mean over sets of the mean over splits. `--sets` names some, for tuning.

References:
    Han et al. ADBench: anomaly detection benchmark. NeurIPS 2022.
    Zhao, Nasrullah, Li. PyOD: a Python toolbox for scalable outlier detection. JMLR 2019.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import interpreters, machine, record

ROW = "adbench"
TRAIN_SHARE = 0.6
ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "lamina": "lamina",
    "forest": "isolation forest",
    "neighbors": "5 nearest neighbors",
    "components": "principal components",
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=[], help="parts of names of sets; all without")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(10)))
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of lamina")
    parser.add_argument("--only", nargs="*", choices=("lamina", "sklearn"), default=["lamina", "sklearn"])
    parser.add_argument("--quick", action="store_true", help="one epoch: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    return parser.parse_args()


def files(names: list[str]) -> list[Path]:
    """Return the files of the sets."""
    folder = Path(os.environ.get("LAMINA_DATA", "")) / "adbench"
    found = sorted(folder.glob("*.npz"))
    if not found:
        sys.exit("no adbench in $LAMINA_DATA")
    return [path for path in found if not names or any(name in path.stem for name in names)]


def parts(path: Path, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return training rows, rows to be scored, and which of these are anomalies."""
    with np.load(path, allow_pickle=False) as data:
        x, y = data["X"].astype(np.float64), data["y"].astype(int).ravel()
    generator = np.random.default_rng([7, seed])
    train, test = [], []
    for label in (0, 1):
        rows = generator.permutation(np.flatnonzero(y == label))
        count = round(TRAIN_SHARE * len(rows))
        train.append(rows[:count])
        test.append(rows[count:])
    train_rows, test_rows = (np.sort(np.concatenate(own)) for own in (train, test))
    return x[train_rows], x[test_rows], y[test_rows]


def area(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the area under the ROC curve."""
    from lamina.objectives.metrics import auc

    return auc(labels, scores)


def by_lamina(x: np.ndarray, x_test: np.ndarray, seed: int, keys: dict[str, Any]) -> np.ndarray:
    """Return scores of a network with the defaults of the task."""
    import lamina

    network = lamina.fit(x, task="anomaly", seed=seed, **keys)
    return network.predict(x_test)


def by_sklearn(x: np.ndarray, x_test: np.ndarray, seed: int, python: str) -> dict[str, np.ndarray]:
    """Return scores of three detectors, from a process of its own."""
    std = x.std(axis=0)
    scale = np.where(std > 0, std, 1.0)
    with tempfile.TemporaryDirectory() as folder:
        data, out = (str(Path(folder) / name) for name in ("data.npz", "out.npz"))
        np.savez(data, x_train=(x - x.mean(axis=0)) / scale, x_test=(x_test - x.mean(axis=0)) / scale)
        chosen = json.dumps({"data": data, "out": out, "seed": seed})
        command = [python, "-m", "benchmarks.contenders.sklearn_outliers", chosen]
        subprocess.run(command, cwd=ROOT, check=True)
        with np.load(out) as found:
            return {name: found[name] for name in found.files}


def measured(path: Path, seed: int, arguments: argparse.Namespace) -> Iterator[tuple[str, float, float]]:
    """Yield name, area and seconds of each detector."""
    x, x_test, labels = parts(path, seed)
    keys = dict(pair.split("=", 1) for pair in arguments.keys) | ({"epochs": 1} if arguments.quick else {})
    if "lamina" in arguments.only:
        began = time.perf_counter()
        scores = by_lamina(x, x_test, seed, keys)
        yield "lamina", area(labels, scores), time.perf_counter() - began
    if "sklearn" in arguments.only:
        began = time.perf_counter()
        found = by_sklearn(x, x_test, seed, interpreters.of(arguments, "sklearn"))
        seconds = time.perf_counter() - began
        for name, own in found.items():
            yield name, area(labels, own), seconds


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    areas: dict[str, dict[str, list[float]]] = {}
    spent: dict[str, list[float]] = {}
    for path in files(arguments.sets):
        for seed in arguments.seeds:
            for name, value, seconds in measured(path, seed, arguments):
                areas.setdefault(name, {}).setdefault(path.stem, []).append(value)
                spent.setdefault(name, []).append(seconds)
        shown = ", ".join(f"{name} {np.mean(own[path.stem]):.3f}" for name, own in areas.items())
        machine.say(f"{path.stem}: {shown}")
    lines = []
    for name, own in areas.items():
        means = [float(np.mean(values)) for values in own.values()]
        by_seed = np.mean(list(own.values()), axis=0)
        lines.append(
            record.Line(ROW, NAMES[name], "mean AUC over sets", "s", float(np.median(spent[name])),
                        runs=len(arguments.seeds), quality=float(np.mean(means)),
                        quality_deviation=float(np.std(by_seed)), note=" ".join(arguments.keys),
                        seeds=" ".join(map(str, arguments.seeds)))
        )  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
