"""Who reads which column, and the encoders of several blocks as one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from tests.casting import cast

from lamina import check
from lamina.core.errors import ConfigError, DataError, LaminaError
from lamina.core.inputs import ImageInputs, MixedInputs, TableInputs
from lamina.data import AbstractTable, CellColumn, CellTable, ColumnSchema, ImageColumn, Schema, read
from lamina.data.cells import columns_beside
from lamina.data.images.store import ArrayImages
from lamina.modalities import MODALITIES, Block
from lamina.modalities.blocks import Encoders, as_learned, blocks_of, claimed, described, described_alone

ROWS = 12
PIXELS = np.random.default_rng(0).integers(0, 256, (ROWS, 6, 6, 3), dtype=np.uint8)


class Smells(CellColumn):
    """Cells that nobody reads."""

    storage, in_memory = "smell", True

    def __init__(self, name: str, count: int):
        self.name, self.count = name, count

    def __len__(self):
        return self.count

    def take(self, rows):
        return Smells(self.name, len(rows))

    def named(self, name):
        return Smells(name, self.count)

    def missing(self):
        return np.zeros(self.count, bool)

    def value(self, row):
        return "of roses"

    def place(self, row):
        return ""

    def unlabeled(self, source):
        return DataError("the smells have no labels", where=source)

    def files(self):
        return []


def mixed(**cells: CellColumn) -> AbstractTable:
    """Images beside numbers, categories and labels."""
    columns = {
        "size": np.arange(ROWS) ** 1.5,
        "kind": np.array(["u", "v", "w"] * 4),
        "y": np.array(["no", "yes"] * 6),
    }
    cells = cells or {"photo": ImageColumn("photo", ArrayImages(PIXELS))}
    return CellTable(cells, columns_beside(columns, ROWS, "<arrays>"))


COLUMNS = (
    ColumnSchema("photo", "image", "6x6x3", "image"),
    ColumnSchema("size", "numeric", "", "table"),
    ColumnSchema("kind", "category", "", "table"),
)
BOTH = Schema(COLUMNS, (), ("y",), "binary", "classes")


def encoders() -> Encoders:
    """The fitted encoders of a block of images and a block of columns."""
    table, blocks = mixed(), blocks_of(BOTH)
    fitted = {
        block.name: block.modality.fit(table, block, np.arange(ROWS), block.modality.keys())
        for block in blocks
    }
    return Encoders(blocks, fitted)


def test_the_first_who_claims_a_column_reads_it():
    claims = claimed(mixed())
    assert claims.modalities == {"photo": "image", "size": "table", "kind": "table", "y": "table"}
    assert claims.unreadable == {}
    assert claims.table.names == ("photo", "size", "kind", "y")


def test_columns_that_nobody_changes_leave_the_table_as_it_is():
    for table in (read({"a": [1, 2], "y": [0, 1]}), mixed()):
        assert claimed(table).table is table
        assert claimed(claimed(table).table).table is table


def test_what_nobody_reads_is_refused_with_its_place():
    table = mixed(odor=Smells("odor", ROWS))
    with pytest.raises(DataError) as caught:
        claimed(table)
    assert str(caught.value) == "<arrays>, column 'odor': values that nothing can be learned from"


def test_all_columns_are_learned_from():
    found = described(claimed(mixed()), ["size", "photo", "kind"], keep=())
    assert [(d.name, d.kind, d.reason) for d in found] == [
        ("size", "numeric", ""),
        ("photo", "image", ""),
        ("kind", "category", ""),
    ]
    assert [d.kind for d in described(claimed(mixed()), ["size", "kind"], keep=())] == ["numeric", "category"]
    assert described(claimed(mixed()), [], keep=()) == []
    images = ArrayImages(PIXELS)
    claims = claimed(mixed(front=ImageColumn("front", images), back=ImageColumn("back", images)))
    assert [d.kind for d in described(claims, ["front", "back"], keep=())] == ["image", "image"]


def test_where_every_pixel_has_a_target_columns_beside_cells_are_left_out_with_the_reason():
    found = described_alone(claimed(mixed()), ["size", "photo", "kind"], keep=())
    assert [(d.name, d.kind, d.reason) for d in found] == [
        ("size", "", "only the images are learned from"),
        ("photo", "image", ""),
        ("kind", "", "only the images are learned from"),
    ]
    plain = described_alone(claimed(mixed()), ["size", "kind"], keep=())
    assert [d.kind for d in plain] == ["numeric", "category"]


def test_where_every_pixel_has_a_target_two_columns_of_cells_are_refused():
    images = ArrayImages(PIXELS)
    claims = claimed(mixed(front=ImageColumn("front", images), back=ImageColumn("back", images)))
    with pytest.raises(DataError) as caught:
        described_alone(claims, ["front", "back", "size"], keep=())
    assert str(caught.value) == (
        "<arrays>: columns 'front' and 'back' both hold images; expected one column of images\n"
        "  fix: remove all but one from the table, or leave them out: drop="
    )
    assert [d.name for d in described_alone(claims, ["back"], keep=())] == ["back"]


def test_somebody_may_say_who_reads_a_column(tmp_path):
    Image.fromarray(PIXELS[0]).save(tmp_path / "a.png")
    (tmp_path / "t.csv").write_text("code:1,y\n" + "a.png,0\na.png,1\n" * 6)
    table = read(tmp_path / "t.csv")
    assert claimed(table).modalities["code:1"] == "image"
    asked = claimed(table, ["code:1:table"])
    assert asked.modalities["code:1"] == "table" and asked.table is table
    for words, message in (
        ("y:1", "read_as: no modality is called '1'; expected one of image, node, graph, text, table"),
        ("code", "read_as cannot be read; expected column:modality, got 'code'"),
        ("cold:table", "read_as: column 'cold' is absent"),
        ("y:images", "read_as: no modality is called 'images' (did you mean 'image'?)"),
        ("y:image", "read_as: column 'y' cannot be read as image; got a column of type integer"),
    ):
        with pytest.raises(LaminaError) as caught:
            claimed(table, [words])
        assert message in str(caught.value)


def test_a_modality_may_read_more_than_it_claims(monkeypatch):
    table = read({"word": ["u", "v"] * 6, "y": [0, 1] * 6})
    with pytest.raises(ConfigError, match="column 'word' cannot be read as image"):
        claimed(table, ["word:image"])
    monkeypatch.setattr(type(MODALITIES["image"]), "reads", ("string",))
    assert claimed(table).modalities["word"] == "table"
    assert claimed(table, ["word:image"]).modalities["word"] == "image"


def test_what_somebody_said_is_in_the_schema(tmp_path):
    Image.fromarray(PIXELS[0]).save(tmp_path / "a.png")
    Image.fromarray(PIXELS[1]).save(tmp_path / "b.png")
    (tmp_path / "t.csv").write_text("code,n,y\n" + "a.png,1.5,0\nb.png,2,1\n" * 10)
    audit = check(tmp_path / "t.csv", "y", read_as="code:table", task="binary")
    assert audit.schema is not None
    assert ("code", "category", "table") in [(c.name, c.kind, c.modality) for c in audit.schema.inputs]
    with pytest.raises(ConfigError, match="read_as: no modality is called 'tables'"):
        check(tmp_path / "t.csv", "y", read_as="code:tables")


def test_columns_of_a_table_make_one_block_and_images_one_each():
    schema = Schema((*COLUMNS, ColumnSchema("scan", "image", "6x6x3", "image")), (), ("y",), "binary")
    blocks = blocks_of(schema)
    assert [(block.name, block.modality.name) for block in blocks] == [
        ("photo", "image"),
        ("table", "table"),
        ("scan", "image"),
    ]
    assert [column.name for column in blocks[1].columns] == ["size", "kind"]
    assert blocks_of(Schema((), (), ("y",), "binary")) == ()


def test_names_of_blocks_are_their_own():
    names = ("table", "present", "a.b", "a_b")
    columns = [ColumnSchema(name, "image", "", "image") for name in names]
    schema = Schema((*columns, ColumnSchema("size", "numeric", "", "table")), (), ("y",), "binary")
    found = {block.name: block.columns[0].name for block in blocks_of(schema)}
    assert found == {
        "table_": "table",
        "present_": "present",
        "a_b": "a.b",
        "a_b_": "a_b",
        "table": "size",
    }


def test_one_block_is_the_input_itself():
    found = cast(mixed().drop(["size", "kind"]), "y")
    (block,) = found.blocks
    encoder = block.modality.fit(found.claims.table, block, np.arange(ROWS), block.modality.keys())
    one = Encoders(found.blocks, {block.name: encoder})
    assert one.only is encoder and one.inputs == encoder.inputs
    assert isinstance(one.inputs, ImageInputs)
    np.testing.assert_array_equal(one.transform(mixed()), PIXELS)
    np.testing.assert_array_equal(one.transform(mixed(), np.array([3, 1])), PIXELS[[3, 1]])
    assert one.columns == ("photo",)
    assert list(one.to_json()) == ["photo"]


def test_several_blocks_are_a_dict_by_their_names():
    both, table, rows = encoders(), mixed(), np.array([5, 0])
    assert isinstance(both.inputs, MixedInputs)
    assert list(both.inputs.blocks) == ["photo", "table"]
    assert isinstance(both.inputs.blocks["photo"], ImageInputs)
    assert isinstance(both.inputs.blocks["table"], TableInputs)
    assert both.columns == ("photo", "size", "kind")
    whole, part = both.transform(table), both.transform(table, rows)
    assert list(whole) == ["photo", "table", "present"] and both.inputs.optional == ("photo",)
    assert list(whole["present"]) == ["photo"] and whole["present"]["photo"].all()
    np.testing.assert_array_equal(part["photo"], whole["photo"][rows])
    for name in ("numeric", "category"):
        np.testing.assert_array_equal(part["table"][name], whole["table"][name][rows])
    with pytest.raises(DataError, match="several blocks of inputs; got photo, table"):
        _ = both.only


def test_several_blocks_survive_json():
    both, table = encoders(), mixed()
    stored = json.loads(json.dumps(both.to_json()))
    assert {name: block["modality"] for name, block in stored.items()} == {"photo": "image", "table": "table"}
    restored = {
        name: MODALITIES[block["modality"]].restore(block, f"blocks.{name}") for name, block in stored.items()
    }
    again = Encoders(both.blocks, restored)
    assert again.inputs == both.inputs and again.to_json() == both.to_json()
    for name, array in again.transform(table)["table"].items():
        np.testing.assert_array_equal(array, both.transform(table)["table"][name])


def test_new_data_have_their_cells_under_the_names_of_training():
    table = as_learned(mixed(picture=ImageColumn("picture", ArrayImages(PIXELS))), BOTH)
    assert table.names == ("photo", "size", "kind", "y")
    np.testing.assert_array_equal(encoders().transform(table)["photo"], PIXELS)
    plain = Schema(COLUMNS[1:], (), ("y",), "binary")
    same = mixed(picture=ImageColumn("picture", ArrayImages(PIXELS)))
    assert as_learned(same, plain) is same


def test_new_data_without_cells_are_refused_by_the_encoder():
    table = read({"size": np.arange(3.0), "kind": ["u", "v", "w"]})
    assert as_learned(table, BOTH) is table
    with pytest.raises(DataError, match="there are no images; expected images, as the network learned from"):
        encoders().transform(as_learned(table, BOTH))


def test_a_block_knows_its_modality():
    block = Block("photo", MODALITIES["image"], COLUMNS[:1])
    assert block.modality.noun == "image" and not block.modality.shares_block
