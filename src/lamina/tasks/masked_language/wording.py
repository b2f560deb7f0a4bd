"""Texts as a person reads them in one line."""

from __future__ import annotations

LINE_END = "\u23ce"


def on_one_line(text: str) -> str:
    r"""Return a text with a sign for each line end.

    Args:
        text: any.

    Example:
        >>> on_one_line("to be\nor not").encode("unicode_escape")
        b'to be\\u23ceor not'
    """
    return text.replace("\n", LINE_END)
