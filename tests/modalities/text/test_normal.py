"""Texts in one form."""

from __future__ import annotations

import pytest

from lamina.modalities.text.normal import count_words, normalized, words_of


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Hello  World", "hello world"),
        ("  \t\n a\u00a0b ", "a b"),
        ("\ufb01ne", "fine"),
        ("cafe\u0301", "caf\u00e9"),
        ("\uff37\uff29\uff2e", "win"),
        ("\u2460", "1"),
        ("", ""),
    ],
)
def test_what_looks_alike_is_made_one(given: str, expected: str):
    assert normalized(given, lowercase=True) == expected
    assert normalized(normalized(given, lowercase=True), lowercase=True) == expected


def test_case_is_kept_on_request():
    assert normalized("FREE Entry", lowercase=False) == "FREE Entry"


def test_marks_are_words_of_their_own():
    assert words_of("don't pay £1,000!!") == ["don", "'", "t", "pay", "£", "1", ",", "000", "!", "!"]
    assert words_of("日本 naïve") == ["日本", "naïve"]


def test_scripts_without_blanks_have_words_too():
    assert count_words("今日は良い天気") == 3.5
    assert count_words("one two") == 2
    assert count_words("") == 0
