"""Quality rows: sets of images, presets, seeds; `lamina.fit` on a file with train, valid and test rows.

MNIST, Fashion-MNIST and PneumoniaMNIST from ``$LAMINA_DATA``, the whole CIFAR-10 from ``--cifar``. Test
rows are the official ones; a tenth of the training rows validates, drawn by the seed (PneumoniaMNIST has
official ones). Each run is a process of its own and a line in the CSV as soon as it ends.
``--valid-only`` leaves the test rows out: for tuning.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import fits, pictorial

PRESETS = ("fast", "balanced", "best")
QUICK_ROWS = 1000


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=tuple(pictorial.SETS), metavar="SET",
                        help="default: all, CIFAR-10 only with --cifar")  # fmt: skip
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=["balanced"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(3)), metavar="SEED")
    parser.add_argument("--cifar", type=Path, metavar="PATH", help="what `python -m benchmarks.cifar` writes")
    parser.add_argument("--time-limit", type=float, metavar="SECONDS", help="for each run: key time_limit")
    fits.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.sets is None:
        arguments.sets = [name for name in pictorial.SETS if name != "cifar10" or arguments.cifar]
    if arguments.time_limit is not None:
        arguments.keys = [*arguments.keys, f"time_limit={arguments.time_limit:g}"]
    return arguments


def fit(name: str, preset: str, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit once in a process of its own; return the line of the CSV."""
    kind, load = pictorial.SETS[name], fits.load()
    keys = {"target": "label", "task": kind.task, "split": "split", "preset": preset, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.npz"
        pictorial.write_split(
            name,
            path,
            seed=seed,
            valid_only=arguments.valid_only,
            cifar=arguments.cifar,
            most=QUICK_ROWS if arguments.quick else None,
        )
        run = fits.whole_run(path, keys, arguments)
    reached = {(part, metric): (run.answer[part] or {}).get(metric)
               for part in ("valid", "test") for metric in ("accuracy", "auc")}  # fmt: skip
    return {
        "set": name,
        "preset": preset,
        "seed": seed,
        "metric": "accuracy",
        "valid": fits.rounded(reached["valid", "accuracy"]),
        "test": fits.rounded(reached["test", "accuracy"]),
        "valid_auc": fits.rounded(reached["valid", "auc"]),
        "test_auc": fits.rounded(reached["test", "auc"]),
        "fit_seconds": round(run.answer["seconds"], 2),
        **fits.described(run, arguments, load=load),
    }


def main() -> None:
    arguments = parse()
    fits.run_all("images", lambda *key: fit(*key, arguments), arguments)


if __name__ == "__main__":
    main()
