"""Texts that are not UTF-8: what is guessed, what is asked for, and what is refused."""

from __future__ import annotations

import pytest

import lamina
from lamina.core.errors import ConfigError, DataError
from lamina.data import read

ROWS = "name,v\nThé d’été,1\nœuf,2\nplain,3\n"


def written(folder, content: bytes, name: str = "t.csv") -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_says_its_encoding_is_read_without_a_word(tmp_path, codec):
    table = read(written(tmp_path, ROWS.encode(codec)))
    assert table.names == ("name", "v") and table.labels("name").value(0) == "Thé d’été"
    assert table.doubts == ()


def test_windows_1252_is_guessed_and_the_audit_warns(tmp_path):
    path = written(tmp_path, ROWS.encode("cp1252"))
    table = read(path)
    assert table.labels("name").value(0) == "Thé d’été" and table.labels("name").value(1) == "œuf"
    found = lamina.check(path, "v").warnings[0]
    assert (found.code, str(found)) == (
        "guessed",
        f"warning: {path}: read as windows-1252: byte 0xe9 on line 2 is not UTF-8\n"
        "  fix: encoding= overrules, as in encoding=iso-8859-15",
    )


def test_the_header_alone_may_give_it_away(tmp_path):
    table = read(written(tmp_path, "größe,v\n1,2\n".encode("latin-1")))
    assert table.names == ("größe", "v") and "line 1" in table.doubts[0][0]


def test_test_data_are_warned_of_too(tmp_path):
    train = written(tmp_path, ("name,v\n" + "a,1\nb,0\n" * 30).encode())
    test = written(tmp_path, "name,v\né,1\n".encode("latin-1"), "test.csv")
    assert any(
        "test.csv: read as windows-1252" in str(f) for f in lamina.check(train, "v", test_data=test).warnings
    )


@pytest.mark.parametrize(
    ("codec", "text"), [("cp1251", "имя"), ("shift_jis", "名前"), ("utf-16-le", "name"), ("mac_roman", "é")]
)
def test_what_is_asked_for_is_obeyed(tmp_path, codec, text):
    content = f"{text},v\nx,1\ny,2\n".encode(codec)
    table = read(written(tmp_path, content), encoding=codec)
    assert table.names == (text, "v") and table.doubts == () and table.line(1) == 3


def test_old_line_ends_in_another_encoding(tmp_path):
    table = read(written(tmp_path, "é,v\rx,1\ry,2\r".encode("utf-16")))
    assert table.names == ("é", "v") and table.height == 2


UNLIKELY = {
    "Cyrillic": "день,йод\nлюди,юг\nжизнь,лыжи\n".encode("cp1251"),
    "Japanese": "名前,都市\n太郎,東京\n花子,大阪\n".encode("shift_jis"),
    "damaged UTF-8": "é,ü\nä,ö\n".encode() + b"\xe9,x\n",
    "control characters": b"a,b\n\x01\xe9,2\n",
}


@pytest.mark.parametrize("case", UNLIKELY)
def test_nothing_is_guessed_where_nothing_is_likely(tmp_path, case):
    with pytest.raises(
        DataError, match=r"line \d: byte 0x\w\w is not UTF-8 text\n  fix: correct the line, or name"
    ):
        read(written(tmp_path, UNLIKELY[case]))


def test_bytes_that_are_not_of_the_encoding(tmp_path):
    path = written(tmp_path, b"a,b\nx,1\n\xe9,2\n")
    with pytest.raises(DataError) as caught:
        read(path, encoding="ascii")
    assert str(caught.value) == (
        f"{path}, line 3: byte 0xe9 is not ascii text\n"
        "  fix: correct the line, or name another encoding: encoding=…"
    )
    with pytest.raises(DataError, match=r"t\.csv.*not utf-32 text"):
        read(path, encoding="utf-32")
    with pytest.raises(DataError, match="the file is empty"):
        read(written(tmp_path, "  \n".encode("utf-16-le")), encoding="utf-16-le")


@pytest.mark.parametrize("encoding", ["utf-88", "base64", "rot13", ""])
def test_an_unknown_encoding(tmp_path, encoding):
    path = written(tmp_path, b"a,b\n1,2\n")
    with pytest.raises(ConfigError, match="expected a name that Python knows, such as utf-8"):
        read(path, encoding=encoding)


def test_a_fault_behind_what_was_guessed_has_its_line(tmp_path):
    path = written(tmp_path, "Über alles\n\na,b\né,1\nx,2,3\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"t\.csv, line 5: ragged row: 3 fields where the header has 2"):
        read(path)
