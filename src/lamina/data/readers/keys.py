"""Keys that several readers own."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.keys import key


def is_encoding(name: str) -> bool:
    """Return whether Python knows an encoding of texts by this name.

    Example:
        >>> is_encoding("windows-1252"), is_encoding("base64"), is_encoding("utf-88")
        (True, False, False)
    """
    try:
        b"a".decode(name, "ignore")  # a codec of bytes is refused here
    except (LookupError, ValueError, TypeError):
        return False
    return True


@dataclass(frozen=True)
class TextFileKeys:
    """The keys of files of text."""

    encoding: str | None = key(
        None,
        "how the file writes its characters; auto is UTF-8, else guessed and said",
        check=is_encoding,
        expected="a name that Python knows, such as utf-8, windows-1252, utf-16 or shift_jis",
    )
