"""Which columns hold a tag for each word of another one."""

from __future__ import annotations

import numpy as np
import polars as pl

from lamina.data import read
from lamina.data.tags import holds_tags, tagged_column


def table(**columns: list[str]) -> object:
    return read(pl.DataFrame(columns))


TEXTS = ["to Rome", "so", "from Rome to Bonn", "Bonn is large"] * 5
TAGS = ["O B-c", "O", "O B-c O B-c", "B-c O O"] * 5


def test_tags_are_as_many_as_words():
    given = table(text=TEXTS, tags=TAGS, y=["a", "b", "c", "d"] * 5)
    assert holds_tags(given, "tags") and tagged_column(given, "tags") == "text"
    assert not holds_tags(given, "text") and not holds_tags(given, "y")


def test_a_few_faults_do_not_hide_tags():
    given = table(text=[*TEXTS, "one more"], tags=[*TAGS, "O"])
    assert holds_tags(given, "tags")
    assert not holds_tags(table(text=[*TEXTS, *["one more"] * 20], tags=[*TAGS, *["O"] * 20]), "tags")


def test_parts_of_speech_are_tags_though_they_name_nothing():
    words = {"a": "DET", "cat": "NOUN", "dog": "NOUN", "sat": "VERB", "here": "ADV"}
    texts = ["a cat sat", "cat here", "sat", "a dog sat here"] * 10
    tags = [" ".join(words[word] for word in text.split()) for text in texts]
    assert holds_tags(table(text=texts, tags=tags), "tags")


def test_names_of_people_beside_places_are_no_tags():
    random = np.random.default_rng(0)
    first, last = random.integers(0, 99, (2, 60))
    people = [f"name{a} name{b}" for a, b in zip(first, last, strict=True)]
    places = ["New York", "San Diego", "Los Angeles"] * 20
    assert not holds_tags(table(place=places, person=people), "person")
    assert not holds_tags(table(place=places, mood=["very good", "very bad", "so so"] * 20), "mood")


def test_numbers_and_small_tables_hold_no_tags():
    assert not holds_tags(read({"x": np.arange(9.0), "y": np.arange(9)}), "y")
    assert not holds_tags(table(text=TEXTS[:3], tags=TAGS[:3]), "tags")
