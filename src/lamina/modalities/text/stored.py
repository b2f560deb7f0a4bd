"""The form of a text encoder in an artifact's JSON."""

from __future__ import annotations

import re
from typing import Any

from lamina.core import json_checks
from lamina.core.json_checks import Check, record, variant, wrong
from lamina.modalities.text.letters import BYTES, CHARACTERS
from lamina.modalities.text.ngrams import NGRAMS
from lamina.modalities.text.pieces import BPE, UNIGRAM
from lamina.modalities.text.words import WORDS

MOST_LENGTH = 1 << 16
FEWEST_PIECES = 2
HALVES = re.compile("[\ud800-\udfff]")  # surrogates, which UTF-8 cannot hold
LARGEST_SCORE = 1e30  # they are stored in single precision
_COMMON: dict[str, Check] = {"kind": json_checks.text, "lowercase": json_checks.flag}
_ORDERED: dict[str, Check] = {**_COMMON, "verbatim": json_checks.flag}


def _different(value: Any, place: str) -> None:
    """Check a list of different texts, none of them empty."""
    json_checks.texts(value, place)
    if "" in value or len({*value}) != len(value):
        raise wrong(place, "different texts, none empty", f"{len(value)} texts")
    if any(HALVES.search(text) for text in value):
        raise wrong(place, "texts of whole characters", "half of a character")


def _ngrams(value: Any, place: str) -> None:
    groups = ("words", "pairs", "characters")
    record(**_COMMON, rarity=json_checks.numbers, **dict.fromkeys(groups, _different))(value, place)
    _as_many(value, place, "rarity", sum(len(value[name]) for name in groups))


def _ordered(value: Any, place: str, **own: Check) -> None:
    """Check tokens in their order; that they are verbatim is left out where they are not."""
    record(**_ORDERED, **own)({"verbatim": False, **value} if isinstance(value, dict) else value, place)


def _pieces(value: Any, place: str) -> None:
    _ordered(value, place, pieces=_different, scores=json_checks.numbers)
    _as_many(value, place, "scores", len(value["pieces"]))
    if len(value["pieces"]) < FEWEST_PIECES:
        raise wrong(f"{place}.pieces", "the unknown piece and others", f"{len(value['pieces'])} pieces")
    if max(map(abs, value["scores"])) > LARGEST_SCORE:
        raise wrong(f"{place}.scores", "numbers of single precision", max(value["scores"], key=abs))


def _characters(value: Any, place: str) -> None:
    _ordered(value, place, characters=_different)
    if any(len(character) != 1 for character in value["characters"]):
        raise wrong(f"{place}.characters", "single characters", "longer ones")


def _words(value: Any, place: str) -> None:
    record(**_COMMON, words=_different, parts=_different)(value, place)
    if not value["parts"]:
        raise wrong(f"{place}.parts", "one or more", value["parts"])


def _as_many(value: Any, place: str, name: str, count: int) -> None:
    if len(value[name]) != count:
        raise wrong(f"{place}.{name}", f"{count} numbers", f"{len(value[name])}")


_TOKENS = variant(
    "kind",
    {
        NGRAMS: _ngrams,
        BPE: _pieces,
        UNIGRAM: _pieces,
        WORDS: _words,
        CHARACTERS: _characters,
        BYTES: _ordered,
    },
)
_FORM = record(
    modality=json_checks.text,
    name=json_checks.text,
    length=json_checks.size,
    ends=json_checks.flag,
    tokens=_TOKENS,
)


def check_encoder(value: Any, place: str) -> None:
    """Check the column, the length and what texts are cut into."""
    _FORM({"ends": False, **value} if isinstance(value, dict) else value, place)
    if value["length"] > MOST_LENGTH:
        raise wrong(f"{place}.length", f"1 to {MOST_LENGTH}", value["length"])
