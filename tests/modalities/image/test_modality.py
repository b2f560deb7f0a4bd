"""Images as a modality: arrays, folders and columns of paths are claimed, and known again at prediction."""

from __future__ import annotations

import gzip

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.casting import cast, schema_of

from lamina.core.errors import ConfigError, DataError
from lamina.data import AbstractTable, CellTable, FrameTable, ImageColumn, Schema, read
from lamina.data.images.files import FileImages
from lamina.data.images.pixels import Canvas
from lamina.modalities import MODALITIES, Learned, Unreadable
from lamina.modalities.blocks import as_learned, claimed
from lamina.modalities.image.encoder import ImageEncoder
from lamina.modalities.image.modality import ImageKeys
from lamina.tasks.audit import check

ROWS = 12
IMAGES = MODALITIES["image"]


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


def learned(folder) -> tuple[Schema, ImageEncoder]:
    """Schema and encoder of a table of paths."""
    frame("images/").write_csv(folder / "t.csv")
    found = cast(read(folder / "t.csv"), "kind")
    return found.schema, ImageEncoder.fit(found.claims.table, "file")


def new(source, schema: Schema) -> AbstractTable:
    """New data as a network reads them."""
    return as_learned(read(source, schema=schema), schema)


def test_a_column_of_paths_becomes_images_when_it_is_claimed(folder, monkeypatch):
    relative, absolute = frame("images/"), frame(f"{folder}/images/")
    relative.write_csv(folder / "r.csv")
    absolute.write_csv(folder / "a.tsv", separator="\t")
    (folder / "z.csv.gz").write_bytes(gzip.compress(relative.write_csv().encode()))
    relative.write_parquet(folder / "r.parquet")
    relative.write_ndjson(folder / "r.jsonl")
    for name in ("r.csv", "a.tsv", "z.csv.gz", "r.parquet", "r.jsonl"):
        table = read(folder / name)
        assert isinstance(table, FrameTable), name
        claims = claimed(table)
        assert isinstance(claims.table, CellTable), name
        assert claims.table.names == table.names == ("file", "kind", "age")
        assert claims.modalities == {"file": "image", "kind": "table", "age": "table"}
        assert claims.table.column("file").value(3) == f"{folder}/images/3.png"
        schema = schema_of(table, "kind")
        assert [(c.name, c.kind, c.detail, c.modality) for c in schema.inputs] == [
            ("file", "image", "8x8x1", "image"),
            ("age", "numeric", "", "table"),
        ]
        assert schema_of(table, "age").task == "regression"
    table = claimed(read(folder / "r.csv")).table
    assert table.where(3, "kind") == f"{folder}/r.csv, line 5, column 'kind'"
    monkeypatch.chdir(folder)
    for source in (relative, relative.to_pandas(), relative.to_dict(as_series=False)):
        assert isinstance(claimed(read(source)).table, CellTable)


