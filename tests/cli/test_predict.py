from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pytest import CaptureFixture, MonkeyPatch
from tests.faults.artifacts import frame, network

import lamina
from lamina.cli.main import main
from lamina.cli.predictions import write_columns


def test_labels_come_as_they_were_given(run: Path, animals: Path, capsys: CaptureFixture[str]):
    assert main(["predict", str(run), str(animals)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["prediction"] for row in rows] == lamina.load(run).predict(str(animals)).tolist()
    assert {row["prediction"] for row in rows} <= {"cat", "dog", "großer Uhu"} and len(rows) == 150


def test_probabilities_are_exact_and_named(run: Path, animals: Path, capsys: CaptureFixture[str]):
    assert main(["predict", str(run), str(animals), "--proba"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    names = ["probability_cat", "probability_dog", "probability_großer Uhu"]
    found = np.array([[float(row[name]) for name in names] for row in rows])
    assert np.array_equal(found, lamina.load(run).predict_proba(str(animals)))


@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.jsonl"])
def test_a_file_by_its_ending_is_never_overwritten(
    run: Path, animals: Path, name: str, capsys: CaptureFixture[str]
):
    words = ["predict", str(run), str(animals), "--out", name, "--proba"]
    assert main(words) == 0
    readers = {"p.csv": pl.read_csv, "p.parquet": pl.read_parquet, "p.jsonl": pl.read_ndjson}
    frame = readers[name](name)
    assert frame.height == 150 and frame.columns[:2] == ["prediction", "probability_cat"]
    assert frame["prediction"].to_list() == lamina.load(run).predict(str(animals)).tolist()
    before = Path(name).read_bytes()
    assert main(words) == 2
    assert "already exists, and nothing is overwritten" in capsys.readouterr().err
    assert Path(name).read_bytes() == before


def test_data_without_the_target_and_from_standard_input(
    run: Path, capsys: CaptureFixture[str], monkeypatch: MonkeyPatch
):
    content = io.TextIOWrapper(io.BytesIO(b"weight,height\n4.1,12\n14,42\n"))
    monkeypatch.setattr("sys.stdin", content)
    assert main(["predict", str(run), "-"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_numbers_and_quantiles(animals: Path, no_report: None, capsys: CaptureFixture[str]):
    words = ["fit", str(animals), "--target", "height", "--out", "r", "epochs=1", "size=8", "--model", "mlp"]
    assert main([*words, "quantiles=0.1,0.5,0.9", "preset=fast"]) == 0
    assert main(["predict", "r", str(animals), "--out", "p.csv"]) == 0
    frame = pl.read_csv("p.csv")
    assert frame.columns == ["prediction", "quantile_0.1", "quantile_0.5", "quantile_0.9"]
    assert frame["prediction"].equals(frame["quantile_0.5"].alias("prediction"))
    assert main(["predict", "r", str(animals), "--proba"]) == 2
    assert "regression has no probabilities" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "options", "columns"),
    [
        ("binary", ["--proba"], "prediction probability_no probability_yes"),
        ("multiclass", [], "prediction"),
        ("multiclass", ["--proba"], "prediction probability_0 probability_1 probability_2"),
        ("multilabel", [], "prediction_first prediction_second"),
        (
            "multilabel", ["--proba"],
            "prediction_first prediction_second probability_first probability_second",
        ),
        ("regression", [], "prediction"),
        ("quantile", [], "prediction quantile_0.1 quantile_0.5 quantile_0.9"),
    ],
)  # fmt: skip
def test_columns_are_named_by_what_was_learned(
    task: str, options: list[str], columns: str, capsys: CaptureFixture[str]
):
    frame().write_csv("d.csv")
    network(task).save("net")
    assert main(["predict", "net", "d.csv", *options]) == 0
    assert capsys.readouterr().out.splitlines()[0].split(",") == columns.split()


def test_columns_of_several_numbers_are_named_by_their_targets(
    animals: Path, no_report: None, capsys: CaptureFixture[str]
):
    words = ["fit", str(animals), "--target", "height,weight", "--out", "r", "epochs=1", "size=8"]
    assert main([*words, "--task", "regression", "--model", "mlp", "quantiles=0.1,0.5", "preset=fast"]) == 0
    capsys.readouterr()
    assert main(["predict", "r", str(animals)]) == 0
    assert capsys.readouterr().out.splitlines()[0].split(",") == [
        "prediction_height", "prediction_weight",
        "quantile_height_0.1", "quantile_height_0.5", "quantile_weight_0.1", "quantile_weight_0.5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["RUN", "DATA", "--out", "p.xlsx"], "unknown type of file; expected one of .csv .parquet .jsonl"),
        (["RUN", "DATA", "--out", "gone/p.csv"], "its folder does not exist"),
        (["gone", "DATA"], "gone: no such run"),
        (["RUN", "gone.csv"], "gone.csv: no such file"),
        (["RUN", "less.csv"], "column 'height' is absent"),
        (["RUN"], "the following arguments are required: DATA"),
    ],
)
def test_what_is_wrong(
    words: list[str], message: str, run: Path, animals: Path, tmp_path: Path, capsys: CaptureFixture[str]
):
    (tmp_path / "less.csv").write_text("weight\n1\n2\n")
    places = {"RUN": str(run), "DATA": str(animals)}
    assert main(["predict", *(places.get(word, word) for word in words)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err and shown.out == ""


def test_many_rows_are_written_in_parts(tmp_path: Path, capsys: CaptureFixture[str]):
    columns = {"prediction": np.arange(10_000), "b": np.array(['say "a", b\n'] * 10_000)}
    write_columns(columns, None)
    write_columns(columns, str(tmp_path / "p.csv"))
    text = capsys.readouterr().out
    assert text == (tmp_path / "p.csv").read_bytes().decode()
    assert [row[0] for row in csv.reader(io.StringIO(text))][1:] == [str(i) for i in range(10_000)]


def test_jsonl_keeps_types(tmp_path: Path):
    write_columns(
        {"prediction": np.array([True, False]), "p": np.array([0.5, 1.0])}, str(tmp_path / "p.jsonl")
    )
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert rows == [{"prediction": True, "p": 0.5}, {"prediction": False, "p": 1.0}]
