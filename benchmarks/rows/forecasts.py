"""Row "forecasts": the next steps of series, by `lamina.fit`, chosen on validation rows.

*Los*: speeds of 207 detectors on the roads of Los Angeles, 2,016 steps of five minutes (``los_loop`` in
``$LAMINA_DATA``), with the graph of the roads. 12 steps are looked back at, 3 are forecast; the last tenth of
the first 80 % of the steps validates, the last 20 % test, once. The figures are RMSE and MAE in miles an hour
over the 3 steps and all detectors. *ETTh1*: seven series of a transformer station, every hour; 12 months
train, 4 validate, 4 test, 96 steps are forecast, and the figures are MSE and MAE of standardized values.

Beside it: the last value repeated; one ridge regression from the steps before, the same for all series.
``--valid-only`` leaves the test steps alone.

Published: T-GCN 5.126 / 3.180 and GRU 5.218 / 3.060 on *Los* (Zhao et al. 2020; the best epoch on the test
steps); NLinear .374 / .394, DLinear .375 / .399, PatchTST/64 .370 / .400 on ETTh1.

References:
    Zhao et al. T-GCN: a temporal graph convolutional network for traffic prediction. IEEE ITS 2020.
    Zeng et al. Are transformers effective for time series forecasting? AAAI 2023.
    Nie et al. A time series is worth 64 words. ICLR 2023.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import machine, record

ROW = "forecasts"
SETS = ("los", "etth1")
MONTH = 30 * 24


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--models", nargs="+", default=["auto"], help="such as nlinear patchtst series-mlp")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--valid-only", action="store_true", help="show nothing of the test steps")
    parser.add_argument("--no-graph", action="store_true", help="leave the graph of the roads out")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--quick", action="store_true", help="one epoch: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def folder(name: str) -> Path:
    found = Path(os.environ.get("LAMINA_DATA", "")) / name
    if not found.is_dir():
        sys.exit(f"no {name} in $LAMINA_DATA")
    return found


def los(arguments: argparse.Namespace) -> tuple[pl.DataFrame, dict[str, Any], int, int]:
    """Return speeds, keys of the fit, and how many steps train and validate, and test."""
    own = folder("los_loop")
    with gzip.open(own / "speed.csv.gz", "rt") as file:
        frame = pl.read_csv(file.read().encode())
    count = int(0.8 * frame.height)
    keys = {"horizon": 3, "context": 12, "valid": 0.1}
    if not arguments.no_graph:
        keys["graph"] = str(own / "adjacency.csv.gz")
    return frame, keys, count, frame.height


def etth1(arguments: argparse.Namespace) -> tuple[pl.DataFrame, dict[str, Any], int, int]:
    """Return the seven series, keys of the fit, and how many steps train and validate, and test."""
    with gzip.open(folder("ett") / "ETTh1.csv.gz", "rt") as file:
        frame = pl.read_csv(file.read().encode())
    return frame, {"horizon": 96, "context": 336, "valid": 0.25}, 16 * MONTH, 20 * MONTH


def ridge(values: np.ndarray, trained: int, *, context: int, horizon: int, weight: float = 1.0) -> Any:
    """Return (at) → forecasts of a ridge regression of differences from the last step, one for all series."""
    at = np.arange(context, trained - horizon + 1)
    last = values[at - 1]
    x = np.stack([values[at - back] - last for back in range(context, 1, -1)], -1).reshape(-1, context - 1)
    y = np.stack([values[at + ahead] - last for ahead in range(horizon)], -1).reshape(-1, horizon)
    gram = x.T @ x + weight * len(x) * 1e-4 * np.eye(context - 1)
    weights = np.linalg.solve(gram, x.T @ y)

    def forecast(at: np.ndarray) -> np.ndarray:
        last = values[at - 1]
        own = np.stack([values[at - back] - last for back in range(context, 1, -1)], -1)
        return own @ weights + last[..., None]

    return forecast


def baselines(frame: pl.DataFrame, keys: dict[str, Any], count: int, end: int, begin: int) -> dict[str, Any]:
    """Return method → errors of the last value and of a ridge regression, (forecasts, series, horizon)."""
    columns = [name for name, kind in frame.schema.items() if kind.is_numeric()]
    values = frame.select(columns).to_numpy()
    context, horizon = keys["context"], keys["horizon"]
    own = ridge(values, count, context=context, horizon=horizon)
    at = np.arange(begin, end - horizon + 1)
    known = np.stack([values[at + ahead] for ahead in range(horizon)], -1)
    found = {"last value": np.repeat(values[at - 1][..., None], horizon, -1), "ridge": own(at)}
    return {name: forecast - known for name, forecast in found.items()}


def figures(error: np.ndarray, scale: np.ndarray, name: str) -> tuple[float, float]:
    """Return the two figures of a set: RMSE and MAE, or MSE and MAE of standardized values."""
    if name == "los":
        return float(np.sqrt((error**2).mean())), float(np.abs(error).mean())
    error = error / scale[:, None]
    return float((error**2).mean()), float(np.abs(error).mean())


def measure(name: str, arguments: argparse.Namespace) -> list[record.Line]:
    """Fit models to one set; return their lines and those of the baselines."""
    import lamina

    frame, own, count, end = {"los": los, "etth1": etth1}[name](arguments)
    keys = (
        own | dict(pair.split("=", 1) for pair in arguments.keys) | ({"epochs": 1} if arguments.quick else {})
    )
    keys |= {"context": int(keys["context"]), "horizon": int(keys["horizon"])}
    trained = count - round(count * float(keys["valid"]))
    begin, stop = (trained, count) if arguments.valid_only else (count, end)
    part, lines = "valid" if arguments.valid_only else "test", []
    values = frame.select([n for n, kind in frame.schema.items() if kind.is_numeric()]).to_numpy()
    scale = values[:trained].std(axis=0)
    for method, error in baselines(frame, keys, trained, stop, begin).items():
        first, mae = figures(error, scale, name)
        machine.say(f"{name}, {method}, {part}: {first:.4f} {mae:.4f}")
        lines.append(
            record.Line(ROW, method, f"{name}, {part}", "s", 0.0, quality=first, note=f"MAE {mae:.4f}")
        )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / f"{name}.csv"
        frame[:count].write_csv(path)
        for model in arguments.models:
            for seed in arguments.seeds:
                began = time.perf_counter()
                network = lamina.fit(str(path), task="forecast", model=model, seed=seed, **keys)
                seconds = time.perf_counter() - began
                error = errors_of(network, frame[:stop], begin)
                first, mae = figures(error, scale, name)
                who = f"{name}, {network.model_name}, seed {seed}, {part}"
                machine.say(f"{who}: {first:.4f} {mae:.4f} ({seconds:.0f} s)")
                note = " ".join([f"MAE {mae:.4f}; {network.info.epochs} epochs", *arguments.keys])
                what = f"{name}, {network.model_name}, {part}"
                lines.append(
                    record.Line(ROW, "lamina", what, "s", seconds, quality=first, seeds=str(seed), note=note)
                )
    return lines


def errors_of(network: Any, frame: pl.DataFrame, begin: int) -> np.ndarray:
    """Return the errors of all forecasts that begin with a step or later, (forecasts, series, horizon)."""
    from lamina.tasks.forecast.examiner import steps_of, values_from

    steps = steps_of(network.read(frame), network.target).steps
    horizon = network.target.horizon
    at = np.arange(begin, steps.count - horizon + 1)
    found = network.objective.point(network.decoded(network.target.arrays(steps, at)))
    return found - values_from(steps, at, horizon)


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    lines = [line for name in arguments.sets for line in measure(name, arguments)]
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
