"""What can be read, and what is said of what cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.casting import schema_of

from lamina.core.errors import DataError
from lamina.data import ArrayTable, FrameTable, read


def test_arrays_stay_one_block():
    matrix = np.arange(6.0).reshape(3, 2)
    table = read(matrix, y=[0, 1, 0], sample_weight=[1, 2, 3], names=["a", "b"])
    assert isinstance(table, ArrayTable)
    assert table.matrix is matrix
    assert table.names == ("a", "b", "target", "weight")


def test_pairs_lists_and_several_targets():
    assert read(([[1, 2], [3, 4]], [0, 1])).names == ("x0", "x1", "target")
    assert read([[1, 2], [3, 4]], y=[[0, 1], [1, 1]]).names == ("x0", "x1", "target_0", "target_1")
    assert read([[1], [2]], y=[[5], [6]]).names == ("x0", "target")


def test_a_target_never_hides_an_input():
    frame = pl.DataFrame({"target": [1, 2], "weight": [3, 4]})
    assert read(frame, y=[0, 1], sample_weight=[1, 1]).names == ("target", "weight", "target_", "weight_")


def test_frames_of_polars_and_pandas_hold_the_same():
    columns = {"a": [1.5, None], "b": ["x", None], "c": [True, False]}
    table, other = read(pl.DataFrame(columns)), read(pd.DataFrame(columns))
    assert isinstance(table, FrameTable)
    for name in columns:
        assert table.column(name).storage == other.column(name).storage
        assert table.column(name).missing().tolist() == other.column(name).missing().tolist()
        assert table.column(name).distinct().values == other.column(name).distinct().values
    assert read(pl.DataFrame(columns).lazy()).frame.equals(table.frame)


def test_pandas_categories_stay_categories():
    frame = pd.DataFrame({"grade": pd.Categorical([1, 2, None, 1] * 5), "size": np.arange(20) ** 1.5})
    table = read(frame, y=[0, 1] * 10)
    schema = schema_of(table, "target")
    assert [c.kind for c in schema.inputs] == ["category", "numeric"]
    assert table.column("grade").distinct().values == ("1", "2")


def test_pandas_columns_of_mixed_objects_become_texts():
    table = read(pd.DataFrame({"a": [1, "x", None]}))
    assert table.column("a").distinct().values == ("1", "x")


def test_a_dict_of_numbers_needs_no_frame_and_one_with_texts_does():
    assert isinstance(read({"a": [1, 2], "b": np.array([0.5, 1.5])}), ArrayTable)
    assert isinstance(read({"a": [1, 2], "b": ["x", "y"]}), FrameTable)
    assert isinstance(read(np.array([[1, "x"], [2, "y"]], object)), FrameTable)


def test_a_table_is_read_as_itself():
    table = read([[1, 2]])
    assert read(table) is table


def output_of(script: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_plain_arrays_bring_neither_polars_nor_jax():
    script = (
        "import numpy as np, sys, lamina.data as data\n"
        "from lamina.modalities.table.encoder import TableEncoder\n"
        "from lamina.tasks.audit import ask, audit\n"
        "from lamina.tasks.prediction.targets import ClassTarget\n"
        "table = data.read(np.random.default_rng(0).normal(size=(60, 3)), y=['a', 'b'] * 30)\n"
        "schema = audit(table, target='target', question=ask({})).schema\n"
        "split = data.split_rows(table, schema, seed=0)\n"
        "TableEncoder.fit(table, schema.inputs, rows=split.train).transform(table)\n"
        "ClassTarget.fit(table, schema, split.train).transform(table)\n"
        "print([m for m in ('polars', 'jax', 'pandas', 'scipy') if m in sys.modules])"
    )
    assert output_of(script) == "[]"


def test_importing_the_room_brings_not_even_numpy():
    script = "import sys, lamina.data; print('numpy' in sys.modules)"
    assert output_of(script) == "False"


def test_every_public_name_is_there():
    import lamina.data

    for name in lamina.data.__all__:
        assert getattr(lamina.data, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'reed'"):
        _ = lamina.data.reed


CASES = {
    "one axis": (
        lambda: read([1.0, 2.0]),
        "X: X is not a table; expected shape (rows, columns), got shape (2,)\n"
        "  fix: reshape a single column with X.reshape(-1, 1)",
    ),
    "five axes": (
        lambda: read(np.zeros((2, 3, 4, 5, 6))),
        "X: X is not a table; expected shape (rows, columns), got shape (2, 3, 4, 5, 6)\n"
        "  fix: flatten all axes but the first",
    ),
    "ragged lists": (
        lambda: read([[1, 2], [3]]),
        "X: rows are of unequal length\n  fix: make every row as long",
    ),
    "lengths": (
        lambda: read([[1], [2]], y=[1, 2, 3]),
        "X and y are of unequal length; expected 2 rows, got 3 in y\n"
        "  fix: give one target for each row of X",
    ),
    "weights": (
        lambda: read([[1], [2]], y=[1, 2], sample_weight=[1]),
        "X and sample_weight are of unequal length; expected 2 rows, got 1 in sample_weight\n"
        "  fix: give one weight for each row of X",
    ),
    "y twice": (
        lambda: read(([[1]], [1]), y=[1]),
        "y is given twice\n  fix: give (X, y), or X and y=, not both",
    ),
    "complex": (
        lambda: read(np.ones((2, 2), complex)),
        "X: complex numbers cannot be learned from\n  fix: give the real and imaginary part as columns",
    ),
    "names": (
        lambda: read([[1, 2]], names=["a", "a"]),
        "names do not fit X; expected 2 different names, got ['a', 'a']",
    ),
    "empty dict": (lambda: read({}), "there is no column\n  fix: give at least one"),
    "unequal columns": (
        lambda: read({"a": [1, 2], "b": [1]}),
        "column 'b' does not fit column 'a'; expected shape (2,), got shape (1,)\n"
        "  fix: give columns of equal length",
    ),
    "twins": (
        lambda: read(pd.DataFrame(np.zeros((2, 2)), columns=["a", "a"])),
        "<frame>: column name 'a' stands 2 times (columns 1, 2)\n  fix: give every column a name of its own",
    ),
    "nothing like data": (
        lambda: read(7),
        "X: X is not a table; expected shape (rows, columns), got shape ()\n"
        "  fix: give a path, a frame, a dict of columns or a matrix",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_says_why(case):
    make, message = CASES[case]
    with pytest.raises(DataError) as caught:
        make()
    assert str(caught.value) == message


def test_a_sparse_matrix_is_named_as_such():
    from scipy.sparse import eye

    with pytest.raises(DataError, match="X is a sparse matrix"):
        read(eye(3, format="csr"))


def test_a_path_may_come_as_bytes_or_an_object(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n1,2\n")
    for path in (tmp_path / "t.csv", os.fsencode(tmp_path / "t.csv")):
        assert read(path).source == str(tmp_path / "t.csv")


def test_a_matrix_wider_than_that_of_training_is_refused():
    x = np.random.default_rng(0).normal(size=(30, 3))
    schema = schema_of(read(x, y=[0, 1] * 15), "target", drop=["x2"])
    assert read(x, y=[0, 1] * 15, schema=schema).height == 30  # what was left out may be there
    with pytest.raises(DataError, match=r"X has more columns .*; expected 3 columns, got 6"):
        read(np.hstack([x, x]), schema=schema)
    assert read(x, names=["a", "b", "c"], schema=schema).names == (
        "a",
        "b",
        "c",
    )  # told later


def test_half_a_character_is_named():
    with pytest.raises(DataError, match="lone surrogate"):
        read(["\ud800 hello", "you"])
