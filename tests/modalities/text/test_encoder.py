"""Texts as arrays."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from lamina.core.errors import ArtifactError, DataError
from lamina.data import AbstractTable, read
from lamina.modalities.text.encoder import TOKENS, TextEncoder, texts_of
from lamina.modalities.text.stored import check_encoder

NOTES = ["the cat sat", "a dog", None, "the cat sat", "a much longer text than all the others are here"] * 8


@pytest.fixture(scope="module")
def table() -> AbstractTable:
    return read(pl.DataFrame({"note": NOTES, "y": [0, 1] * 20}))


@pytest.mark.parametrize("tokens", TOKENS)
def test_ids_are_within_the_symbols_and_the_rest_is_filled_up(tokens: str, table: AbstractTable):
    encoder = TextEncoder.fit(table, "note", tokens=tokens)
    x, inputs = encoder.transform(table), encoder.inputs
    assert x["ids"].shape == x["scale"].shape == (40, inputs.length)
    assert x["ids"].max() < inputs.symbols and x["ids"].min() == -1
    assert np.array_equal(x["ids"] == -1, x["scale"] == 0)
    assert (x["ids"][2] == -1).all()  # a missing text is an empty one
    assert np.array_equal(x["ids"][0], x["ids"][3])
    assert inputs.is_ordered == (tokens != "ngrams")
    assert inputs.length % 16 == 0


@pytest.mark.parametrize("tokens", TOKENS)
def test_a_single_text_has_the_length_of_all(tokens: str, table: AbstractTable):
    encoder = TextEncoder.fit(table, "note", tokens=tokens)
    alone = encoder.encoded(["the cat sat"])
    np.testing.assert_array_equal(alone["ids"][0], encoder.transform(table)["ids"][0])


def test_a_length_cuts(table: AbstractTable):
    encoder = TextEncoder.fit(table, "note", tokens="characters", length=5)
    assert encoder.transform(table)["ids"].shape == (40, 5)


def test_a_vocabulary_limits(table: AbstractTable):
    assert TextEncoder.fit(table, "note", vocabulary=7).inputs.symbols <= 7


@pytest.mark.parametrize("tokens", TOKENS)
def test_texts_of_which_nothing_is_known_are_strange(tokens: str, table: AbstractTable):
    encoder = TextEncoder.fit(table, "note", tokens=tokens)
    new = read(pl.DataFrame({"note": ["a cat", "\u4f60\u597d \u4e16\u754c", None, ""]}))
    found = [*encoder.strange(new, encoder.transform(new))]
    if tokens == "bytes":  # nothing is unknown
        assert found == []
    else:
        assert [(one.column, one.rows.tolist()) for one in found] == [("note", [1])]
    assert [*encoder.strange(table, encoder.transform(table))] == []


def test_an_absent_column_is_named(table: AbstractTable):
    encoder = TextEncoder.fit(table, "note")
    with pytest.raises(DataError, match="column 'note' is absent"):
        encoder.transform(read({"notes": ["a b"], "z": ["c"]}))


def test_empty_texts_are_refused():
    with pytest.raises(DataError, match="all empty"):
        TextEncoder.fit(read(pl.DataFrame({"note": [" ", None], "y": [0, 1]})), "note")


def test_texts_of_a_column_of_numbers_are_their_spellings():
    assert texts_of(read({"a": [1.0, 2.5]}), "a") == ["1", "2.5"]


@pytest.mark.parametrize(
    ("tokens", "changes"),
    [
        ("ngrams", {"rarity": [1.0]}),
        ("ngrams", {"words": ["a", "a"]}),
        ("ngrams", {"words": ["", "b"]}),
        ("bpe", {"scores": []}),
        ("bpe", {"pieces": []}),
        ("unigram", {"pieces": ["<unk>"], "scores": [0.0]}),
        ("bpe", {"pieces": ["<unk>", "a"], "scores": [0.0, 1e300]}),
        ("bpe", {"pieces": ["<unk>", "\ud800"], "scores": [0.0, 0.0]}),
        ("unigram", {"kind": "wordpiece"}),
        ("characters", {"characters": ["ab"]}),
        ("bytes", {"lowercase": 1}),
    ],
)
def test_a_damaged_form_is_refused(tokens: str, changes: dict[str, object], table: AbstractTable):
    stored = {"modality": "text", **TextEncoder.fit(table, "note", tokens=tokens).to_json()}
    check_encoder(stored, "blocks.note")
    with pytest.raises(ArtifactError):
        check_encoder({**stored, "tokens": {**stored["tokens"], **changes}}, "blocks.note")
    with pytest.raises(ArtifactError):
        check_encoder({**stored, "length": 1 << 20}, "blocks.note")
