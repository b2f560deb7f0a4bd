"""Keys that a reader owns: claimed by it alone, at every door, and kept by the run."""

from __future__ import annotations

import gzip
import io
import os
import signal
import sys
import tomllib
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from tests.data.readers.workbooks import xlsx

import lamina
from lamina.cli.main import main
from lamina.core.errors import ConfigError, Interrupted
from lamina.core.keys import key
from lamina.data import read
from lamina.data.array_table import ArrayTable
from lamina.data.readers import READERS, AbstractReader
from lamina.data.readers.registry import reading_keys
from lamina.data.source import read_beside
from lamina.train.loop.callbacks import Callback

ROWS = "".join(f"{i * 7 % 11}.5,{i * 5 % 13},{('oui', 'forêt')[i * 3 % 5 > 2]}\n" for i in range(60))
TEXT = "a,b,y\n" + ROWS


@dataclass(frozen=True)
class WidthKeys:
    """The keys of a reader that is defined here."""

    width: int = key(1, "columns of ones", check=lambda value: value > 0, expected="> 0")


class Ones(AbstractReader):
    """Read a table of ones."""

    name = "ones"
    files = "files of ones"
    endings = (".ones",)
    keys = WidthKeys

    def claims(self, source):
        return source.ending == ".ones"

    def read(self, source):
        width = source.keys.width
        return ArrayTable(np.ones((2, width)), [f"c{i}" for i in range(width)], source=source.path)


@pytest.fixture
def latin(tmp_path):
    """A table in Latin-1."""
    path = tmp_path / "latin.csv"
    path.write_bytes(TEXT.encode("latin-1"))
    return str(path)


def test_a_reader_gets_its_own_keys_checked(tmp_path, monkeypatch, latin):
    monkeypatch.setitem(READERS._entries, "ones", Ones())
    path = tmp_path / "t.ones"
    assert read(path).names == ("c0",) and read(path, width="3").names == ("c0", "c1", "c2")
    with pytest.raises(ConfigError, match=r"width is out of range; expected > 0, got '?0"):
        read(path, width=0)
    with pytest.raises(ConfigError) as caught:
        read(latin, width=2)
    assert str(caught.value) == (
        "key 'width' belongs to files of ones; this run reads CSV and TSV files\n  fix: leave it out"
    )
    with pytest.raises(ConfigError, match=r"unknown key 'widht' \(did you mean 'width'\?\)"):
        read(path, widht=2)
    assert reading_keys({"width": 1, "epochs": 2}) == {"width": 1} and reading_keys({}) == {}


def test_a_reader_without_words_is_called_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(Ones, "files", "")
    monkeypatch.setitem(READERS._entries, "ones", Ones())
    with pytest.raises(ConfigError, match="this run reads files of the reader 'ones'"):
        read(tmp_path / "t.ones", sheet=2)


@pytest.mark.parametrize(
    "data", [pl.DataFrame({"a": [1, 2]}), np.ones((2, 2)), ArrayTable(np.ones((2, 1)), ["a"])]
)
def test_data_in_memory_have_no_reader(data):
    with pytest.raises(
        ConfigError, match="key 'sheet' belongs to spreadsheet files; these data are in memory"
    ):
        read(data, sheet=2)


@pytest.mark.parametrize("door", [lamina.fit, lamina.check])
def test_both_doors_refuse_by_owner(door, latin):
    with pytest.raises(ConfigError, match="key 'sheet' belongs to spreadsheet files; this run reads CSV"):
        door(latin, target="y", sheet=2)
    with pytest.raises(ConfigError, match="encoding is out of range"):
        door(latin, target="y", encoding="latin-99")


def test_an_estimator_refuses_them():
    estimator = lamina.NeuralClassifier(epochs=1, keys={"encoding": "latin-1"})
    with pytest.raises(
        ConfigError, match=r"key 'encoding' belongs to CSV and TSV files.*; these data are in memory"
    ):
        estimator.fit(np.eye(40)[:, :3], [0, 1] * 20)


