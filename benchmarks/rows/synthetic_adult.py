"""Row "Synthetic Adult": what are generated rows of a table worth to somebody who learns from them?

A network learns the 32,561 training rows of Adult (14 columns and the class) by ``lamina.fit(...,
task="generate")`` and draws as many new ones. Gradient boosting of scikit-learn
(`HistGradientBoostingClassifier`, default settings, categories as such) learns the class once from the real
rows, once from the new ones; both are judged by the ROC AUC on the 16,281 official test rows. The quality is
the AUC lost, in points; at most 2.5 are asked, one is the goal. The note has the fidelity of columns (1 -
Kolmogorov and Smirnov's distance, 1 - total variation) and of pairs, the share of new rows that equal a
training row, that of real test rows which do, and the share of new rows nearer to training than the nearest
twentieth of the test rows.

``--valid-only`` learns from four fifths of the training rows and judges by the last fifth, for tuning.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier

import lamina
from benchmarks import machine, record, spread
from lamina.data import ColumnSchema, read
from lamina.objectives.metrics import auc, synthetic
from lamina.tasks.samples.rows import RowSpace

ROW, CLASS, DISTANCES = "synthetic_adult", "income", 8_000
METHODS = ("diffusion", "flow", "density")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="keys of the fit")
    parser.add_argument("--valid-only", action="store_true", help="judge by validation rows, for tuning")
    parser.add_argument("--quick", action="store_true", help="few rows and steps: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def tables(arguments: argparse.Namespace) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows to learn from, and rows to judge by."""
    path = Path(os.environ.get("LAMINA_DATA", "")) / "adult" / "adult.csv.gz"
    if not path.is_file():
        sys.exit("no adult in $LAMINA_DATA")
    frame = pl.read_csv(path, null_values=["?"])
    parts = [frame.filter(pl.col("split") == part).drop("split") for part in ("train", "test")]
    if arguments.valid_only:
        order = np.random.default_rng(0).permutation(parts[0].height)
        cut = parts[0].height * 4 // 5
        parts = [parts[0][order[:cut]], parts[0][order[cut:]]]
    return (parts[0][:1000], parts[1][:500]) if arguments.quick else (parts[0], parts[1])


class Judge:
    """Learns the class from rows, and says how good new rows are.

    Args:
        real: rows that the network learned from.
        test: rows that judge.
    """

    def __init__(self, real: pl.DataFrame, test: pl.DataFrame):
        self.real, self.test = real, test
        self.numbers = [name for name, kind in real.schema.items() if kind.is_numeric() and name != CLASS]
        kinds = [name for name in real.columns if name not in self.numbers and name != CLASS]
        self.kinds = {name: sorted(real[name].drop_nulls().unique().to_list()) for name in kinds}
        self.positive = sorted(real[CLASS].unique().to_list())[-1]

    def arrays(self, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return the inputs of the classifier, categories as codes, and the class."""
        columns = [frame[name].cast(pl.Float64).to_numpy() for name in self.numbers]
        for name, values in self.kinds.items():
            codes = {value: float(code) for code, value in enumerate(values)}
            columns.append(np.array([codes.get(value, np.nan) for value in frame[name].to_list()]))
        return np.stack(columns, axis=1), (frame[CLASS] == self.positive).to_numpy().astype(np.int64)

    def auc(self, frame: pl.DataFrame, seed: int) -> float:
        """Return the ROC AUC on the test rows of a classifier that learned from some rows."""
        is_kind = [False] * len(self.numbers) + [True] * len(self.kinds)
        model = HistGradientBoostingClassifier(categorical_features=is_kind, random_state=seed)
        model.fit(*self.arrays(frame))
        x, y = self.arrays(self.test)
        return 100 * auc(y, model.predict_proba(x)[:, 1])

    def fidelity(self, frame: pl.DataFrame) -> tuple[float, float]:
        """Return the mean fidelity of columns and of pairs of columns."""
        names = [*self.numbers, *self.kinds, CLASS]
        columns = {
            name: [_values(part, name, name in self.numbers) for part in (self.real, frame)] for name in names
        }
        of_columns = [
            (synthetic.number_fidelity if name in self.numbers else synthetic.category_fidelity)(
                *columns[name]
            )
            for name in names
        ]
        of_pairs = [
            synthetic.pair_fidelity(
                (columns[a][0], columns[b][0]),
                (columns[a][1], columns[b][1]),
                are_numbers=(a in self.numbers, b in self.numbers),
            )
            for a, b in itertools.combinations(names, 2)
        ]
        return 100 * float(np.mean(of_columns)), 100 * float(np.nanmean(of_pairs))

    def copies(self, frame: pl.DataFrame) -> synthetic.Copies:
        """Return how near new rows come to training rows."""
        schema = [
            ColumnSchema(name, "numeric" if name in self.numbers else "category")
            for name in self.real.columns
        ]
        space = RowSpace.fit(read(self.real), schema)
        found = [
            space.arrays(None, read(part.select(self.real.columns)))
            for part in (self.real, frame[:DISTANCES], self.test[:DISTANCES])
        ]
        return synthetic.copies(*found)

    def equal(self, frame: pl.DataFrame) -> float:
        """Return the share of rows that are equal to a real one in every column, in percent."""
        known = set(self.real.iter_rows())
        return 100 * float(np.mean([row in known for row in frame.select(self.real.columns).iter_rows()]))


def _values(frame: pl.DataFrame, name: str, is_number: bool) -> np.ndarray:
    column = frame[name]
    return column.cast(pl.Float64).to_numpy() if is_number else np.array(column.to_list(), object)


def judged(method: str, seed: int, judge: Judge, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what a method reaches with a seed."""
    keys: dict[str, Any] = dict(pair.split("=", 1) for pair in arguments.keys)
    if arguments.quick:
        keys = {"epochs": "1", "size": "16", **keys}
    began = time.perf_counter()
    net = lamina.fit(judge.real, task="generate", method=method, seed=seed, **keys)
    trained = time.perf_counter() - began
    made = net.sample(n=judge.real.height, seed=seed).frame()
    seconds = time.perf_counter() - began
    real, new = judge.auc(judge.real, seed), judge.auc(made, seed)
    columns, pairs = judge.fidelity(made)
    near = judge.copies(made)
    note = (
        f"AUC {real:.2f} real, {new:.2f} synthetic; columns {columns:.1f} %, pairs {pairs:.1f} %; "
        f"equal rows {judge.equal(made):.3f} % (test rows {judge.equal(judge.test):.3f} %), "
        f"nearer than real {100 * near.nearer:.1f} %; "
        f"trained {trained:.0f} s, drawn {seconds - trained:.0f} s"
    )
    machine.say(f"{method}, seed {seed}: {real - new:.2f} points lost; {note}")
    return {"seconds": seconds, "lost": real - new, "note": note}


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    judge, lines = Judge(*tables(arguments)), []
    for method in arguments.methods:
        found = [judged(method, seed, judge, arguments) for seed in arguments.seeds]
        lost, std = spread.mean_and_deviation([one["lost"] for one in found])
        lines.append(record.Line(
            ROW, "lamina", f"{method}, {'valid' if arguments.valid_only else 'test'}", "s",
            float(np.median([one["seconds"] for one in found])), runs=len(found), quality=lost,
            quality_deviation=std, seeds=" ".join(map(str, arguments.seeds)), note=found[-1]["note"],
        ))  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