def test_lists_of_paths_are_images_from_the_start(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert read([f"images/{i}.png" for i in range(3)], y=[0, 1, 0]).names == ("image", "target")
    assert read((np.array(["images/1.png"]), [0])).names == ("image", "target")


def test_images_are_claimed_as_they_are():
    table = read(np.zeros((4, 8, 8), np.uint8), y=[0, 1, 0, 1])
    claims = claimed(table)
    assert claims.table is table
    assert claims.modalities == {"image": "image", "target": "table"}
    column = table.column("image")
    assert IMAGES.claim(column, table) is column
    assert IMAGES.claim(table.column("target"), table) is None


def test_predictions_need_no_other_column(folder):
    schema, encoder = learned(folder)
    frame("images/").select("file").write_csv(folder / "new.csv")
    assert encoder.transform(new(folder / "new.csv", schema)).shape == (ROWS, 8, 8, 1)


def test_images_are_known_again_by_any_name(folder):
    schema, encoder = learned(folder)
    expected = encoder.transform(claimed(read(folder / "t.csv")).table)
    frame("images/").rename({"file": "photo"}).write_csv(folder / "photo.csv")
    for source in (
        folder / "t.csv",
        folder / "photo.csv",
        [str(folder / "images" / f"{i}.png") for i in range(ROWS)],
        np.stack([np.array(Image.open(folder / "images" / f"{i}.png")) for i in range(ROWS)]),
    ):
        table = new(source, schema)
        assert table.names[0] == "file"
        np.testing.assert_array_equal(encoder.transform(table), expected)
    one = new(folder / "images" / "3.png", schema)
    np.testing.assert_array_equal(encoder.transform(one), expected[3:4])
    assert new(folder / "images", schema).height == ROWS


def test_one_of_two_columns_is_taken_by_its_name(folder):
    schema, encoder = learned(folder)
    other = [f"images/{(i + 1) % ROWS}.png" for i in range(ROWS)]
    frame("images/", other=other).write_csv(folder / "two.csv")
    expected = encoder.transform(new(folder / "t.csv", schema))
    np.testing.assert_array_equal(encoder.transform(new(folder / "two.csv", schema)), expected)
    frame("images/", other=other).rename({"file": "one"}).write_csv(folder / "two.csv")
    with pytest.raises(DataError, match="there are no images; expected images, as the network learned from"):
        encoder.transform(new(folder / "two.csv", schema))


def test_other_columns_stay_as_they_are(folder):
    for columns in (
        {"file": [f"gone/{i}.png" for i in range(ROWS)]},
        {"file": [f"https://example.org/{i}.png" for i in range(ROWS)]},
        {"file": [f"images/{i}.txt" for i in range(ROWS)]},
        {"file": ["word", *(f"images/{i}.png" for i in range(1, ROWS))]},
    ):
        frame("", **columns).write_csv(folder / "t.csv")
        claims = claimed(read(folder / "t.csv"))
        assert isinstance(claims.table, FrameTable)
        assert set(claims.modalities.values()) == {"table"}


def test_texts_that_are_no_paths():
    assert read(["a text", "another"], y=[0, 1]).names == ("x0", "target")


def test_a_missing_path_is_a_fault_of_its_row(folder):
    paths = [f"images/{i}.png" for i in range(ROWS)]
    paths[4], paths[5] = "", "images/gone.png"
    frame("", file=paths).write_csv(folder / "t.csv")
    with pytest.raises(DataError) as caught:
        ImageEncoder.fit(claimed(read(folder / "t.csv")).table, "file")
    assert str(caught.value).startswith(
        f"2 of 12 images cannot be read: row 4 (no file is named), {folder}/images/gone.png (no such file)\n"
    )


def test_a_missing_path_is_a_gap_beside_other_columns(folder):
    paths = [f"images/{i}.png" for i in range(ROWS)]
    paths[0] = paths[4] = ""
    frame("", file=paths).write_csv(folder / "t.csv")
    found = cast(read(folder / "t.csv"), "kind")
    column = found.claims.table.column("file")
    assert column.missing().tolist() == [i in (0, 4) for i in range(ROWS)]
    assert column.value(4) == "" and column.value(5) == f"{folder}/images/5.png"
    (said,) = (f for f in check(folder / "t.csv", "kind").findings if f.code == "absent-images")
    assert said.level == "note" and said.message == (
        "no image is named in 2 rows: the network learns what to take instead"
    )
    alone = check(folder / "t.csv", "kind", drop="age").errors
    assert "2 of 12 images cannot be read: row 0 (no file is named)" in alone[0].message


def test_new_data_may_lack_every_image(folder):
    schema, _ = learned(folder)
    for source in ({"file": [None], "age": [3]}, {"file": ["", ""], "age": [3, 4]}):
        column = new(source, schema).column("file")
        assert isinstance(column, ImageColumn) and column.missing().all()


def test_a_file_that_many_rows_name_is_decoded_once(folder, monkeypatch):
    opened = []
    real = FileImages._decoded
    monkeypatch.setattr(
        FileImages, "_decoded", lambda self, index, canvas: opened.append(index) or real(self, index, canvas)
    )
    paths = [str(folder / "images" / f"{i % 3}.png") for i in range(ROWS)]
    images = FileImages(paths)
    survey = images.survey(Canvas(8, 8, 1))
    assert len(np.unique(survey.digests)) == 3 and len(opened) == 3
    pixels = images.pixels(Canvas(8, 8, 1))
    assert len(opened) == 3
    for row in range(ROWS):
        np.testing.assert_array_equal(pixels[row, ..., 0], np.array(Image.open(paths[row])))
    assert images.take(np.array([5, 1])).name(0) == paths[2]
    np.testing.assert_array_equal(images.digests(), survey.digests)
    assert len(ImageColumn("file", images).files()) == 3


def test_files_that_are_not_there_are_hinted_at(folder):
    hint = (
        f"it names images, and none of its first files is there: write paths as they are seen from {folder}"
    )
    frame("gone/").write_csv(folder / "t.csv")
    table = read(folder / "t.csv")
    assert IMAGES.claim(table.column("file"), table) == Unreadable(hint)
    assert claimed(table).unreadable == {"file": hint}
    (warned,) = check(folder / "t.csv", "kind").warnings
    assert warned.fix == f'{hint}; to learn from it all the same: keep=["file"]'
    frame("gone/").drop("age").write_csv(folder / "t.csv")
    assert check(folder / "t.csv", "kind").errors[0].fix == hint


def test_two_columns_of_images(folder):
    frame("images/", other=[f"images/{i}.png" for i in range(ROWS)]).write_csv(folder / "t.csv")
    table = read(folder / "t.csv")
    schema = schema_of(table, "kind")
    assert [column.name for column in schema.inputs] == ["file", "other", "age"]
    with pytest.raises(DataError, match="column 'other' is absent"):
        new({"file": [f"{folder}/images/1.png"], "age": [3]}, schema)  # which of two it is cannot be told
    schema = schema_of(table, "kind", drop="other")
    assert [column.name for column in schema.inputs] == ["file", "age"]
    assert ("other", "dropped on request") in schema.dropped


def test_a_column_beside_may_have_any_name(folder):
    frame("images/", image=list(range(ROWS))).write_csv(folder / "t.csv")
    schema = schema_of(read(folder / "t.csv"), "kind")
    assert [column.name for column in schema.inputs] == ["file", "age"]
    assert [name for name, _ in schema.dropped] == ["image"]  # it counts the rows


def test_images_are_no_target(folder):
    frame("images/").write_csv(folder / "t.csv")
    (said,) = check(folder / "t.csv", "file").errors
    assert str(said) == (
        f"error: {folder}/t.csv, column 'file': a column of images is no target\n"
        "  fix: name a column of labels or numbers"
    )


def test_what_is_no_image_at_prediction(folder):
    schema, encoder = learned(folder)
    frame("gone/").write_csv(folder / "gone.csv")
    with pytest.raises(DataError) as caught:
        new(folder / "gone.csv", schema)
    assert str(caught.value) == (
        f"{folder}/gone.csv, line 2, column 'file': no such file; got 'gone/0.png'\n"
        f"  fix: write paths as they are seen from {folder}"
    )
    with pytest.raises(DataError) as caught:
        encoder.transform(new(np.zeros((3, 64)), schema))
    assert str(caught.value) == (
        "<arrays>: there are no images; expected images, as the network learned from, got columns "
        "x0, x1, x2, x3, x4, x5, x6, x7\n"
        "  fix: give a folder of images, one image, a list or a table of paths, or an array (n, y, x) "
        "or (n, y, x, c)"
    )


def test_sizes_are_described(folder):
    gray = np.full((2, 4, 6), 9, np.uint8)
    colored = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 3), dtype=np.uint8)
    for images, detail in ((gray, "4x6x1"), (colored, "4x6x3")):
        (description,) = IMAGES.describe(read(images), ["image"], keep=())
        assert (description.kind, description.detail, description.reason) == ("image", detail, "")
    Image.fromarray(np.zeros((3, 9), np.uint8)).save(folder / "images" / "3.png")
    frame("images/").write_csv(folder / "t.csv")
    assert schema_of(read(folder / "t.csv"), "kind").inputs[0].detail == "mixed sizes"


