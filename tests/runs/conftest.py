"""A small table on disk, and one run that is trained once for all tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lamina.data.source import read
from lamina.runs.console import Console
from lamina.runs.run import Finished
from lamina.runs.start import start_run

QUICK = {"model": "mlp", "size": 8, "epochs": 2, "preset": "fast"}


def write_houses(path: Path, *, rows: int = 240, seed: int = 0) -> Path:
    """Write a table of houses: two numbers, a category, a price and whether it was sold."""
    random = np.random.default_rng(seed)
    size, age = random.uniform(30, 200, rows), random.integers(0, 90, rows)
    kind = random.choice(["flat", "house", "villa"], rows)
    price = 3 * size - age + 40 * (kind == "villa") + random.normal(0, 5, rows)
    sold = np.where(price + random.normal(0, 40, rows) > 300, "yes", "no")
    lines = ["size,age,kind,price,sold"]
    lines += [
        f"{s:.2f},{a},{k},{p:.2f},{y}" for s, a, k, p, y in zip(size, age, kind, price, sold, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_houses(tmp_path_factory.mktemp("data") / "houses.csv")


@pytest.fixture(scope="session")
def finished(houses: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A whole run with its report: is a house sold?"""
    out = tmp_path_factory.mktemp("runs") / "sold"
    table = read(str(houses))
    return start_run(table, target="sold", keys={**QUICK, "drop": ["price"]}, out=out, console=Console())


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the report out, which takes longer than the training of a small network."""
    monkeypatch.setattr("lamina.runs.run.write_report", lambda *args, **keys: None)
