"""Words that matter: by leaving them out."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import polars as pl
from tests.tasks.prediction.outcomes import outcome

from lamina.core.page import Marked, Section, Table
from lamina.data import read
from lamina.modalities.base import Outcome
from lamina.modalities.text.encoder import TextEncoder
from lamina.modalities.text.occlusion import MOST_WORDS, occlude, word_spans
from lamina.modalities.text.sections import text_sections


def test_effects_are_differences_to_the_whole():
    def outputs(texts: list[str], rows: np.ndarray) -> np.ndarray:
        return np.array([text.count("x") + 10 * row for text, row in zip(texts, rows, strict=True)], float)

    first, second = occlude(["x yy xx", "y"], outputs)
    assert first.effects.tolist() == [1, 0, 2] and first.output == 3
    assert second.effects.tolist() == [0] and second.output == 10
    assert first.parts() == (("x", 0.5), (" ", 0.0), ("yy", 0.0), (" ", 0.0), ("xx", 1.0))
    assert "".join(part for part, _ in second.parts()) == "y"
    assert occlude([], outputs) == []


def test_spans_are_words_and_long_ones_are_cut():
    assert word_spans("  to be\n") == ((2, 4), (5, 7))
    assert word_spans("日" * 30) == ((0, 24), (24, 30))
    assert len(word_spans("a " * 500)) == MOST_WORDS
    assert word_spans("") == ()


TEXTS = ["a good film indeed", "an awful film indeed", "good play", "awful play", "well a film"] * 8
TABLE = read(pl.DataFrame({"note": TEXTS}))
ENCODER = TextEncoder.fit(TABLE, "note")
AWFUL = ENCODER.tokens.words.index("awful")  # type: ignore[union-attr]


def negative(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Probabilities of yes and no: awful texts are negative."""
    no = np.where((arrays["ids"] == AWFUL).any(axis=1), 0.9, 0.2)
    return np.stack([1 - no, no], axis=1)


def given(known: list[int], **changes: Any) -> Outcome:
    found = outcome(
        table=TABLE,
        training=TABLE,
        decoded=negative(ENCODER.transform(TABLE)),
        targets=np.array(known),
        transform=ENCODER.transform,
        outputs=negative,
        measured=lambda table: np.array(known)[: table.height],
        caption=lambda code: ["yes", "no"][int(code)],
        labels=("yes", "no"),
    )
    return dataclasses.replace(found, **changes)


def blocks(sections: list[Section], kind: type) -> list[Any]:
    return [block for section in sections for block in section.blocks if isinstance(block, kind)]


def test_texts_that_were_answered_wrong_are_shown_with_their_words():
    wrong = given([1 if "awful" in text or text == "well a film" else 0 for text in TEXTS])
    shown = blocks(text_sections(wrong, "note", ENCODER), Marked)
    assert [mark.caption for mark in shown] == ["answer yes (80%), truth no"] * 8
    assert all("".join(part for part, _ in mark.parts) == "well a film" for mark in shown)


def test_none_is_shown_where_all_are_right():
    right = given([int("awful" in text) for text in TEXTS])
    assert blocks(text_sections(right, "note", ENCODER), Marked) == []


def test_the_word_that_decides_leads_the_list_of_its_answer():
    (table,) = blocks(text_sections(given([int("awful" in t) for t in TEXTS]), "note", ENCODER), Table)
    assert dict(table.rows)["no"] == "awful (×36)"  # 0.9 / 0.1 against 0.2 / 0.8
    assert "yes" not in dict(table.rows)  # no word changes those


def test_texts_of_one_block_among_several_are_replaced_with_the_others_kept():
    others = np.arange(len(TEXTS), dtype=np.float32)
    seen: list[np.ndarray] = []

    def outputs(arrays: dict[str, Any]) -> np.ndarray:
        seen.append(arrays["table"])
        return negative(arrays["note"])

    several = given(
        [0] * len(TEXTS),
        part="note",
        transform=lambda table: {"table": others[: table.height], "note": ENCODER.transform(table)},
        outputs=outputs,
    )
    assert blocks(text_sections(several, "note", ENCODER), Marked)
    assert seen[0].tolist() == sorted(seen[0].tolist())  # each row of the table stands beside its own texts


def test_numbers_have_hardest_texts_too():
    of_numbers = given(
        [0] * len(TEXTS),
        decoded=np.linspace(0, 39, len(TEXTS))[:, None],
        targets=np.zeros((len(TEXTS), 1)),
        outputs=lambda arrays: (arrays["ids"] == AWFUL).sum(axis=1)[:, None].astype(float),
        caption=lambda value: f"{float(np.ravel(value)[0]):.0f}",
        labels=("stars",),
    )
    found = text_sections(of_numbers, "note", ENCODER)
    shown = blocks(found, Marked)
    assert shown[0].caption == "answer 39, truth 0"
    (table,) = blocks(found, Table)
    assert table.rows == (("stars", "awful (+1)"),)


def test_nothing_is_said_where_nothing_was_evaluated():
    assert text_sections(given([], decoded=None, targets=None, table=None), "note", ENCODER) == []
