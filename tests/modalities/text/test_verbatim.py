"""Texts as they stand: cut and put together again, they are what they were."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lamina.core.errors import ArtifactError, ConfigError
from lamina.core.keys import make_keys
from lamina.data import read
from lamina.modalities.text.encoder import TextEncoder, texts_of
from lamina.modalities.text.letters import UNKNOWN, Bytes, Characters
from lamina.modalities.text.modality import TextKeys
from lamina.modalities.text.pieces import Pieces
from lamina.modalities.text.stored import check_encoder

LEARNED = ["The cat sat.\n\tOn  a mat?\n", "NA", "a cat, the mat — naïve\r\n", " x " * 30]
ANY = st.text(
    st.one_of(
        st.sampled_from("The cat\n\t  .—ï"),
        st.characters(exclude_categories=("Cs",), exclude_characters="\0"),
    ),
    max_size=40,
)
TRICKY = [
    "",
    " ",
    "  two  blanks ",
    "\n\n\t",
    "🙂 Ω 日本\u0301",
    "\u2581",
    "<0x41>",
    "a\u00a0b",
    "\ufeffx",
    "ﬁ Å",
]


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def pieces(request: pytest.FixtureRequest) -> Pieces:
    return Pieces.fit(LEARNED * 8, kind=request.param, most=60, lowercase=False, verbatim=True)


@settings(max_examples=150, deadline=None)
@given(ANY)
@example("\r\n")
def test_bytes(text: str):
    own = Bytes(lowercase=False, verbatim=True)
    bags = own.encode([text])
    assert own.decode(bags.ids) == text
    assert own.byte_lengths[bags.ids].sum() == len(text.encode())


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("Thecat\n\t  .—ï\r"), max_size=40))
def test_characters(text: str):
    own = Characters.fit(["Thecat\n\t  .—ï\r"], most=100, lowercase=False, verbatim=True)
    bags = own.encode([text])
    assert own.decode(bags.ids) == text
    assert own.byte_lengths[bags.ids].sum() == len(text.encode())


def test_a_character_that_training_never_saw_is_one_that_says_so():
    own = Characters.fit(["ab"], most=100, lowercase=False, verbatim=True)
    assert own.decode(own.encode(["aΩb"]).ids) == f"a{UNKNOWN}b"


@pytest.mark.parametrize("text", TRICKY)
def test_pieces_of_tricky_texts(pieces: Pieces, text: str):
    ids = pieces.encode([text]).ids
    if "\u2581" not in text:  # the sign for a blank comes back as one
        assert pieces.decode(ids) == text
        assert pieces.byte_lengths[ids].sum() == len(text.encode())


def test_pieces_of_any_text(pieces: Pieces):
    @settings(max_examples=150, deadline=None)
    @given(ANY.filter(lambda text: "\u2581" not in text))
    def same(text: str) -> None:
        ids = pieces.encode([text]).ids
        assert pieces.decode(ids) == text
        assert pieces.byte_lengths[ids].sum() == len(text.encode())

    same()


def test_several_texts_are_cut_each_alone(pieces: Pieces):
    bags = pieces.encode(LEARNED)
    ends = bags.ends.tolist()
    parts = [bags.ids[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    assert [pieces.decode(part) for part in parts] == LEARNED


@pytest.mark.parametrize("tokens", ["bpe", "unigram", "characters", "bytes"])
@pytest.mark.parametrize("ends", [False, True])
def test_an_encoder_comes_back_from_json(tokens: str, ends: bool):
    table = read({"note": np.array(LEARNED * 8, object)})
    encoder = TextEncoder.fit(
        table, "note", tokens=tokens, vocabulary=60, length=16, verbatim=True, ends=ends
    )
    stored = json.loads(json.dumps(encoder.to_json()))
    check_encoder({"modality": "text", **stored}, "encoder")
    again = TextEncoder.from_json(stored)
    assert again.inputs == encoder.inputs and again.inputs.symbols == encoder.tokens.symbols + ends
    assert (again.ends, again.to_json()) == (ends, encoder.to_json())
    np.testing.assert_array_equal(again.transform(table)["ids"], encoder.transform(table)["ids"])
    assert again.texts(table) == LEARNED * 8


@pytest.mark.parametrize("tokens", ["bpe", "characters", "bytes"])
def test_artifacts_of_before_load_as_they_were(tokens: str):
    table = read({"note": np.array(["A cat  sat", "a dog"] * 9, object)})
    encoder = TextEncoder.fit(table, "note", tokens=tokens, vocabulary=30, length=16)
    stored = json.loads(json.dumps(encoder.to_json()))
    assert "ends" not in stored and "verbatim" not in stored["tokens"]
    check_encoder({"modality": "text", **stored}, "encoder")
    again = TextEncoder.from_json(stored)
    assert not again.ends and not again.tokens.verbatim
    assert again.inputs.symbols == encoder.tokens.symbols


@pytest.mark.parametrize("changed", [{"ends": 1}, {"ends": "yes"}, {"more": True}])
def test_damaged_fields_are_refused(changed: dict[str, Any]):
    table = read({"note": np.array(LEARNED, object)})
    stored = TextEncoder.fit(table, "note", tokens="bytes", length=8, verbatim=True, ends=True).to_json()
    stored["modality"] = "text"
    check_encoder(stored, "encoder")
    with pytest.raises(ArtifactError):
        check_encoder({**stored, **changed}, "encoder")
    with pytest.raises(ArtifactError):
        check_encoder({**stored, "tokens": {**stored["tokens"], "verbatim": 3}}, "encoder")


def test_texts_verbatim_keep_words_that_mean_missing():
    table = read({"note": np.array([" NA", "x ", ""], object)})
    assert texts_of(table, "note", verbatim=True) == [" NA", "x ", ""]
    assert texts_of(table, "note") == ["", "x", ""]


def test_lowercase_and_verbatim_contradict_one_another():
    with pytest.raises(ConfigError, match="lowercase and verbatim contradict one another"):
        make_keys(TextKeys, {"lowercase": True, "verbatim": True})
