"""Altered files give a table or one of our errors, and nothing else."""

from __future__ import annotations

import csv
import gzip
import io
import random

import numpy as np
import polars as pl
import pytest
from tests.casting import fit_target

from lamina.core.errors import LaminaError
from lamina.data import read, split_rows
from lamina.modalities.table.encoder import TableEncoder
from lamina.tasks import task_named
from lamina.tasks.audit import check

WORDS = ["red", "green, blue", 'say "x"', "", "two\nlines"]
ROWS = [
    (i, f"{i * 7 % 13}.5", WORDS[i % 5], f"2024-01-{i % 28 + 1:02d}", i % 2 == 0, ["yes", "no"][i % 3 == 0])
    for i in range(40)
]
NAMES = ["id", "num", "cat", "when", "flag", "target"]
TOKENS = [
    b",",
    b'"',
    b"\n",
    b"\r\n",
    b";",
    b"\t",
    b"inf",
    b"nan",
    b"1e999",
    b"\0",
    b"\xff",
    b"9" * 30,
    b"NA",
    b"{",
    b"[",
]
CELLS = [
    "",
    "?",
    "NA",
    "inf",
    "-inf",
    "nan",
    "1e999",
    "9" * 25,
    "9007199254740993",
    "-5",
    "0",
    "true",
    "x y z",
]
CELLS += [
    "2024-01-05",
    "2024-01-05 10:00",
    "05/06/2024",
    "13/01/2024",
    "1,5",
    "é",
    "1e-320",
    "00012",
    "  7 ",
    "1_0",
]


def written(kind: str) -> bytes:
    frame, buffer = pl.DataFrame(ROWS, schema=NAMES, orient="row"), io.BytesIO()
    if kind == "npz":
        np.savez(buffer, X=np.arange(80.0).reshape(40, 2) ** 1.3, y=np.arange(40) % 2)
        return buffer.getvalue()
    write = {
        "jsonl": frame.write_ndjson,
        "parquet": frame.write_parquet,
        "feather": frame.write_ipc,
    }.get(kind, frame.write_csv)
    write(buffer)
    return gzip.compress(buffer.getvalue()) if kind.endswith("gz") else buffer.getvalue()


def altered(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 3, 10, 40])):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                data[place:place] = chance.choice(TOKENS)
            case 2:
                del data[place : place + chance.choice([1, 5, 50])]
            case 3:
                other = chance.randrange(len(data) + 1)
                data[place:place] = data[other : other + chance.choice([1, 10, 100])]
    return bytes(data)


def odd_cells(chance: random.Random) -> bytes:
    rows = [list(map(str, row)) for row in ROWS[: chance.choice([3, 40, 40, 40])]] * chance.choice([1, 1, 5])
    columns = chance.sample(range(6), chance.randrange(1, 7))
    for _ in range(chance.choice([1, 2, 5, 20, 100])):
        rows[chance.randrange(len(rows))][chance.choice(columns)] = chance.choice(CELLS)
    if chance.random() < 0.2:
        column, cell = chance.choice(columns), chance.choice(CELLS)
        for row in rows:
            row[column] = cell
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=chance.choice(",;\t|"))
    writer.writerows([NAMES, *rows])
    return stream.getvalue().encode()


def survives(path: str) -> bool:
    """Go all the way from the file to arrays; False if the file was refused."""
    try:
        audit = check(path)
        if audit.errors:
            return False
        table, schema = read(path), audit.schema
        split = split_rows(table, schema, seed=0)
        arrays = TableEncoder.fit(table, schema.inputs, rows=split.train).transform(table)
        target = fit_target(task_named(schema.task), table, schema, split.train)
        targets = target.transform(table, split.valid)
    except LaminaError:
        return False
    assert np.isfinite(arrays["numeric"]).all()
    assert len(targets) == len(split.valid)
    return True


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "parquet", "feather", "npz"])
def test_altered_files(tmp_path, kind):
    if kind in ("parquet", "feather") and int(pl.__version__.split(".")[0]) < 2:
        pytest.skip("older versions of Polars crash on some damaged Parquet and Arrow files")
    chance, content = random.Random(0), written(kind)
    path = tmp_path / f"t.{kind}"
    outcomes = set()
    for _ in range(60):
        path.write_bytes(altered(content, chance))
        outcomes.add(survives(str(path)))
    assert False in outcomes


def test_odd_cells(tmp_path):
    chance, path = random.Random(1), tmp_path / "t.csv"
    outcomes = []
    for _ in range(100):
        path.write_bytes(odd_cells(chance))
        outcomes.append(survives(str(path)))
    assert {True, False} == set(outcomes)
