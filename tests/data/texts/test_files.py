from __future__ import annotations

from pathlib import Path

import pytest

from lamina.core.errors import DataError
from lamina.data.texts import files
from lamina.data.texts.files import TextFile


def test_pieces_of_a_file_and_its_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfabcdef")
    file = TextFile(str(path))
    assert (file.start, file.size) == (3, 9)
    assert file.read(4, 6) == b"bc" and file.read(7, 99) == b"ef" and file.read(9, 12) == b""
    monkeypatch.setattr(files, "BLOCK", 4)
    assert [*file.blocks()] == [b"\xef\xbb\xbfa", b"bcde", b"f"]
    assert [*file.blocks(5)] == [b"cdef"]


def test_an_empty_file_is_an_empty_text(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.touch()
    assert TextFile(str(path)).read(0, 5) == b"" and not [*TextFile(str(path)).blocks()]


def test_a_file_that_is_not_there_or_has_changed_is_refused(tmp_path: Path):
    path = tmp_path / "a.txt"
    with pytest.raises(DataError, match="cannot be read"):
        TextFile(str(path))
    path.write_text("before")
    file = TextFile(str(path))
    path.write_text("behind it")
    with pytest.raises(DataError, match="has changed while it was in use"):
        file.read(0, 3)
    path.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        file.read(0, 3)
