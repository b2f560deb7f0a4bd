"""Bad input of a trained network, damaged networks, folders in use: both doors, exact messages."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pytest import CaptureFixture, MonkeyPatch
from tests.faults.bad_columns import at
from tests.faults.bad_files import LABELS, NOISE, ROWS, X, Y, table, with_cell
from tests.faults.test_bad_input import everything

import lamina
from lamina.cli.main import main
from lamina.core.errors import (
    ArtifactError,
    ConfigError,
    DataError,
    LaminaWarning,
    RunLockedError,
    ShapeError,
)
from lamina.runs.folder import RunFolder

pytestmark = pytest.mark.faults

QUICK = {"model": "linear", "epochs": 1, "preset": "fast"}
TYPED = [f"{name}={value}" for name, value in QUICK.items()]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has ended, on columns a (numbers), b (words) and y (labels)."""
    place = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr("lamina.runs.run.write_report", lambda *args, **keys: None)
        table(b=["u", "v", "w"] * 20)()
        assert main(["fit", "t.csv", "--target", "y", "--out", "r", *TYPED]) == 0
    return place


@pytest.fixture(autouse=True)
def place(trained: Path, tmp_path: Path, monkeypatch: MonkeyPatch, capsys: CaptureFixture[str]) -> None:
    """Every command is typed beside a copy of that run."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lamina.runs.run.write_report", lambda *args, **keys: None)


KEEP = '\n  fix: to learn from it all the same: keep=["b"]'
COPIED = ["train"] * 40 + ["test"] * 20
DOUBTFUL = {
    "an identifier": (
        table(b=list(range(ROWS))), f"t.csv, column 'b': left out: identifier (counts the rows){KEEP}",
    ),
    "the target in other words": (
        table(b=[f"is {label}" for label in LABELS]),
        "t.csv, column 'b': left out: it equals the target, so it would give the answer away"
        f'{KEEP}; to silence this: drop=["b"]',
    ),
    "a target missing in some rows": (
        table(y=with_cell(with_cell(LABELS, 3, ""), 8, "NA")),
        "t.csv, line 5, column 'y': the target is missing in 2 of 60 rows; they are left out\n"
        '  fix: fill it in, or remove these rows; words such as "None" and "NA" count as missing: '
        "rename them if they are a class",
    ),
    "copies on both sides of the split": (
        table(a=NOISE[:40] + NOISE[:20], y=LABELS[:40] + LABELS[:20], split=COPIED),
        "t.csv, line 43: 15 of 28 validation and test rows equal a training row, "
        "which flatters the metrics\n  fix: remove the copies",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_doubtful_is_said_by_both_doors(name: str, capsys: CaptureFixture[str]):
    make, message = DOUBTFUL[name]
    make()
    before = everything()
    assert main(["check", "t.csv", "--target", "y"]) == 0
    assert f"\nwarning: {message}\n" in capsys.readouterr().out
    assert [str(w) for w in lamina.check("t.csv", "y").warnings] == [f"warning: {message}"]
    with pytest.warns(LaminaWarning) as caught:
        lamina.fit("t.csv", target="y", **QUICK)
    assert [str(warning.message) for warning in caught] == [message]
    assert everything() == before
    assert main(["fit", "t.csv", "--target", "y", "--out", "again", *TYPED]) == 0
    assert f"\nwarning: {message}\n" in capsys.readouterr().out


def test_what_is_kept_or_dropped_on_request_is_said_no_more():
    table(b=[f"is {label}" for label in LABELS])()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lamina.fit("t.csv", target="y", keep=["b"], **QUICK)
        lamina.fit("t.csv", target="y", drop=["b"], **QUICK)


LEARNED = "expected the columns that the network learned from, 2 in all\n"
NAMES = "  fix: give the data the columns of the training data, by the same names"
GOOD = pl.DataFrame({"a": NOISE, "b": ["u", "v", "w"] * 20, "y": LABELS})
ASKED = {
    # name: verbs, data, message
    "a column absent": (
        ("predict", "evaluate"), GOOD.rename({"a": "aa"}),
        f"d.csv: column 'a' is absent (did you mean 'aa'?); {LEARNED}{NAMES}",
    ),
    "two columns absent": (
        ("predict", "evaluate"), GOOD.rename({"a": "first", "b": "second"}),
        f"d.csv: column 'a' and 1 more are absent; {LEARNED}{NAMES}",
    ),
    "words among numbers": (
        ("predict", "evaluate"), GOOD.with_columns(a=pl.lit("x")),
        "d.csv, line 2, column 'a': not a number, in a column that was numeric in training; got 'x'\n"
        "  fix: leave the cell empty if the value is unknown",
    ),
    "infinity": (
        ("predict", "evaluate"), GOOD.with_columns(a=pl.Series(with_cell(NOISE, 7, np.inf))),
        "d.csv, line 9, column 'a': infinity is not a number to learn from\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "a number beyond single precision": (
        ("predict", "evaluate"), GOOD.with_columns(a=pl.Series(with_cell(NOISE, 7, 1e300))),
        "d.csv, line 9, column 'a': 1e+300, beyond single precision, is not a number to learn from\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "the target absent": (
        ("evaluate",), GOOD.drop("y"),
        "d.csv: target column 'y' is absent; expected one of a, b\n"
        "  fix: add the column; predict works without it",
    ),
    "a label unseen": (
        ("evaluate",), GOOD.with_columns(y=pl.Series(with_cell(LABELS, 7, "maybe"))),
        "d.csv, line 9, column 'y': label that training never saw; expected one of 'no', 'yes', got 'maybe'\n"
        "  fix: correct the label, remove the rows, or train with rows of this class",
    ),
    "the target missing": (
        ("evaluate",), GOOD.with_columns(y=pl.Series(with_cell(LABELS, 7, None))),
        "d.csv, line 9, column 'y': the target is missing (1 such row)\n"
        "  fix: fill it in, or remove the rows",
    ),
    "no row": (
        ("predict", "evaluate"), GOOD.clear(),
        "d.csv: there is a header, but no row below it\n  fix: add rows below the header",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_what_does_not_fit_a_network_is_refused_by_both_doors(name: str, capsys: CaptureFixture[str]):
    verbs, data, message = ASKED[name]
    data.write_csv("d.csv")
    before = everything()
    for verb in verbs:
        out = ["--out", "p.csv"] if verb == "predict" else []
        assert main([verb, "r", "d.csv", *out]) == 2
        shown = capsys.readouterr()
        assert (shown.err, shown.out) == (f"lamina: {message}\n", "")
        with pytest.raises(DataError) as caught:
            getattr(lamina.load("r"), verb)("d.csv")
        assert str(caught.value) == message
    assert everything() == before


def own_model(inputs: int) -> object:
    return lamina.build("mlp", inputs=(inputs,), outputs=1, size=8, seed=0)


ARRAYS: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "NaN": (
        lambda: lamina.fit(at(X, np.nan), Y, **QUICK), DataError,
        "<arrays>, row 4, column 'x1': NaN in 1 row\n"
        "  fix: fill the gaps in, or say that they are meant: allow_missing=True",
    ),
    "infinity": (
        lambda: lamina.fit(at(X, -np.inf), Y, **QUICK), DataError,
        "<arrays>, row 4, column 'x1': infinity in 1 row\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "an integer too large": (
        lambda: lamina.fit(at((X * 9).astype(np.int64), 2**60), Y, **QUICK), DataError,
        "<arrays>, row 4, column 'x1': the integer 1152921504606846976 does not fit: "
        "beyond ±2^53 neighbors become one number\n"
        '  fix: leave it out with drop=["x1"], or scale it down; codes belong in a text column',
    ),
    "one axis": (
        lambda: lamina.fit(X[:, 0], Y, **QUICK), DataError,
        "X: X is not a table; expected shape (rows, columns), got shape (60,)\n"
        "  fix: reshape a single column with X.reshape(-1, 1)",
    ),
    "five axes": (
        lambda: lamina.fit(np.zeros((9, 8, 8, 8, 8)), Y[:9], **QUICK), DataError,
        "X: X is not a table; expected shape (rows, columns), got shape (9, 8, 8, 8, 8)\n"
        "  fix: flatten all axes but the first",
    ),
    "unequal lengths": (
        lambda: lamina.fit(X, Y[:-1], **QUICK), DataError,
        "X and y are of unequal length; expected 60 rows, got 59 in y\n"
        "  fix: give one target for each row of X",
    ),
    "no row": (
        lambda: lamina.fit(X[:0], Y[:0], **QUICK), DataError, "<arrays>: there is no row\n  fix: add rows",
    ),
    "values as a target": (
        lambda: lamina.check(X, X[:, 0]), ConfigError,
        "target is the name of a column; got ndarray\n  fix: give values beside the inputs: y=...",
    ),
    "fewer columns than learned": (
        lambda: lamina.fit(X, Y, **QUICK).predict(X[:, :1]), DataError,
        f"<arrays>: column 'x1' is absent (did you mean 'x0'?); {LEARNED}{NAMES}",
    ),
    "more columns than learned": (
        lambda: lamina.fit(X, Y, **QUICK).predict(np.hstack([X, X])), DataError,
        "<arrays>: X has more columns than the network learned from; expected 2 columns, got 4\n"
        "  fix: give the columns of the training data, in the same order",
    ),
    "NaN where there was none": (
        lambda: lamina.fit(X, Y, **QUICK).predict(at(X, np.nan)), DataError,
        "<arrays>, row 4, column 'x1': NaN where training had none\n  fix: fill the gap in",
    ),
    "a model of other inputs": (
        lambda: lamina.fit(X, Y, model=own_model(3), epochs=1), ShapeError,
        "features: wrong shape; expected 3 numeric and 0 category columns, got 2 and 0",
    ),
    "a layer of other inputs": (
        lambda: lamina.build("mlp", inputs=(2,), outputs=1, seed=0).head(np.zeros((4, 3), np.float32)),
        ShapeError, "head: wrong shape; expected last axis 256, got (4, 3)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_refused(name: str):
    call, kind, message = ARRAYS[name]
    before = everything()
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
    assert everything() == before


WEIGHTS, MANIFEST = Path("r/network/model.safetensors"), Path("r/network/MANIFEST.json")
AGAIN = "\n  fix: copy the folder again, whole, from where it was saved"


def cut_short() -> str:
    content = WEIGHTS.read_bytes()
    WEIGHTS.write_bytes(content[:-7])
    sizes = f"expected {len(content)} bytes, got {len(content) - 7} bytes"
    return f"{WEIGHTS}: file has the wrong size; {sizes}{AGAIN}"


def altered() -> str:
    content = bytearray(WEIGHTS.read_bytes())
    before = hashlib.sha256(content).hexdigest()
    content[-1] ^= 1
    WEIGHTS.write_bytes(content)
    return (
        f"{WEIGHTS}: file was altered: its SHA-256 differs from the manifest's; "
        f"expected {before}, got {hashlib.sha256(content).hexdigest()}{AGAIN}"
    )


def newer() -> str:
    stored = json.loads(MANIFEST.read_text())
    MANIFEST.write_text(json.dumps(stored | {"format_version": 99}))
    return (
        f"{MANIFEST}: was written by a newer version of Lamina; expected format 2 or older, got 99\n"
        "  fix: pip install --upgrade lamina"
    )


def without_weights() -> str:
    WEIGHTS.unlink()
    return f"{WEIGHTS}: file is missing{AGAIN}"


def without_manifest() -> str:
    MANIFEST.unlink()
    return "r: not a saved network: it has no manifest\n  fix: give the folder that was saved"


@pytest.mark.parametrize("damage", [cut_short, altered, newer, without_weights, without_manifest])
def test_a_damaged_network_is_refused_by_both_doors(damage: Callable[[], str], capsys: CaptureFixture[str]):
    message = damage()
    before = everything()
    for words in (["predict", "r", "t.csv", "--out", "p.csv"], ["evaluate", "r", "t.csv"], ["describe", "r"]):
        assert main(words) == 2
        shown = capsys.readouterr()
        assert (shown.err, shown.out) == (f"lamina: {message}\n", "")
    with pytest.raises(ArtifactError) as caught:
        lamina.load("r")
    assert str(caught.value) == message
    assert everything() == before


def test_a_run_that_is_not_there_is_refused_by_both_doors(capsys: CaptureFixture[str]):
    assert main(["evaluate", "rr", "t.csv"]) == 2
    shown = capsys.readouterr().err
    assert shown == "lamina: rr: no such run\n  fix: give the folder that `lamina fit` wrote\n"
    with pytest.raises(ArtifactError) as caught:
        lamina.load("rr")
    assert str(caught.value) == "rr: no such folder\n  fix: give the folder that was saved"


def test_a_folder_in_use_or_taken_is_refused_by_both_doors(capsys: CaptureFixture[str]):
    locked = "r: in use by another process\n  fix: "
    taken = (
        "r: already exists, and nothing is ever overwritten\n"
        "  fix: choose another name for --out, or go on with it: lamina resume r"
    )
    before = everything()
    with RunFolder("r"):
        for words, fix in (
            (["fit", "t.csv", "--out", "r"], "choose another folder"),
            (["resume", "r"], "wait until it has ended, or choose another folder"),
        ):
            assert main(words) == 2
            assert capsys.readouterr().err == f"lamina: {locked}{fix}\n"
        with pytest.raises(RunLockedError) as caught:
            lamina.fit("t.csv", target="y", out="r", **QUICK)
    assert str(caught.value) == f"{locked}choose another folder"
    assert main(["fit", "t.csv", "--out", "r"]) == 2
    assert capsys.readouterr().err == f"lamina: {taken}\n"
    with pytest.raises(ConfigError) as refused:
        lamina.fit("t.csv", target="y", out="r", **QUICK)
    assert str(refused.value) == taken
    assert everything() == before
