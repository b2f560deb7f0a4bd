"""Texts cut at blanks into words that are told by their letters too."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.core.errors import ArtifactError
from lamina.data import read
from lamina.modalities.registry import MODALITIES
from lamina.modalities.text.encoder import FEWEST_IN_CLASSES, TextEncoder
from lamina.modalities.text.words import MOST_PARTS, Words, parts_of

TEXTS = ["to Rome , 1999", "from Rome", "to be or not to be"]


def fitted(*, most: int = 99, lowercase: bool = False) -> Words:
    return Words.fit(TEXTS, most=most, lowercase=lowercase)


def test_words_are_numbered_by_frequency_and_the_unknown_is_0():
    known = fitted()
    assert known.words[:3] == ("to", "Rome", "be") and known.symbols == 9
    assert known.encode(["to Rome Paris"]).ids.tolist() == [1, 2, 0]
    assert fitted(most=3).words == ("to", "Rome")


def test_a_word_falls_back_on_its_small_letters():
    assert fitted().encode(["To ROME"]).ids.tolist() == [1, 0]  # "rome" was never seen
    assert fitted(lowercase=True).encode(["ROME"]).ids.tolist() == [3]


def test_a_word_is_told_by_its_parts():
    assert parts_of("Paris") == [
        "^p", "^pa", "^par", "^pari", "s$", "is$", "ris$", "aris$", "~ari", "=paris", "#Xx",
    ]  # fmt: skip
    assert parts_of("12-5")[-1] == "#d-d" and parts_of("A")[-1] == "#X"
    assert all(len(parts_of(word)) <= MOST_PARTS for word in ["a" * 50, "pneumonoultramicroscopic"])


def test_parts_that_one_word_alone_holds_are_left_out():
    known = fitted()
    held = {part: sum(part in parts_of(word) for word in known.words) for part in known.parts[1:]}
    assert held and min(held.values()) >= 2


def test_unknown_words_share_parts_with_known_ones():
    known = fitted()
    bags = known.encode(["tone"])
    assert bags.ids.tolist() == [0] and bags.parts is not None
    told = {known.parts[part] for part in bags.parts[0].tolist() if part >= 0}
    assert told == {"e$", "#x"}


def test_arrays_have_parts_beside_words():
    found = fitted().encode(["to Rome", "be"]).padded(3)
    assert found["ids"].shape == (2, 3) and found["parts"].shape == (2, 3, MOST_PARTS)
    assert (found["parts"][1, 1:] == -1).all() and found["ids"][1].tolist() == [3, -1, -1]


def test_rows_of_unequal_length_are_the_padded_ones():
    bags = fitted().encode(["to Rome", "be", "to be or not"] * 10)
    whole, rows = bags.padded(20), bags.ragged(20)
    for name, array in whole.items():
        assert rows[name].shape == array.shape and rows[name].nbytes == array.nbytes
        np.testing.assert_array_equal(rows[name].take(np.array([2, 0])), array[[2, 0], :16])


def test_words_that_mean_missing_are_words():
    table = read({"text": ["NA", "none", "x y"], "y": [1, 2, 3]})
    encoder = TextEncoder.fit(table, "text", tokens="words", lowercase=False)
    assert (encoder.transform(table)["ids"] >= 0).sum(axis=1).tolist() == [1, 1, 2]
    assert encoder.inputs.parts == len(encoder.tokens.parts) and encoder.inputs.is_ordered


def test_all_words_of_training_texts_are_read():
    table = read({"text": ["a"] * 999 + [" ".join("b" * 40)], "y": list(range(1000))})
    assert TextEncoder.fit(table, "text", tokens="words").length == 48


def test_many_texts_are_rows_of_unequal_length():
    table = read({"text": ["a b", "c"] * FEWEST_IN_CLASSES, "y": [0, 1] * FEWEST_IN_CLASSES})
    found = TextEncoder.fit(table, "text", tokens="words").transform(table, np.arange(FEWEST_IN_CLASSES))
    assert found["parts"].take(np.array([0])).shape == (1, 16, MOST_PARTS)


def test_a_restored_encoder_gives_equal_arrays():
    table = read({"text": TEXTS, "y": [1, 2, 3]})
    encoder = TextEncoder.fit(table, "text", tokens="words", lowercase=False)
    stored = {"modality": "text", **json.loads(json.dumps(encoder.to_json()))}
    again = MODALITIES["text"].restore(stored, "encoder")
    expected = encoder.transform(table)
    for name, array in again.transform(table).items():
        np.testing.assert_array_equal(array, expected[name])
    for broken in ({"parts": []}, {"words": ["a", "a"]}, {"parts": [1]}):
        with pytest.raises(ArtifactError):
            MODALITIES["text"].restore({**stored, "tokens": {**stored["tokens"], **broken}}, "encoder")
    assert encoder.tokens.decode([1, 0]) == "to \ufffd"