def settled(images: np.ndarray, y, **keys) -> ImageKeys:
    """The keys of images once an encoder is fitted."""
    found = cast(read(images, y=y), "target")
    table, rows = found.claims.table, np.arange(len(images))
    encoder = IMAGES.fit(table, found.blocks[0], rows, ImageKeys())
    return IMAGES.settle(ImageKeys(**keys), Learned(table, found.schema, encoder, rows))


def test_keys_are_settled_by_the_images():
    rows = 40
    y = np.arange(rows) % 2
    ramp = np.tile(np.arange(0, 240, 15, dtype=np.uint8), (16, 1))
    lopsided = np.stack([ramp if label else ramp[:, ::-1] for label in y])
    assert settled(lopsided, y) == ImageKeys(None, ("shift:1",), "none")
    even = np.stack([ramp.T if label else ramp.T[::-1] for label in y])
    assert settled(even, y) == ImageKeys(None, ("flip", "shift:1"), "flip")
    assert settled(even, np.linspace(0, 1, rows) ** 2) == ImageKeys(None, ("shift:1",), "none")
    assert settled(even, y, augment=()) == ImageKeys(None, (), "none")
    assert settled(lopsided, y, augment=("alternate-flip",)).test_time_augmentation == "flip"
    assert settled(even, y, test_time_augmentation="shift").test_time_augmentation == "shift"
    with pytest.raises(ConfigError, match="unknown augmentation 'flop'"):
        settled(even, y, augment=("flop",))


def test_cells_keep_their_files(folder):
    frame("images/").write_csv(folder / "t.csv")
    column = claimed(read(folder / "t.csv")).table.column("file")
    assert isinstance(column, ImageColumn) and column.name == "file"
    assert column.files() == [f"{folder}/images/{i}.png" for i in range(ROWS)]
