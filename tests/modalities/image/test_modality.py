"""Tables with a column of paths, and lists of paths."""

from __future__ import annotations

import gzip

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lamina.core.errors import DataError
from lamina.data import CellTable, FrameTable, ImageEncoder, check, infer_schema, read

ROWS = 12


@pytest.fixture
def folder(tmp_path):
    """Twelve images, and the path of the folder that holds them in ``images``."""
    (tmp_path / "images").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (ROWS, 8, 8), dtype=np.uint8)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / "images" / f"{i}.png")
    return tmp_path


def frame(prefix: str, **columns) -> pl.DataFrame:
    paths = [f"{prefix}{i}.png" for i in range(ROWS)]
    return pl.DataFrame({"file": paths, "kind": ["a", "b"] * 6, "age": np.arange(ROWS) ** 2} | columns)


def test_a_column_of_paths_becomes_images(folder, monkeypatch):
    relative, absolute = frame("images/"), frame(f"{folder}/images/")
    relative.write_csv(folder / "r.csv")
    absolute.write_csv(folder / "a.tsv", separator="\t")
    (folder / "z.csv.gz").write_bytes(gzip.compress(relative.write_csv().encode()))
    relative.write_parquet(folder / "r.parquet")
    relative.write_ndjson(folder / "r.jsonl")
    for name in ("r.csv", "a.tsv", "z.csv.gz", "r.parquet", "r.jsonl"):
        table = read(folder / name)
        assert isinstance(table, CellTable), name
        assert table.names == ("image", "kind", "age")
        assert table.column("image").value(3) == f"{folder}/images/3.png"
        schema = infer_schema(table, target="kind")
        assert [(c.name, c.detail) for c in schema.inputs] == [("image", "8x8x1")]
        assert schema.dropped == (("age", "only the images are learned from"),)
        assert infer_schema(table, target="age").task == "regression"
    assert read(folder / "r.csv").where(3, "kind") == f"{folder}/r.csv, line 5, column 'kind'"
    monkeypatch.chdir(folder)
    for source in (relative, relative.to_pandas(), relative.to_dict(as_series=False)):
        assert isinstance(read(source), CellTable)
    assert read([f"images/{i}.png" for i in range(3)], y=[0, 1, 0]).names == ("image", "target")
    assert read((np.array(["images/1.png"]), [0])).names == ("image", "target")


def test_predictions_need_no_other_column(folder):
    frame("images/").write_csv(folder / "t.csv")
    table = read(folder / "t.csv")
    schema = infer_schema(table, target="kind")
    encoder = ImageEncoder().fit(table, schema)
    frame("images/").select("file").write_csv(folder / "new.csv")
    assert encoder.transform(read(folder / "new.csv", schema=schema)).shape == (ROWS, 8, 8, 1)


def test_other_tables_stay_tables(folder):
    for columns in (
        {"file": [f"gone/{i}.png" for i in range(ROWS)]},
        {"file": [f"https://example.org/{i}.png" for i in range(ROWS)]},
        {"file": [f"images/{i}.txt" for i in range(ROWS)]},
        {"file": ["word", *(f"images/{i}.png" for i in range(1, ROWS))]},
    ):
        frame("", **columns).write_csv(folder / "t.csv")
        assert isinstance(read(folder / "t.csv"), FrameTable)


def test_texts_that_are_no_paths():
    with pytest.raises(DataError, match="X is not a table"):
        read(["a text", "another"], y=[0, 1])


def test_a_missing_path_is_a_fault_of_its_row(folder):
    paths = [f"images/{i}.png" for i in range(ROWS)]
    paths[4], paths[5] = "", "images/gone.png"
    frame("", file=paths).write_csv(folder / "t.csv")
    table = read(folder / "t.csv")
    with pytest.raises(DataError) as caught:
        ImageEncoder().fit(table, infer_schema(table, target="kind"))
    assert str(caught.value).startswith(
        f"2 of 12 images cannot be read: row 4 (no file is named), {folder}/images/gone.png (no such file)\n"
    )


def test_files_that_are_not_there_are_hinted_at(folder):
    hint = (
        f"it names images, and none of its first files is there: write paths as they are seen from {folder}"
    )
    frame("gone/").write_csv(folder / "t.csv")
    (warned,) = check(folder / "t.csv", "kind").warnings
    assert warned.fix == f'{hint}; to learn from it all the same: keep=["file"]'
    frame("gone/").drop("age").write_csv(folder / "t.csv")
    assert check(folder / "t.csv", "kind").errors[0].fix == hint


FAULTS = {
    "two columns": (
        {"other": [f"images/{i}.png" for i in range(ROWS)]},
        ": columns 'file' and 'other' both name images; expected one column of images\n"
        "  fix: remove all but one from the table",
    ),
    "the name is taken": (
        {"image": list(range(ROWS))},
        ": column 'file' names images, and there is a column 'image' beside it\n"
        "  fix: give column 'image' another name",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_its_fix(folder, fault):
    columns, message = FAULTS[fault]
    frame("images/", **columns).write_csv(folder / "t.csv")
    with pytest.raises(DataError) as caught:
        read(folder / "t.csv")
    assert str(caught.value) == f"{folder}/t.csv{message}"


def test_what_is_no_image_at_prediction(folder):
    frame("images/").write_csv(folder / "t.csv")
    table = read(folder / "t.csv")
    schema = infer_schema(table, target="kind")
    encoder = ImageEncoder().fit(table, schema)
    frame("gone/").write_csv(folder / "gone.csv")
    with pytest.raises(DataError) as caught:
        read(folder / "gone.csv", schema=schema)
    assert str(caught.value) == (
        f"{folder}/gone.csv, line 2, column 'file': no such file; got 'gone/0.png'\n"
        f"  fix: write paths as they are seen from {folder}"
    )
    with pytest.raises(DataError) as caught:
        encoder.transform(read(np.zeros((3, 64)), schema=schema))
    assert str(caught.value) == (
        "<arrays>: there are no images; expected images, as the network learned from, got columns "
        "x0, x1, x2, x3, x4, x5, x6, x7\n"
        "  fix: give a folder of images, one image, a list or a table of paths, or an array (n, y, x) "
        "or (n, y, x, c)"
    )
