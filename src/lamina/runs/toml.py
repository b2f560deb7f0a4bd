"""Values as TOML, which the standard library reads but does not write."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def to_toml(
    values: Mapping[str, Any],
    *,
    tables: Mapping[str, Mapping[str, Any]] | None = None,
    comments: Mapping[str, str] | None = None,
    head: str = "",
) -> str:
    r"""Return a TOML document: flat values first, then tables of flat values.

    Args:
        values: text, numbers, booleans, lists and objects of these; None becomes the text "none".
        tables: further values under a heading.
        comments: what to write after a value, by its key.
        head: a comment of one or more lines at the top.

    Example:
        >>> print(to_toml({"lr": 1e-3, "name": 'a "b"\n'}, tables={"run": {"seed": 0}}), end="")
        lr = 0.001
        name = "a \"b\"\n"
        <BLANKLINE>
        [run]
        seed = 0
    """
    parts = ["".join(f"# {line}".rstrip() + "\n" for line in head.splitlines())] if head else []
    parts.append(_lines(values, comments or {}))
    parts += [f"[{_key(name)}]\n{_lines(content, {})}" for name, content in (tables or {}).items()]
    return "\n".join(parts)


def _lines(values: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    pairs = {name: f"{_key(name)} = {_value(value)}" for name, value in values.items()}
    width = max((len(pair) for name, pair in pairs.items() if name in comments and len(pair) < 40), default=0)
    return "".join(
        f"{pair:<{width}}  # {comments[name]}\n" if name in comments else f"{pair}\n"
        for name, pair in pairs.items()
    )


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if value is None:
        return '"none"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(name))} = {_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return f"[{', '.join(_value(item) for item in value)}]"
    return _text(str(value))


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    text = repr(value)
    return text if any(mark in text for mark in ".e") else f"{text}.0"


def _text(text: str) -> str:
    return f'"{"".join(_letter(letter) for letter in text)}"'


def _letter(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter < " " or letter == "\x7f":
        return f"\\u{ord(letter):04x}"
    if "\ud800" <= letter <= "\udfff":  # half of a pair, as of a file name that is no UTF-8
        return f"\\\\u{ord(letter):04x}"
    return letter
