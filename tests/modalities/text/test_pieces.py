"""Pieces of words: learned, stored, and read back by the library that learned them."""

from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest

from lamina.core.errors import DataError
from lamina.modalities.text.letters import Bytes, Characters
from lamina.modalities.text.pieces import Pieces, _varint

TEXTS = [
    f"the {a} {b} {c}" for a in ("lower", "newer", "wider") for b in ("low", "new") for c in ("cat", "日本")
]


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def learned(request: pytest.FixtureRequest) -> Pieces:
    return Pieces.fit(TEXTS * 5, kind=request.param, most=60, lowercase=True)


def joined(pieces: Pieces, text: str) -> str:
    return (
        "".join(pieces.pieces[i] for i in pieces.encode([text]).ids.tolist()).replace("\u2581", " ").strip()
    )


def test_pieces_of_a_text_are_the_text(learned: Pieces):
    for text in TEXTS:
        assert joined(learned, text) == text
    assert joined(learned, "The  NEWER\tcat") == "the newer cat"


def test_frequent_words_are_one_piece_and_unknown_letters_the_unknown_one(learned: Pieces):
    assert len(learned.encode(["low"]).ids) == 1
    assert 0 in learned.encode(["☃"]).ids


def test_the_written_model_equals_the_one_that_was_learned(learned: Pieces):
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 5),
        model_writer=written,
        model_type=learned.kind,
        vocab_size=60,
        hard_vocab_limit=False,
        character_coverage=0.9999,
        normalization_rule_name="identity",
        num_threads=1,
        unk_id=0,
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        minloglevel=2,
    )
    own = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    for text in [*TEXTS, "unseen wordings lowest", "a b"]:
        assert learned.encode([text]).ids.tolist() == own.encode(text)


def test_json_gives_it_back(learned: Pieces):
    stored = json.loads(json.dumps(learned.to_json()))
    again = Pieces(stored["kind"], tuple(stored["pieces"]), tuple(stored["scores"]), stored["lowercase"])
    assert again == learned
    assert again.encode(TEXTS).ids.tolist() == learned.encode(TEXTS).ids.tolist()


def test_the_same_texts_give_the_same_pieces(learned: Pieces):
    assert Pieces.fit(TEXTS * 5, kind=learned.kind, most=60, lowercase=True) == learned


def test_a_bag_of_pieces_is_their_mean(learned: Pieces):
    bags = learned.encode(["the cat", ""])
    assert bags.scale.sum() == pytest.approx(1)
    assert bags.lengths[1] == 0


def test_long_texts_teach_too():
    long = ["lower newer wider " * 2000, "x" * 20_000]
    learned = Pieces.fit(long, kind="bpe", most=60, lowercase=True)
    assert "\u2581lower" in learned.pieces


def test_texts_without_a_letter_teach_nothing():
    with pytest.raises(DataError, match="all empty"):
        Pieces.fit(["", "  "], kind="bpe", most=60, lowercase=True)


@pytest.mark.parametrize(
    ("value", "expected"), [(0, b"\0"), (127, b"\x7f"), (128, b"\x80\1"), (300, b"\xac\2")]
)
def test_whole_numbers_of_protocol_buffers(value: int, expected: bytes):
    assert _varint(value) == expected


def test_characters_are_numbered_by_how_often_they_stand():
    known = Characters.fit(["aab", "b", "b"], most=10, lowercase=True)
    assert known.characters == ("b", "a") and known.symbols == 3
    assert known.encode(["Ab?"]).ids.tolist() == [2, 1, 0]
    assert Characters.fit(["abcdef"], most=3, lowercase=True).symbols == 3


def test_bytes_are_those_of_utf_8():
    bags = Bytes(lowercase=False).encode(["Aé", ""])
    assert bags.ids.tolist() == [65, 195, 169] and bags.lengths.tolist() == [3, 0]
    assert dataclasses.asdict(Bytes(lowercase=True)) == {"lowercase": True, "verbatim": False}
    assert np.isclose(bags.scale.sum(), 1)
