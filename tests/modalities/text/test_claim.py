"""Which columns are free text."""

from __future__ import annotations

import itertools
from typing import Any

import polars as pl
import pytest

from lamina.data import read
from lamina.modalities.text.claim import is_free_text

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog"]
SENTENCES = [" ".join(WORDS[(i * k) % 9] for k in range(1, 7)) + f" {i}" for i in range(60)]
GENRES = "Action Comedy Crime Drama Horror Sci-Fi Thriller War".split()
YES: dict[str, list[Any]] = {
    "sentences": SENTENCES,
    "names": [f"Braund, Mr. {chr(65 + i % 26)}wen {'Harris' * (1 + i % 3)} {i}" for i in range(60)],
    "questions that repeat": SENTENCES[:55] * 4,
    "titles": [f"The {w} of {v}" for w in WORDS for v in WORDS],
    "Chinese": [f"今天天气很好我们去公园玩{chr(0x4E00 + i)}" for i in range(60)],
    "lists of words": ["|".join(one) for size in (2, 3) for one in itertools.combinations(GENRES, size)],
    "some missing": [None if i % 5 == 0 else text for i, text in enumerate(SENTENCES)],
}
NO: dict[str, list[Any]] = {
    "words": [f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(60)],
    "few long categories": ["very satisfied with it", "not at all satisfied"] * 30,
    "numbers": [str(i) for i in range(60)],
    "dates": [f"{i % 28 + 1} March 20{i % 30 + 10}" for i in range(60)],
    "dates and times": [f"2021-03-{i % 28 + 1:02d} 12:{i:02d}:00" for i in range(60)],
    "coordinates": [f"41.{i:03d}, 2.{i:03d}" for i in range(60)],
    "codes": [f"AB {i:05d}" for i in range(60)],
    "few lists": ["a|b", "b|c", "a|c"] * 20,
    "lists of one's own": [f"x{i}|y{i}" for i in range(60)],
    "few rows": SENTENCES[:5],
    "integers": list(range(60)),
    "all missing": [None] * 60,
}


@pytest.mark.parametrize("name", YES)
def test_free_text_is_claimed(name: str):
    table = read(pl.DataFrame({"a": pl.Series(YES[name], dtype=pl.String)}))
    assert is_free_text(table.column("a"))


@pytest.mark.parametrize("name", NO)
def test_everything_else_is_not(name: str):
    table = read(pl.DataFrame({"a": NO[name]}))
    assert not is_free_text(table.column("a"))


def test_what_is_a_category_by_its_type_stays_one():
    table = read(pl.DataFrame({"a": pl.Series(SENTENCES, dtype=pl.Categorical)}))
    assert not is_free_text(table.column("a"))
