"""What is said of data that are unlike those a network was trained on."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pytest import CaptureFixture

import lamina
from lamina.cli.main import main
from lamina.core import manifest
from lamina.core.errors import DataError, LaminaWarning
from lamina.network.artifact import SCHEMA, to_files
from lamina.network.load import from_files
from lamina.network.network import Network

ROWS = 60
RANDOM = np.random.default_rng(0)
FRAME = pl.DataFrame(
    {
        "age": RANDOM.permutation(np.linspace(20.0, 60.0, ROWS)),  # margin: 20 years on both sides
        "gap": [None if i % 6 == 0 else float(i * 11 % 17) for i in range(ROWS)],
        "city": [["Ulm", "Köln", "Bonn"][i * 7 % 3] for i in range(ROWS)],
        "kind": [["a", "b", None, "c"][i * 3 % 4] for i in range(ROWS - 1)] + ["once"],
        "flat": [i % 4 == 0 for i in range(ROWS)],
        "sold": [f"{2020 + i % 3}-{i % 12 + 1:02d}-{i % 28 + 1:02d}" for i in range(ROWS)],
        "price": RANDOM.normal(size=ROWS),
    }
)
NEW = FRAME.drop("price")


def changed(**cells: dict[int, Any]) -> pl.DataFrame:
    """The training rows with some cells changed, given by column and row."""
    columns = NEW.to_dict(as_series=False)
    for name, values in cells.items():
        for row, value in values.items():
            columns[name][row] = value
    return pl.DataFrame(columns, strict=False)


def fitted(**keys: Any) -> Network:
    keys = {"model": "linear", "epochs": 1, "valid": 0.0, "early_stopping": False, **keys}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lamina.fit(FRAME, target="price", **keys)


@pytest.fixture(scope="module", params=["quantile", "standard"])
def network(request: pytest.FixtureRequest) -> Network:
    return fitted(numeric=request.param)


def found(network: Network, frame: Any) -> dict[tuple[str, str], int]:
    """Column and code of each warning, and how many rows it counts."""
    words = network.check(frame).warnings
    return {(w.where.split("'")[-2], w.code): int(w.message.split()[0]) for w in words}


def test_nothing_is_said_of_the_training_rows(network: Network):
    """A category that stands there once is rare, and not strange."""
    assert str(network.check(FRAME)).endswith("nothing to report")
    assert len(network.predict(FRAME)) == ROWS


def test_nothing_is_said_within_the_margin(network: Network):
    assert not found(network, changed(age={0: 79.9, 1: 0.1}, gap={2: 23.9}, sold={3: "2023-12-01"}))


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"age": {0: 80.1, 5: -0.1, 9: 1e6}}, "age", "out-of-range"),
        ({"gap": {1: 24.5, 2: -9, 3: 400}}, "gap", "out-of-range"),
        ({"age": {0: None, 4: None, 6: None}}, "age", "new-gap"),
        ({"city": {0: "Rom", 1: "Paris", 59: "ulm"}}, "city", "unseen-category"),
        ({"city": {0: None, 1: None, 59: None}}, "city", "new-gap"),
        ({"kind": {0: "d", 1: "e", 7: "d"}}, "kind", "unseen-category"),
        ({"flat": {0: None, 1: None, 2: None}}, "flat", "new-gap"),
        ({"sold": {0: "1999-01-01", 1: "2031-05-05", 2: "2025-01-01"}}, "sold", "date-out-of-range"),
        ({"sold": {0: None, 1: None, 2: None}}, "sold", "new-gap"),
    ],
)
def test_what_is_unlike_is_counted_by_column(network: Network, cells: dict, column: str, code: str):
    assert found(network, changed(**cells)) == {(column, code): 3}
    (said,) = network.check(changed(**cells)).warnings
    first = min(cells[column])
    assert said.where == f"<frame>, row {first}, column '{column}'"
    assert (f"the first one '{cells[column][first]}'" in said.message) == (cells[column][first] is not None)


def test_gaps_where_training_had_some_are_not_strange(network: Network):
    assert not found(network, changed(gap=dict.fromkeys(range(40)), kind=dict.fromkeys(range(40))))


def test_words_for_a_boolean(network: Network):
    flat = ["perhaps", "true", "no", "maybe", *["false"] * 56]
    assert found(network, NEW.with_columns(flat=pl.Series(flat))) == {("flat", "unseen-category"): 2}


def test_one_warning_a_call_counts_rows_once(network: Network):
    new = changed(age={3: 99}, city={0: "Rom", 1: "Rom", 2: "Rom"}, kind={2: "z", 3: "z"})
    line = (
        "1 of 60 rows holds numbers beyond the training range: age 1; "
        "4 rows hold categories that training never saw: city 3, kind 2"
    )
    for ask in (network.predict, lambda data: network.evaluate(data.with_columns(price=pl.lit(1.0)))):
        with pytest.warns(LaminaWarning) as caught:
            ask(new)
        assert [str(warning.message) for warning in caught] == [line]
        assert caught[0].filename == __file__, "it points to the call"
    assert len(network.outputs(new)) == ROWS, "outputs are those of programs, which are told by check"


def test_other_questions_warn_too():
    labels = FRAME.with_columns(price=pl.Series(["no", "yes"] * 30))
    network = lamina.fit(labels, target="price", model="logistic", epochs=1)
    with pytest.warns(LaminaWarning, match="hold numbers beyond the training range: age 2"):
        network.predict_proba(changed(age={0: 1e4, 1: -1e4}))
    levels = fitted(quantiles=(0.1, 0.5, 0.9))
    with pytest.warns(LaminaWarning, match="1 of 60 rows holds numbers"):
        levels.predict_quantiles(changed(age={0: 1e4}))


def test_new_columns_are_named_by_the_check_alone(network: Network):
    new = NEW.with_columns(pl.lit(1).alias("id"), pl.lit("x").alias("note"))
    (said,) = network.check(new).findings
    assert (said.level, said.code) == ("note", "ignored")
    assert said.message == "ignored, as training did not have them: 'id', 'note'"
    network.predict(new)  # no warning


def test_data_that_do_not_fit_at_all_are_an_error_of_the_check(network: Network):
    audit = network.check(NEW.drop("age"))
    assert [finding.code for finding in audit.errors] == ["does-not-fit"]
    with pytest.raises(DataError, match="no rows to predict"):
        network.check(NEW.head(0))


def test_arrays_too():
    X = np.random.default_rng(0).uniform(size=(80, 2))
    network = lamina.fit(X, X[:, 0] - X[:, 1], model="linear", epochs=1)
    assert [(w.code, w.where) for w in network.check(np.array([[0.5, 0.5], [0.1, 9.0]])).warnings] == [
        ("out-of-range", "<arrays>, row 1, column 'x1'")
    ]


def test_a_network_of_before_says_what_it_knows(network: Network):
    """It does not know rare categories, so it says nothing of categories."""
    files = to_files(network)
    schema = json.loads(files[SCHEMA])
    for column in next(iter(schema["blocks"].values()))["columns"]:
        column.pop("rare", None)
    old = from_files({**files, SCHEMA: manifest.to_json(schema)}, manifest.FORMAT_VERSION, place=Path("net"))
    new = changed(age={0: 1e3}, city={1: "Rom", 2: None})
    assert found(old, new) == {("age", "out-of-range"): 1, ("city", "new-gap"): 1}
    again = from_files(files, manifest.FORMAT_VERSION, place=Path("net"))
    assert found(again, new) == found(network, new) == {**found(old, new), ("city", "unseen-category"): 1}


# --- the command line ------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    fitted().save("net")
    changed(age={0: 1e4}, city={0: "Rom", 1: "Oslo"}).with_columns(pl.lit(1).alias("id")).write_csv("new.csv")
    changed(age={0: 1e4}).with_columns(price=pl.lit(0.5)).write_csv("labeled.csv")
    FRAME.write_csv("same.csv")
    return "net"


LINE = (
    "note: 1 of 60 rows holds numbers beyond the training range: age 1; 2 rows hold categories that training "
    "never saw: city 2; 1 column that training did not have is ignored: id\n"
)


def test_predict_says_it_in_one_line(saved: str, capsys: CaptureFixture[str]):
    assert main(["predict", saved, "new.csv"]) == 0
    out, err = capsys.readouterr()
    assert err == LINE and len(out.splitlines()) == 61
    assert main(["predict", saved, "same.csv"]) == 0
    assert capsys.readouterr().err == ""


def test_predict_json_says_what_was_done(saved: str, capsys: CaptureFixture[str]):
    assert main(["predict", saved, "new.csv", "--out", "p.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "out": "p.csv",
        "rows": 60,
        "task": "regression",
        "unlike_training": {
            "rows": 2,
            "columns": [
                {"column": "age", "code": "out-of-range", "rows": 1},
                {"column": "city", "code": "unseen-category", "rows": 2},
            ],
            "ignored": ["id"],
        },
    }
    assert main(["predict", saved, "new.csv", "--json"]) == 2
    assert "--json says where the predictions are, so it needs --out" in capsys.readouterr().err


def test_evaluate_says_it_too(saved: str, capsys: CaptureFixture[str]):
    assert main(["evaluate", saved, "labeled.csv", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == "note: 1 of 60 rows holds numbers beyond the training range: age 1\n"
    assert json.loads(out)["unlike_training"]["rows"] == 1
    assert main(["evaluate", saved, "same.csv", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and json.loads(out)["unlike_training"] == {"rows": 0, "columns": [], "ignored": []}


def test_strict_refuses_and_writes_nothing(saved: str, capsys: CaptureFixture[str]):
    assert main(["predict", saved, "new.csv", "--out", "p.csv", "--strict"]) == 2
    assert not Path("p.csv").exists()
    said = capsys.readouterr().err
    assert said.startswith("lamina: new.csv: 1 of 60 rows holds numbers beyond the training range: age 1; ")
    assert "fix: correct the rows, train on data that have such, or leave --strict out" in said
    assert main(["evaluate", saved, "labeled.csv", "--strict"]) == 2
    assert capsys.readouterr().out == ""
    FRAME.with_columns(pl.lit(1).alias("id")).write_csv("more.csv")
    assert main(["predict", saved, "more.csv", "--out", "p.csv", "--strict"]) == 0, "columns are ignored"
    assert "1 column that training did not have is ignored: id" in capsys.readouterr().err
