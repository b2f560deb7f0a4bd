"""A table of animals, and one run that the command line made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lamina.cli.main import main

QUICK = ["epochs=2", "size=8", "preset=fast"]


def write_animals(path: Path, *, rows: int = 150) -> Path:
    """Write weight, height, a name no other row has, and the species."""
    random = np.random.default_rng(0)
    kinds = np.array(["cat", "dog", "großer Uhu"])[random.integers(0, 3, rows)]
    lines = ["name,weight,height,species"]
    for row, kind in enumerate(kinds):
        mean = 4 + 10 * (kind == "dog")
        lines.append(f"n{row},{random.normal(mean, 2):.3f},{random.normal(3 * mean, 5):.2f},{kind}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def animals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_animals(tmp_path_factory.mktemp("data") / "animals.csv")


@pytest.fixture(scope="session")
def run(animals: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "animals"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "lamina.runs.run.write_report", lambda folder, *_, **__: folder.report.write_text("page")
        )
        assert (
            main(["fit", str(animals), "--target", "species", "--out", str(out), "--model", "mlp", *QUICK])
            == 0
        )
    return out


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the report out, which takes longer than the training of a small network."""
    monkeypatch.setattr("lamina.runs.run.write_report", lambda *args, **keys: None)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test types its command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
