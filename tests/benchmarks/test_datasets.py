"""Data of the rows: splits by the seed, test rows left out for tuning, IDX files read."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from benchmarks import datasets, tabular
from benchmarks.rows import million_rows


def test_random_split_is_64_16_20_and_follows_the_seed():
    words = tabular.random_split(1000, 3)
    assert {word: int((words == word).sum()) for word in set(words)} == {
        "train": 640,
        "valid": 160,
        "test": 200,
    }
    assert (words == tabular.random_split(1000, 3)).all()
    assert (words != tabular.random_split(1000, 4)).any()


@pytest.fixture
def wine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tabular.Table:
    table = tabular.TABLES["wine"]
    path = tmp_path / table.file
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt") as file:
        file.write("quality,type\n" + "".join(f"{row % 7},red\n" for row in range(50)))
    monkeypatch.setenv("LAMINA_DATA", str(tmp_path))
    return table


@pytest.mark.parametrize(("valid_only", "rows"), [(False, 50), (True, 40)])
def test_tuning_never_sees_test_rows(wine: tabular.Table, tmp_path: Path, valid_only: bool, rows: int):
    path = tmp_path / "split.csv"
    tabular.write_split(wine, path, seed=0, valid_only=valid_only, marks_valid=True)
    with path.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == rows
    assert ("test" in {row["split"] for row in found}) is not valid_only


def test_a_missing_table_names_the_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAMINA_DATA", "/nowhere")
    with pytest.raises(SystemExit, match="LAMINA_DATA"):
        tabular.source(tabular.TABLES["bike"])


def test_read_idx(tmp_path: Path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(6))))
    assert datasets.read_idx(path).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("kind", ["mixed", "numbers"])
def test_the_large_table_has_fifty_columns(tmp_path: Path, kind: str):
    path = tmp_path / "large.csv"
    million_rows.write_table(path, rows=30, kind=kind, task="binary")
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert len(header) == million_rows.COLUMNS
    assert {len(row) for row in rows} == {million_rows.COLUMNS}
    assert len(rows) == 30
    assert {row[-1] for row in rows} == {"yes", "no"}
    assert np.isfinite([float(row[1]) for row in rows if row[1]]).all()
