"""What tags say of entities."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.tag_scheme import NO_TAG, Scheme, codes_of

LABELS = ("B-x", "B-y", "E-x", "I-x", "I-y", "O", "S-x")
SCHEME = Scheme(LABELS)


def codes(*sentences: str) -> np.ndarray:
    rows = [[LABELS.index(tag) for tag in sentence.split()] for sentence in sentences]
    return codes_of(rows, max(map(len, rows)))


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
