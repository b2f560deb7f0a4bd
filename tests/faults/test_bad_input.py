"""Every kind of bad input by both doors: one exact message, exit status 2, nothing written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pytest import CaptureFixture, MonkeyPatch
from tests.faults.bad_columns import ARCHIVES, COLUMNS, CONFIGS
from tests.faults.bad_files import FILES, Case
from tests.faults.bad_images import IMAGES

import lamina
from lamina.cli.main import main

pytestmark = pytest.mark.faults

CASES = FILES | COLUMNS | ARCHIVES | CONFIGS | IMAGES


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    """Every command is typed in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def everything() -> dict[str, int]:
    """Every file and folder below the working folder, with its size."""
    found = (*Path().rglob("*"),)
    return {os.fspath(item): item.lstat().st_size for item in found}


def typed(case: Case) -> list[str]:
    """The words of a case after the verb."""
    words = [case.data, *(f"{name}={value}" for name, value in case.keys.items())]
    words += ["--target", case.target] if case.target else []
    return words + (["--test", case.test] if case.test else [])


def called(case: Case) -> dict[str, Any]:
    """The arguments of a case in Python."""
    return {"target": case.target, **({"test_data": case.test} if case.test else {}), **case.keys}


def message_of(case: Case) -> str:
    return case.message.replace("{models}", ", ".join(lamina.list_models()))


@pytest.mark.parametrize("name", CASES)
def test_fit_refuses_by_both_doors(name: str, capsys: CaptureFixture[str]):
    case = CASES[name]
    case.make()
    before = everything()
    assert main(["fit", *typed(case)]) == 2
    shown = capsys.readouterr()
    assert (shown.err, shown.out) == (f"lamina: {message_of(case)}\n", "")
    with pytest.raises(case.kind) as caught:
        lamina.fit(case.data, **called(case), out="r")
    assert str(caught.value) == message_of(case)
    assert everything() == before


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.by_check])
def test_check_refuses_by_both_doors(name: str, capsys: CaptureFixture[str]):
    case = CASES[name]
    case.make()
    before = everything()
    assert main(["check", *typed(case)]) == 2
    shown = capsys.readouterr()
    if shown.out:  # an error of the audit among its other findings
        assert f"\nerror: {case.message}\n" in shown.out
        assert shown.err == f"lamina: {case.data}: cannot be learned from, 1 error\n"
    else:
        assert shown.err == f"lamina: {case.message}\n"
    with pytest.raises(case.kind) as caught:
        lamina.check(case.data, **called(case)).raise_errors()
    assert str(caught.value) == case.message
    assert everything() == before


def test_the_messages_are_json_too(capsys: CaptureFixture[str]):
    COLUMNS["infinity"].make()
    assert main(["check", "t.csv", "--target", "y", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert [f["code"] for f in found["findings"] if f["level"] == "error"] == ["infinity"]
    assert main(["fit", "t.csv", "--target", "y", "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err == f"lamina: {COLUMNS['infinity'].message}\n"
