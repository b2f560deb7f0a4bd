"""Numbers and text as people read them."""

from __future__ import annotations

import math

import pytest

from lamina.report.markup import table, text
from lamina.report.wording import any_value, count, counted, duration, plain, share, short_number


def test_plain_leaves_one_printable_line():
    assert plain("a\tb\r\nc") == "a b  c"
    assert plain("\ud800\u202e\x00x") == "   x"
    assert plain("x" * 100, 11) == "xxxxx…xxxxx"
    assert all(len(plain("abcdefghij" * 9, most)) == most for most in range(3, 40))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0.00 s"),
        (59.94, "59.9 s"),
        (99.96, "1 min 40 s"),
        (3599.6, "1 h 0 min"),
        (86400 * 2, "48 h 0 min"),
        (math.nan, "–"),
    ],
)
def test_duration(seconds: float, said: str):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0"), (999.6, "1.00 k"), (9994, "9.99 k"), (99960, "100 k"), (7.2e9, "7.20 G")]
)
def test_short_number(number: float, said: str):
    assert short_number(number) == said


def test_share_and_counts():
    assert share(0.98765, (0.9870, 0.9885)) == "98.77%"
    assert share(0.5, (0.2, 0.8)) == "50%"
    assert count(12345.4) == "12,345"
    assert counted(0, "row") == "0 rows"


def test_any_value():
    assert any_value([1, 2.0, None]) == "1, 2, –"
    assert any_value(()) == "–"
    assert any_value(math.inf) == "∞"
    assert any_value("a\nb") == "a b"


def test_markup_escapes_heads_and_quotes():
    assert text("\"'<&") == "&quot;&#x27;&lt;&amp;"
    assert "<th>&lt;b&gt;</th>" in table(["<b>"], [["x"]])
    assert table(["a"], []) == ""
