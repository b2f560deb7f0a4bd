"""What is said of texts before anything is learned."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.casting import cast

from lamina.data import Finding, read, split_rows
from lamina.modalities import MODALITIES, Subject
from lamina.modalities.text.giveaway import find_giveaway

RANDOM = np.random.default_rng(0)
WORDS = np.array([a + b for a in ("ban", "cor", "del", "fin", "gol") for b in "aeiou"])
PLAIN = [" ".join(RANDOM.choice(WORDS, 7)) for _ in range(200)]
LABELS = ["en", "fr", "de", "it"] * 50


def findings(texts: list[str | None], labels: list[str] = LABELS, **roles: object) -> list[Finding]:
    table = read(pl.DataFrame({"note": texts, "y": labels}))
    found = cast(table, "y")
    (block,) = found.blocks
    modality = MODALITIES["text"]
    subject = Subject(found.claims.table, found.schema, **roles)
    check = modality.check(subject, block, modality.keys())
    parts = split_rows(table, found.schema, seed=0, valid=0.2, test=0.0)
    return [*check.findings(), *check.across(parts)]


def codes(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.code) for finding in found]


def test_plain_texts_are_not_remarked_upon():
    assert codes(findings(PLAIN)) == []


@pytest.mark.parametrize(("count", "level"), [(1, "note"), (20, "warning")])
def test_empty_texts_are_counted(count: int, level: str):
    (found,) = findings([None] * count + PLAIN[count:])
    assert (found.level, found.code) == (level, "empty-text")
    assert found.message.startswith(f"{count} text") and "row 0" in found.where


def test_a_row_may_lack_its_text_beside_other_columns():
    table = read(pl.DataFrame({"note": [None] * 20 + PLAIN[20:], "n": np.arange(200.0) % 7, "y": LABELS}))
    found = cast(table, "y")
    (block,) = (block for block in found.blocks if block.name == "note")
    modality = MODALITIES["text"]
    check = modality.check(Subject(found.claims.table, found.schema), block, modality.keys())
    assert codes([*check.findings()]) == [("note", "empty-text")]


def test_copies_across_the_split_are_counted_whatever_their_case():
    texts = [*PLAIN[:100], *(text.upper() + " " for text in PLAIN[:100])]
    (found,) = findings(texts)
    assert found.code == "duplicates" and found.level == "warning"
    assert "held-out texts equal a training text" in found.message


def test_texts_that_repeat_everywhere_are_no_copies():
    assert codes(findings(PLAIN[:50] * 4)) == []


def test_a_mark_of_the_class_is_named():
    texts = [f"[{label}] {text}" for label, text in zip(LABELS, PLAIN, strict=True)]
    (found,) = findings(texts)
    assert (found.level, found.code) == ("warning", "gives-label-away")
    assert "100% of the texts of class" in found.message and "none of the others" in found.message
    assert findings(texts, keep=["note"]) == []


def test_a_phrase_of_two_words_is_found_where_each_alone_says_nothing():
    texts = [f"a b {t}" if label == "en" else f"b a {t}" for label, t in zip(LABELS, PLAIN, strict=True)]
    assert find_giveaway(texts, np.array([0, 1, 2, 3] * 50)).phrase == "a b"


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_word_that_many_but_not_all_hold_is_none(share: float):
    texts = [f"win {t}" if i % 4 == 0 and i < 200 * share else t for i, t in enumerate(PLAIN)]
    assert find_giveaway(texts, np.array([0, 1, 2, 3] * 50)) is None


def test_few_texts_say_nothing():
    assert find_giveaway(["a", "b"] * 5, np.array([0, 1] * 5)) is None
    assert find_giveaway([], np.array([], int)) is None
