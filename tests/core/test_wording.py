"""Counts, durations and plain text as people read them."""

from __future__ import annotations

import math

import pytest

from lamina.core.wording import count, counted, duration, plain, short_number


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
        (86400.0 * 2, "48 h 0 min"),
        (math.nan, "–"),
    ],
)
def test_duration(seconds: float, said: str):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0"), (999.6, "1.00 k"), (9994, "9.99 k"), (99960, "100 k"), (7.2e9, "7.20 G")]
)
def test_short_number(number: float | int, said: str):
    assert short_number(number) == said


def test_counts():
    assert count(12345.4) == "12,345"
    assert counted(0, "row") == "0 rows"
