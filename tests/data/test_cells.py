"""Tables with any number of columns of cells."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lamina.core.errors import DataError
from lamina.data import ArrayTable, CellColumn, CellTable, ImageColumn, ScalarColumn
from lamina.data.cells import columns_beside
from lamina.data.fingerprint import source_files
from lamina.data.images.files import FileImages
from lamina.data.images.store import ArrayImages

ROWS = 4


class Words(CellColumn):
    """Cells that are lists of words, in memory or from files."""

    storage = "words"

    def __init__(self, name, cells, paths=()):
        self.name, self.cells, self.paths = name, cells, tuple(paths)
        self.in_memory = not paths

    def __len__(self):
        return len(self.cells)

    def take(self, rows):
        return Words(self.name, [self.cells[i] for i in rows], [self.paths[i] for i in rows if self.paths])

    def named(self, name):
        return Words(name, self.cells, self.paths)

    def missing(self):
        return np.array([not cell for cell in self.cells])

    def value(self, row):
        return self.cells[row]

    def place(self, row):
        return self.paths[row] if self.paths else ""

    def unlabeled(self, source):
        return DataError("the words have no labels", where=source)

    def files(self):
        return sorted(set(self.paths))


@pytest.fixture
def table(tmp_path):
    for i in range(ROWS):
        Image.fromarray(np.full((4, 4), i % 3, np.uint8)).save(tmp_path / f"{i}.png")
    images = ImageColumn("x", FileImages([str(tmp_path / f"{i}.png") for i in range(ROWS)]))
    cells = {"photo": images, "note": Words("note", [["a"], [], ["a", "b"], ["c"]])}
    beside = columns_beside({"y": np.arange(ROWS)}, ROWS, str(tmp_path))
    return CellTable(cells, beside, remarks=["one file was left aside"])


def test_cells_come_first_in_the_order_given(table):
    assert table.names == ("photo", "note", "y") and table.height == ROWS
    assert table.column("photo").name == "photo"
    assert [table.column(name).storage for name in table.names] == ["image", "words", "integer"]
    assert isinstance(table.column("y"), ScalarColumn) and not table.strict


def test_rows_and_columns_are_taken_from_all_of_them(table, tmp_path):
    part = table.take(np.array([2, 0]))
    assert part.column("note").value(0) == ["a", "b"]
    assert part.column("photo").value(0) == f"{tmp_path}/2.png"
    assert part.labels("y").numbers().tolist() == [2.0, 0.0]
    assert part.remarks == table.remarks
    assert part.drop(["photo", "y"]).names == ("note",)
    assert isinstance(table.drop(["note", "photo"]), ArrayTable)
    assert table.renamed({"note": "words"}).names == ("photo", "words", "y")
    assert table.renamed({"note": "words"}).column("words").name == "words"


def test_a_row_is_where_its_first_file_is(table, tmp_path):
    assert table.where(1) == f"{tmp_path}/1.png"
    assert table.drop(["photo"]).where(1) == f"{tmp_path}, row 1"
    lines = table.beside
    lines.first_line = 2
    assert CellTable(table.cells, lines).where(1) == f"{tmp_path}, line 3"


def test_a_table_in_memory_is_strict_where_all_cells_are():
    cells = {
        "note": Words("note", [["a"]]),
        "image": ImageColumn("image", ArrayImages(np.zeros((1, 2, 2, 1)))),
    }
    assert CellTable(cells, columns_beside({}, 1, "<arrays>")).strict


def test_a_fingerprint_covers_the_files_of_every_column(table, tmp_path):
    (tmp_path / "words").write_text("a")
    cells = {**table.cells, "note": Words("note", [["a"]] * ROWS, [str(tmp_path / "words")] * ROWS)}
    found = source_files(CellTable(cells, table.beside))
    assert found == [*(f"{tmp_path}/{i}.png" for i in range(ROWS)), f"{tmp_path}/words"]


def test_digests_are_equal_where_contents_are(table, tmp_path):
    digests = table.column("photo").digests()
    assert digests[0] == digests[3] and len({*digests.tolist()}) == 3
    (tmp_path / "1.png").unlink()
    seen = FileImages([str(tmp_path / f"{i}.png") for i in range(ROWS)])
    assert ImageColumn("x", seen).digests()[1] == 0
    array = ImageColumn("image", ArrayImages(np.array([0, 1, 0], np.uint8).reshape(3, 1, 1, 1))).digests()
    assert array[0] == array[2] != array[1]
    assert table.column("note").digests() is None


def test_cells_are_no_scalars(table, tmp_path):
    message = f"{tmp_path}, column 'photo': a column of type image has no numbers, texts or dates"
    for ask in (table.scalar, table.labels):
        with pytest.raises(DataError) as caught:
            ask("photo")
        assert str(caught.value) == message
    with pytest.raises(DataError, match="column 'foto' is absent"):
        table.column("foto")


@pytest.mark.parametrize("cells", [{"y": Words("y", [["a"]] * ROWS)}, {"note": Words("note", [["a"]])}])
def test_cells_must_fit_the_columns_beside_them(cells):
    with pytest.raises(DataError, match=r"column '(y|note)' does not fit the columns beside it"):
        CellTable(cells, columns_beside({"y": np.arange(ROWS)}, ROWS, "<arrays>"))
