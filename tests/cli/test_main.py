from __future__ import annotations

import pytest

from lamina import __version__
from lamina.cli.main import COMMANDS, main
from lamina.core.errors import Interrupted, RunError


def test_version_and_help(capsys: pytest.CaptureFixture[str]):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lamina {__version__}\n"
    for words in ([], ["--help"], ["-h"], ["help"]):
        assert main(words) == 0
        text = capsys.readouterr().out
        assert all(f"  {verb} " in text for verb in COMMANDS)


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_has_a_help_within_100_columns(verb: str, capsys: pytest.CaptureFixture[str]):
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: lamina {verb} ") and max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ("verb", "near"), [("fti", "fit"), ("train", "fit"), ("eval", "evaluate"), ("info", "describe")]
)
def test_an_unknown_verb_is_mended(verb: str, near: str, capsys: pytest.CaptureFixture[str]):
    assert main([verb]) == 2
    assert f"unknown command '{verb}' (did you mean '{near}'?)" in capsys.readouterr().err


def ending(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def run(words: list[str], began: float) -> int:
        raise error

    monkeypatch.setattr("lamina.cli.models.run", run)
    return main(["models"])


def test_endings_have_their_status_and_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    noted = ZeroDivisionError("of ours")
    noted.add_note("runs/a/log.txt")
    interrupted = Interrupted("interrupted", where="runs/a", fix="lamina resume runs/a")
    for error, status, words in (
        (RunError("disk full"), 3, "lamina: disk full\n"),
        (interrupted, 130, "lamina: runs/a: interrupted; to go on:\nlamina resume runs/a\n"),
        (KeyboardInterrupt(), 130, "lamina: interrupted\n"),
        (MemoryError(), 3, "lamina: there is not enough memory"),
        (
            ZeroDivisionError("of ours"),
            1,
            "ZeroDivisionError: of ours)\n  please report it, with the command and",
        ),
        (noted, 1, "runs/a/log.txt, which has the traceback"),
    ):
        assert ending(monkeypatch, error) == status
        shown = capsys.readouterr()
        assert words in shown.err and "Traceback" not in shown.err and shown.out == ""


def test_memory_of_the_device(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    kind = type("JaxRuntimeError", (RuntimeError,), {})
    assert ending(monkeypatch, kind("RESOURCE_EXHAUSTED: Out of memory")) == 3
    assert "the device has not enough memory" in capsys.readouterr().err


def test_the_traceback_of_a_fault_is_there_for_who_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("LAMINA_TRACEBACK", "1")
    assert ending(monkeypatch, ZeroDivisionError("of ours")) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err
