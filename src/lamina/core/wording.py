"""Values as people read them: counts, durations, and text that cannot do harm."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any, SupportsFloat

# Controls, lone surrogates and the marks that reverse the order of the letters around them.
_UNSEEMLY = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

LINE_END = "\u23ce"  # what stands for a line end where a text is shown in one line


def plain(value: Any, most: int | None = None) -> str:
    r"""Return a value as one line of printable text, cut in its middle if it is too long.

    Args:
        value: anything.
        most: the greatest number of characters, or None.

    Example:
        >>> plain("a\nb"), plain("a very long name of a column", 12)
        ('a b', 'a very…olumn')
    """
    text = _UNSEEMLY.sub(" ", str(value))
    text = unicodedata.normalize("NFC", text)
    if most is None or len(text) <= most:
        return text
    head = (most - 1) // 2 + (most - 1) % 2
    return text[:head] + "…" + text[len(text) - (most - 1 - head) :]


def count(number: SupportsFloat) -> str:
    """Return a whole number with its thousands set apart.

    Args:
        number: how many.

    Example:
        >>> count(1234567)
        '1,234,567'
    """
    return f"{round(float(number)):,}"


def counted(number: SupportsFloat, noun: str, nouns: str = "") -> str:
    """Return a number with its noun in the right form.

    Args:
        number: how many.
        noun: the noun for one.
        nouns: the noun for several; by default ``noun`` with an s.

    Example:
        >>> counted(1, "row"), counted(2000, "row"), counted(2, "class", "classes")
        ('1 row', '2,000 rows', '2 classes')
    """
    return f"{count(number)} {noun if number == 1 else nouns or noun + 's'}"


def short_number(number: SupportsFloat) -> str:
    """Return a large number with three digits and a letter.

    Args:
        number: zero or more.

    Example:
        >>> short_number(950), short_number(66440), short_number(1.2e6)
        ('950', '66.4 k', '1.20 M')
    """
    number = float(number)
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= 0.9995 * size:
            scaled = number / size
            return f"{scaled:.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f} {letter}"
    return f"{round(number)}"


def duration(seconds: SupportsFloat) -> str:
    """Return a time in the two largest units that matter.

    Args:
        seconds: zero or more.

    Example:
        >>> duration(0.4217), duration(12.34), duration(125), duration(4325)
        ('0.42 s', '12.3 s', '2 min 5 s', '1 h 12 min')
    """
    seconds = float(seconds)
    if not math.isfinite(seconds):
        return "–"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def on_one_line(text: str) -> str:
    r"""Return a text with a sign for each line end.

    Args:
        text: any.

    Example:
        >>> on_one_line("to be\nor not").encode("unicode_escape")
        b'to be\\u23ceor not'
    """
    return text.replace("\n", LINE_END)
