from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from lamina.runs.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_log_has_what_was_said_before_it_was_there(tmp_path: Path):
    stream = io.StringIO()
    console = Console(stream)
    console.print("first")
    console.record("only in the log")
    console.keep_in(tmp_path / "log.txt")
    console.field("model", "mlp")
    assert stream.getvalue() == "first\nmodel     mlp\n"
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert [line[21:] for line in lines] == ["first", "only in the log", "model     mlp"]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", line) for line in lines)


def test_long_lines_are_wrapped_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("COLUMNS", "60")
    text = "word " * 30
    for stream, widest in ((Terminal(), 60), (io.StringIO(), 200)):
        console = Console(stream)
        console.keep_in(tmp_path / f"{widest}.txt")
        console.field("data", text)
        lines = stream.getvalue().splitlines()
        assert max(map(len, lines)) <= widest
        assert all(line.startswith(" " * 10) for line in lines[1:])
        assert (tmp_path / f"{widest}.txt").read_text().count("\n") == 1


def test_a_reader_who_left_does_not_stop_the_run(tmp_path: Path):
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    console = Console(Closed())
    console.keep_in(tmp_path / "log.txt")
    console.print("nobody hears this")
    console.print("nor this")
    assert (tmp_path / "log.txt").read_text().count("\n") == 2


def test_a_stream_that_knows_few_letters(tmp_path: Path):
    raw = io.BytesIO()
    console = Console(io.TextIOWrapper(raw, encoding="ascii"))
    console.keep_in(tmp_path / "log.txt")
    console.print("größe \udce9")
    assert raw.getvalue() == b"gr??e ?\n"
    assert "größe \\udce9" in (tmp_path / "log.txt").read_text("utf-8")
