"""Which columns hold tags, and what tags say of entities."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from lamina.data import read
from lamina.data.tag_scheme import NO_TAG, Scheme, codes_of
from lamina.data.tags import holds_tags, tagged_column

LABELS = ("B-x", "B-y", "E-x", "I-x", "I-y", "O", "S-x")
SCHEME = Scheme(LABELS)


def codes(*sentences: str) -> np.ndarray:
    rows = [[LABELS.index(tag) for tag in sentence.split()] for sentence in sentences]
    return codes_of(rows, max(map(len, rows)))


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
    words = {"a": "DET", "cat": "NOUN", "sat": "VERB", "here": "ADV"}
    texts = ["a cat sat", "cat here", "sat", "a cat sat here"] * 10
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


@pytest.mark.parametrize(
    ("sentence", "entities"),
    [
        ("B-x I-x O", [(0, 0, 1, 0)]),
        ("B-x B-x", [(0, 0, 0, 0), (0, 1, 1, 0)]),
        ("O I-x I-x", [(0, 1, 2, 0)]),  # as conlleval: an I behind O begins
        ("B-x I-y", [(0, 0, 0, 0), (0, 1, 1, 1)]),  # another type begins
        ("I-x O I-x", [(0, 0, 0, 0), (0, 2, 2, 0)]),
        ("B-x I-x E-x I-x", [(0, 0, 2, 0), (0, 3, 3, 0)]),  # behind an E another one begins
        ("S-x I-x S-x", [(0, 0, 0, 0), (0, 1, 1, 0), (0, 2, 2, 0)]),
        ("O O", []),
    ],
)
def test_entities(sentence: str, entities: list[tuple[int, ...]]):
    assert [tuple(row) for row in SCHEME.entities(codes(sentence)).tolist()] == entities


def test_entities_end_with_their_sentence():
    found = SCHEME.entities(codes("O B-x", "I-x I-x B-y"))
    assert found.tolist() == [[0, 1, 1, 0], [1, 0, 1, 0], [1, 2, 2, 1]]


def test_what_goes_on_without_a_beginning_is_found():
    found = SCHEME.breaks(codes("B-x I-x I-y", "I-x O E-x", "S-x I-x"))
    assert found.tolist() == [[False, False, True], [True, False, True], [False, True, False]]
    assert not SCHEME.breaks(np.full((1, 2), NO_TAG)).any()


def test_tags_of_another_form_name_no_entities():
    assert SCHEME.has_entities and SCHEME.types == ("x", "y")
    assert not Scheme(("DET", "NOUN")).has_entities and not Scheme(("O",)).has_entities
    assert not Scheme(("B-x", "NOUN")).has_entities


def test_codes_are_cut_off_and_filled_up():
    assert codes_of([[1, 2, 3], [4]], 2).tolist() == [[1, 2], [4, NO_TAG]]
