"""Networks learn from numbers as people write them, and keep how they were written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lamina
from lamina.core import manifest
from lamina.core.errors import ArtifactError, DataError, LaminaWarning
from lamina.network.load import from_files
from lamina.network.model_card import model_card

ROWS = 120
RANDOM = np.random.default_rng(0)
AREA, MASS, SHARE = (
    RANDOM.uniform(900, 4000, ROWS).round(1),
    RANDOM.uniform(1, 9, ROWS).round(1),
    RANDOM.random(ROWS),
)
PRICE = (2 * AREA + 100 * MASS).round(2)
DAYS = np.datetime64("2021-01-01") + RANDOM.integers(0, 300, ROWS)


def german(value: float) -> str:
    return f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


def day_first(day: np.datetime64) -> str:
    year, month, number = str(day).split("-")
    return f"{number}/{month}/{year}"


SPELLED = pl.DataFrame(
    {
        "area": [german(value) for value in AREA],
        "mass": ["unknown" if i % 10 == 0 else f"{value} kg" for i, value in enumerate(MASS)],
        "share": [f"{value:.1%}" for value in SHARE],
        "when": ["TBD" if i % 10 == 1 else day_first(day) for i, day in enumerate(DAYS)],
        "price": [f"{german(value)} €" for value in PRICE],
    }
)
PLAIN = pl.DataFrame(
    {
        "area": AREA,
        "mass": [None if i % 10 == 0 else value for i, value in enumerate(MASS)],
        "share": [float(f"{value:.1%}"[:-1]) for value in SHARE],
        "when": [None if i % 10 == 1 else day for i, day in enumerate(DAYS.astype(object))],
        "price": PRICE,
    }
)
QUICK = {"model": "mlp", "size": 8, "preset": "fast", "epochs": 5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spelled")
    SPELLED.write_csv(path / "t.csv")
    lamina.fit(str(path / "t.csv"), target="price", **QUICK).save(path / "net")
    return path


@pytest.fixture(scope="module")
def net(folder: Path) -> lamina.Network:
    return lamina.load(folder / "net")


def test_it_learns_what_the_plain_table_teaches(net: lamina.Network):
    plain = lamina.fit(PLAIN, target="price", **QUICK)
    assert net.task.name == plain.task.name == "regression"
    np.testing.assert_allclose(net.predict(SPELLED), plain.predict(PLAIN))
    assert net.evaluate(SPELLED) == pytest.approx(plain.evaluate(PLAIN))


def test_new_data_are_read_in_the_form_of_training(net: lamina.Network, folder: Path):
    expected = net.predict(SPELLED)
    np.testing.assert_array_equal(net.predict(str(folder / "t.csv")), expected)
    np.testing.assert_allclose(net.predict(PLAIN), expected)  # plain numbers stay what they are
    few = SPELLED[[3]].with_columns(area=pl.lit("1.234"), share=pl.lit("12"))  # says nothing by itself
    few.write_csv(folder / "few.csv")
    row = PLAIN[[3]].with_columns(area=1234.0, share=12.0)
    np.testing.assert_allclose(net.predict(str(folder / "few.csv")), net.predict(row))
    np.testing.assert_allclose(net.predict(few.drop("price")), net.predict(row))
    ambiguous = SPELLED[[3]].with_columns(when=pl.lit("03/04/2021"))
    other = PLAIN[[3]].with_columns(when=pl.date(2021, 4, 3))
    np.testing.assert_allclose(net.predict(ambiguous), net.predict(other))
    np.testing.assert_allclose(
        net.predict(SPELLED[[3]].with_columns(when=pl.lit("later"))),
        net.predict(PLAIN[[3]].with_columns(when=pl.lit(None, pl.Date))),
    )


def test_numbers_in_another_form_are_refused_by_row(net: lamina.Network):
    wrong = SPELLED.with_columns(mass=pl.lit("3 lb"))
    with pytest.raises(
        DataError, match=r"row 0, column 'mass'(?s:.)*numbers written as 1234.5 kg(?s:.)*'3 lb'"
    ):
        net.predict(wrong)


def test_targets_are_plain_numbers_and_their_unit_is_named(net: lamina.Network, folder: Path):
    assert net.predict(SPELLED).dtype.kind == "f"
    assert abs(np.median(net.predict(SPELLED)) - np.median(PRICE)) < np.ptp(PRICE)
    card = model_card(net)
    assert "1 target: `price` in `€`." in card
    assert "| `mass` | numeric, in kg |" in card and "| `area` | numeric |" in card
    assert net.schema.unit("price") == "€" and net.schema.unit("area") == ""


def test_the_report_names_the_unit(folder: Path):
    from lamina.cli.main import main

    keys = [f"{name}={value}" for name, value in QUICK.items()]
    assert main(["fit", str(folder / "t.csv"), "--target", "price", "--out", str(folder / "run"), *keys]) == 0
    page = (folder / "run" / "report.html").read_text()
    assert "€ on average" in page and "written as 1234.5 kg" in page


def test_forms_are_stored_only_where_there_are_some(net: lamina.Network, tmp_path: Path, folder: Path):
    stored = json.loads((folder / "net" / "schema.json").read_text())["schema"]
    assert stored["forms"] == {
        "area": "1.234,5", "mass": "1234.5 kg", "share": "1234.5 %", "when": "%d/%m/%Y", "price": "1.234,5 €",
    }  # fmt: skip
    assert dict(net.schema.forms) == stored["forms"]
    lamina.fit(PLAIN, target="price", **QUICK).save(tmp_path / "plain")
    assert "forms" not in json.loads((tmp_path / "plain" / "schema.json").read_text())["schema"]


@pytest.mark.parametrize("form", ["", "abc", "%Y-%M", "1234,5,6", 5])
def test_a_form_that_is_none_is_refused(folder: Path, form: object):
    files = {
        path.name: path.read_bytes() for path in (folder / "net").iterdir() if path.name != manifest.MANIFEST
    }
    schema = json.loads(files["schema.json"])
    schema["schema"]["forms"]["mass"] = form
    files["schema.json"] = json.dumps(schema).encode()
    with pytest.raises(ArtifactError, match=r"schema\.forms\.mass"):
        from_files(files, manifest.FORMAT_VERSION, place=Path("net"))


def test_weights_and_targets_in_arrays():
    x = np.c_[AREA, MASS]
    texts = np.array([f"${value:,.2f}" for value in PRICE])
    spelled, plain = lamina.fit(x, texts, **QUICK), lamina.fit(x, PRICE, **QUICK)
    np.testing.assert_allclose(spelled.predict(x), plain.predict(x))
    assert spelled.evaluate((x, texts)) == pytest.approx(plain.evaluate((x, PRICE)))
    assert spelled.evaluate((x, PRICE)) == pytest.approx(plain.evaluate((x, PRICE)))
    weighted = SPELLED.with_columns(w=pl.Series([f"{i % 3 + 1} %" for i in range(ROWS)]))
    same = PLAIN.with_columns(w=pl.Series([float(i % 3 + 1) for i in range(ROWS)]))
    one = lamina.fit(weighted, target="price", weight="w", **QUICK)
    other = lamina.fit(same, target="price", weight="w", **QUICK)
    assert one.evaluate(weighted) == pytest.approx(other.evaluate(same))


def test_classes_stay_as_they_are_written():
    stars = [["1 star", "3 stars", "5 stars", "unknown"][i % 4] for i in range(ROWS)]
    frame = SPELLED.with_columns(stars=pl.Series(stars))
    net = lamina.fit(frame, target="stars", **QUICK)
    assert net.task.name == "multiclass" and net.labels == ("1 star", "3 stars", "5 stars", "unknown")
    assert "stars" not in dict(net.schema.forms)
    halves = frame.with_columns(stars=pl.Series(["10%" if i % 2 else "20%" for i in range(ROWS)]))
    assert lamina.fit(halves, target="stars", **QUICK).labels == ("10%", "20%")


def test_the_order_of_day_and_month_can_be_chosen(folder: Path):
    words = [f"{i % 12 + 1:02d}/{i % 7 + 1:02d}/2021" for i in range(ROWS)]
    frame = PLAIN.with_columns(when=pl.Series(words))
    with pytest.warns(LaminaWarning, match="no part above 12 tells day and month apart"):
        net = lamina.fit(frame, target="price", **QUICK)
    assert dict(net.schema.forms)["when"] == "%m/%d/%Y" and net.config["dayfirst"] is None
    for wish, form in ((True, "%d/%m/%Y"), (False, "%m/%d/%Y")):
        net = lamina.fit(frame, target="price", dayfirst=wish, **QUICK)
        assert dict(net.schema.forms)["when"] == form and net.config["dayfirst"] == wish
