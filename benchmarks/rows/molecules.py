"""Row "molecules": properties of molecules from their SMILES, by `lamina.fit` and its defaults.

ESOL (1,128 molecules, RMSE of log solubility), Tox21 (7,831 of 12 labels, of which some are unknown, mean
AUC) and HIV (41 thousand, AUC), from ``molecules`` in ``$LAMINA_DATA``. Splits 80/10/10 as MoleculeNet has
them: 90 % of the rows go to the fit, which validates on a part of them, and 10 % are the test rows.
``--split random`` draws them by the seed; ``--split scaffold`` puts molecules of rare Bemis-Murcko scaffolds
aside, the same for every seed; the fit splits its own rows as it does by default, which validation preferred
to ``--keys scaffold=true valid=0.111`` (docs/log.md).
``--valid-only`` leaves the test rows alone and reports the 10 % before them, for tuning. Only the SMILES are
learned from, no other column.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, record

ROW = "molecules"
ESOL_TARGET = "measured log solubility in mols per litre"
SETS = {"esol": "delaney-processed.csv.gz", "tox21": "tox21.csv.gz", "hiv": "HIV.csv.gz"}
METRICS = {"esol": "rmse", "tox21": "auc", "hiv": "auc"}
RANDOM, SCAFFOLD = "random", "scaffold"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["esol"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--split", choices=(RANDOM, SCAFFOLD), default=RANDOM)
    parser.add_argument("--valid-only", action="store_true", help="leave the test molecules alone")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--quick", action="store_true", help="one epoch: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def load(name: str) -> tuple[Any, list[str]]:
    """Return the molecules with their targets, and the targets; a molecule that stands twice counts once."""
    import polars as pl

    path = Path(os.environ.get("LAMINA_DATA", "")) / "molecules" / SETS[name]
    if not path.exists():
        sys.exit("no molecules in $LAMINA_DATA")
    frame = pl.read_csv(path, infer_schema_length=None)
    others = ("smiles", "mol_id", "activity")
    targets = [ESOL_TARGET] if name == "esol" else [c for c in frame.columns if c not in others]
    return frame.select("smiles", *targets), targets


def parts_of(frame: Any, seed: int, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows of a split 80/10/10."""
    if split == SCAFFOLD:
        from lamina.data import Schema, read
        from lamina.data.graphs.molecules import MoleculeColumn
        from lamina.data.split_by_size import split_by_size

        groups = MoleculeColumn.of("smiles", frame["smiles"].to_list()).scaffolds()
        found = split_by_size(read(frame), Schema((), (), (), ""), groups, valid=0.1, test=0.1)
        return found.train, found.valid, found.test
    rows = np.random.default_rng(seed).permutation(frame.height)
    tenth = frame.height // 10
    return rows[2 * tenth :], rows[tenth : 2 * tenth], rows[:tenth]


def run(name: str, seed: int, arguments: argparse.Namespace) -> tuple[float, float]:
    """Return the metric of the held-out rows, and the seconds of the fit."""
    import lamina

    frame, targets = load(name)
    train, valid, test = parts_of(frame, seed, arguments.split)
    held = valid if arguments.valid_only else test
    given = train if arguments.valid_only else np.concatenate([train, valid])
    keys = [*arguments.keys, *(["epochs=1"] if arguments.quick else [])]
    began = time.perf_counter()
    target: Any = targets if len(targets) > 1 else targets[0]
    own: dict[str, Any] = dict(key.split("=", 1) for key in keys)
    network = lamina.fit(
        frame[given.tolist()], target=target, read_as="smiles:graph", unreadable="skip", seed=seed, **own
    )
    seconds = time.perf_counter() - began
    return network.evaluate(_readable(frame[held.tolist()]))[METRICS[name]], seconds


def _readable(frame: Any) -> Any:
    """Return the rows whose molecule can be read."""
    from lamina.data.graphs.molecules import Molecules

    texts = frame["smiles"].to_list()
    faults = Molecules(texts).faults
    return frame[[row for row in range(len(texts)) if row not in faults]]


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    lines, part = [], "valid" if arguments.valid_only else "test"
    by = "" if arguments.split == RANDOM else f", {SCAFFOLD} split"
    for name in arguments.sets:
        found = []
        for seed in arguments.seeds:
            found.append(run(name, seed, arguments))
            value, seconds = found[-1]
            said = f"{name}, {arguments.split}, seed {seed}, {part}"
            machine.say(f"{said}: {METRICS[name]} {value:.4f}, {seconds:.0f} s")
        values, taken = (np.array(one) for one in zip(*found, strict=True))
        machine.say(f"{name}: {METRICS[name]} {values.mean():.4f} ± {values.std():.4f}")
        lines.append(
            record.Line(
                ROW,
                "lamina",
                f"{name}, {METRICS[name]}, {part}{by}",
                "s",
                float(np.median(taken)),
                quality=float(values.mean()),
                quality_deviation=float(values.std()),
                seeds=" ".join(map(str, arguments.seeds)),
            )
        )
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