def test_the_audit_obeys(latin):
    assert not lamina.check(latin, "y", encoding="latin-1").warnings
    assert lamina.check(latin, "y").warnings[0].code == "guessed"


def test_test_data_are_read_with_the_keys_that_their_reader_owns(tmp_path, latin):
    test = tmp_path / "test.csv"
    test.write_bytes(TEXT.encode("latin-1"))
    found = lamina.check(latin, "y", encoding="latin-1", test_data=str(test))
    assert "guessed" not in {finding.code for finding in found.findings}
    pl.read_csv(io.StringIO(TEXT)).write_parquet(tmp_path / "t.parquet")
    assert read_beside(tmp_path / "t.parquet", {"encoding": "latin-1"}).height == 60
    frame = pl.DataFrame({"a": [1]})
    assert read_beside(frame, {"encoding": "latin-1"}).height == 1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that was told the encoding, begun by the command line."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "t.csv").write_bytes(TEXT.encode("latin-1"))
    words = ["fit", str(folder / "t.csv"), "--target", "y", "--out", str(folder / "r"), "encoding=latin-1"]
    assert main([*words, "model=mlp", "epochs=1"]) == 0
    return folder


def test_a_run_keeps_what_it_was_given(run):
    stored = tomllib.loads((run / "r" / "config.toml").read_text())
    assert stored["encoding"] == stored["given"]["encoding"] == "latin-1"
    assert lamina.load(run / "r").config["encoding"] == "latin-1"


def test_predict_and_evaluate_take_keys_of_their_own(run, capsys):
    pytest.importorskip("python_calamine")
    xlsx(run / "new.xlsx", {"One": [["x"], [1]], "Two": [["a", "b"], [1.5, 2], [3, 4]]})
    assert main(["predict", str(run / "r"), str(run / "new.xlsx"), "sheet=2"]) == 0
    shown = capsys.readouterr()
    assert len(shown.out.split()) == 3 and shown.err == ""
    assert main(["predict", str(run / "r"), str(run / "t.csv")]) == 0
    assert "t.csv: read as windows-1252: byte 0xea" in capsys.readouterr().err
    assert main(["evaluate", str(run / "r"), str(run / "t.csv"), "encoding=latin-1", "--json"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["predict", str(run / "r"), str(run / "t.csv"), "sheet=1"]) == 2
    assert "key 'sheet' belongs to spreadsheet files" in capsys.readouterr().err
    network = lamina.load(run / "r")
    table = network.read(run / "new.xlsx", sheet="Two")
    assert len(network.predict(table)) == 2


def test_a_resumed_run_reads_the_same_way(tmp_path):
    """Cyrillic in an encoding that nobody would guess: without the key it could not be read."""

    class Stop(Callback):
        stopped = False

        def on_chunk_end(self, step, run):
            if not self.stopped:  # a second signal would not wait for the checkpoint
                os.kill(os.getpid(), signal.SIGTERM)
            self.stopped = True

    path = tmp_path / "t.csv"
    path.write_bytes(TEXT.replace("oui", "жить").replace("forêt", "день").encode("cp1251"))
    keys = {"model": "mlp", "epochs": 6, "chunk": 2, "encoding": "cp1251"}
    with pytest.raises(Interrupted):
        lamina.fit(path, target="y", out=str(tmp_path / "r"), callbacks=[Stop()], **keys)
    assert main(["resume", str(tmp_path / "r")]) == 0
    assert set(lamina.load(tmp_path / "r").labels) == {"жить", "день"}


def test_standard_input_takes_an_encoding(monkeypatch, capsys):
    stream = io.TextIOWrapper(io.BytesIO(TEXT.encode("utf-16-le")))
    monkeypatch.setattr(sys, "stdin", stream)
    assert main(["check", "-", "--target", "y", "encoding=utf-16-le"]) == 0
    assert "target 'y'" in capsys.readouterr().out


def test_keys_reach_packed_files(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode("utf-16-be")))
    assert read(path, encoding="utf-16-be").height == 60
