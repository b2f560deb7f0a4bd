"""Quality rows: five tables, presets, seeds; `lamina.fit` on a file with a split column.

California, wine, bike and diamonds are split 64/16/20 at random by the seed; Adult has its
official test rows. The 16 % validate, except under ``best``, which cross-validates the 80 %
that are not test rows by itself. Each run is a process of its own and a line in the CSV as soon as it ends.
``--valid-only`` leaves the test rows out: for tuning.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import fits, tabular

PRESETS = ("fast", "balanced", "best")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=tuple(tabular.TABLES), default=list(tabular.TABLES))
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=["balanced", "best"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)), metavar="SEED")
    fits.add_arguments(parser)
    return parser.parse_args()


def fit(name: str, preset: str, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit once in a process of its own; return the line of the CSV."""
    table, load = tabular.TABLES[name], fits.load()
    keys = {"target": table.target, "task": table.task, "split": "split", "preset": preset, "seed": seed}
    marks = arguments.valid_only or preset != "best"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.csv"
        tabular.write_split(table, path, seed=seed, valid_only=arguments.valid_only, marks_valid=marks)
        run = fits.whole_run(path, keys, arguments)
    reached = {
        part: run.answer[part] and run.answer[part][table.metric] / table.unit for part in ("valid", "test")
    }
    return {
        "set": name,
        "preset": preset,
        "seed": seed,
        "metric": table.metric,
        "valid": fits.rounded(reached["valid"]),
        "test": "" if arguments.valid_only else fits.rounded(reached["test"]),
        "asked": table.asked.get(preset, ""),
        **fits.described(run, arguments, load=load),
    }


def main() -> None:
    arguments = parse()
    fits.run_all("tables", lambda *key: fit(*key, arguments), arguments)


if __name__ == "__main__":
    main()
