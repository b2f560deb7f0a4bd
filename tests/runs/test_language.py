"""A language model that is killed and resumed ends with the same bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from tests.runs.test_resume import At, Killed, kill, same_network, terminate
from tests.tasks.language.writers import QUICK, write_text

from lamina.core.errors import Interrupted
from lamina.data.source import read
from lamina.runs.console import Console
from lamina.runs.resume import resume
from lamina.runs.start import start_run
from lamina.tasks.language.task import LanguageTask

KEYS = {**QUICK, "epochs": 4, "checkpoint_every": 1, "chunk": 1, "dropout": 0.1}


def start(text: Path, out: Path, callbacks: list[Any]) -> Path:
    return start_run(read(str(text)), target=(), keys=KEYS, out=out, callbacks=callbacks).folder


@pytest.mark.usefixtures("no_report")
def test_killed_and_resumed_it_ends_with_the_same_bytes(tmp_path: Path):
    text = write_text(tmp_path / "t.txt")
    whole = start(text, tmp_path / "whole", [])
    with pytest.raises(Killed):
        start(text, tmp_path / "killed", [At(3, kill)])
    again = resume(tmp_path / "killed").folder
    assert same_network(again, whole)


@pytest.mark.usefixtures("no_report")
def test_what_it_writes_in_between_changes_no_weight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Three epochs of a moving average: what is looked at is the average, a copy of it."""
    text, out = write_text(tmp_path / "t.txt"), io.StringIO()
    keys = {**KEYS, "epochs": 3, "ema": 0.9}
    table, seen = read(str(text)), tmp_path / "seen"
    start_run(table, target=(), keys=keys, out=seen, console=Console(out))
    assert out.getvalue().count("\nsample    ") == 3
    assert (seen / "log.txt").read_text().count("  sample    ") == 3
    monkeypatch.setattr(LanguageTask, "watcher", None)
    unseen = start_run(table, target=(), keys=keys, out=tmp_path / "unseen", console=Console(out)).folder
    assert same_network(seen, unseen) and out.getvalue().count("\nsample    ") == 3


@pytest.mark.slow
@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(
    ("tokens", "action", "ends"), [("bytes", kill, Killed), ("bpe", terminate, Interrupted)]
)
def test_so_does_one_that_reads_a_text_in_its_file(
    tmp_path: Path, tokens: str, action: Any, ends: type, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lamina.data.texts.files.LARGE_TEXT", 1_000)
    text = write_text(tmp_path / "t.txt", lines=200)
    keys = {**KEYS, "tokens": tokens, "vocabulary": 300, "steps_per_epoch": 5, "epochs": 2}
    whole = start_run(read(str(text)), target=(), keys=keys, out=tmp_path / "whole").folder
    with pytest.raises(ends):  # in the middle of the second epoch
        start_run(read(str(text)), target=(), keys=keys, out=tmp_path / "cut", callbacks=[At(8, action)])
    again = resume(tmp_path / "cut").folder
    assert same_network(again, whole)
