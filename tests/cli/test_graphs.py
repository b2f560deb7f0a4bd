"""Graphs by the command line, from files to predictions."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from pytest import CaptureFixture

from lamina.cli.main import main


def write_set(folder: Path, *, rows: int = 48) -> Path:
    """Write rings and paths in the format of the TU collection; the label says which."""
    folder.mkdir()
    random, lines = (
        np.random.default_rng(0),
        {"A": [], "graph_indicator": [], "graph_labels": [], "node_labels": []},
    )
    start = 1
    for row in range(rows):
        size, is_ring = int(random.integers(4, 9)), row % 2
        ends = [(start + i, start + (i + 1) % size) for i in range(size if is_ring else size - 1)]
        lines["A"] += [f"{a}, {b}" for one in ends for a, b in (one, one[::-1])]
        lines["graph_indicator"] += [str(row + 1)] * size
        lines["node_labels"] += [str(random.integers(0, 2)) for _ in range(size)]
        lines["graph_labels"].append("1" if is_ring else "-1")
        start += size
    for name, own in lines.items():
        (folder / f"RINGS_{name}.txt").write_text("\n".join(own) + "\n")
    return folder


def test_from_files_to_predictions(tmp_path: Path, capsys: CaptureFixture[str]):
    data, run = write_set(tmp_path / "RINGS"), tmp_path / "run"
    assert main(["check", str(data), "--json"]) == 0
    assert "binary" in capsys.readouterr().out
    assert main(["fit", str(data), "--out", str(run), "epochs=20", "folds=1", "size=8", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "gin" and told["valid"]["accuracy"] > 0.5
    assert "The graphs of" in (run / "report.html").read_text()
    assert main(["evaluate", str(run), str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["accuracy"] > 0.6
    assert main(["predict", str(run), str(data), "--out", str(tmp_path / "p.csv")]) == 0
    found = [row["prediction"] for row in csv.DictReader((tmp_path / "p.csv").read_text().splitlines())]
    assert len(found) == 48 and set(found) == {"1", "-1"}


@pytest.mark.slow
def test_molecules_in_a_table(tmp_path: Path, no_report: None, capsys: CaptureFixture[str]):
    pytest.importorskip("rdkit")
    texts = ["C" * n + end for n in range(3, 15) for end in ("(=O)O", "O", "c1ccccc1", "N")]
    lines = ["drug,y", *(f"{text},{text.count('C') + 3 * text.count('O')}" for text in texts)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    words = [
        "fit",
        str(tmp_path / "a.csv"),
        "--target",
        "y",
        "--task",
        "regression",
        "--out",
        str(tmp_path / "r"),
    ]
    assert main([*words, "epochs=2", "folds=1", "size=8", "read_as=drug:graph", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "gin"
    (tmp_path / "new.csv").write_text("drug\nCCO\nCF(C)C\n")
    assert main(["predict", str(tmp_path / "r"), str(tmp_path / "new.csv")]) == 2
    said = capsys.readouterr().err
    assert "line 3" in said and "CF(C)C" in said
    (tmp_path / "good.csv").write_text("drug\nCCO\n[Xe]\n")
    assert main(["predict", str(tmp_path / "r"), str(tmp_path / "good.csv")]) == 0
    assert "that training never saw" in capsys.readouterr().err
