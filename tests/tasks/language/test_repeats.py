"""Held-out texts that repeat what is trained on, and documents that are cut."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from lamina.tasks.language.repeats import SHINGLE, repeated_share

RANDOM = np.random.default_rng(0)
WORDS = ["".join(chr(97 + c) for c in RANDOM.integers(0, 26, 6)) for _ in range(4000)]


def prose(begin: int, words: int) -> str:
    return "".join(
        word + (". \n" if i % 9 == 8 else " ") for i, word in enumerate(WORDS[begin : begin + words])
    )


def findings(data: object, **keys: object) -> dict[str, tuple[str, str]]:
    found = lamina.check(data, task="language", **keys).findings
    return {finding.code: (finding.level, finding.message) for finding in found}


def test_the_share_is_that_of_the_bytes_in_long_passages():
    twice = prose(0, 100)
    share, example = repeated_share([prose(200, 50) + twice], [twice, prose(400, 100)])
    assert share == pytest.approx(0.5, abs=0.01) and example == " ".join(twice.split())[:SHINGLE]
    assert repeated_share([prose(0, 100)], [prose(400, 100)]) == (0.0, "")


def test_shorter_passages_and_short_texts_do_not_count():
    short = "x" * 10 + prose(0, 6)[: SHINGLE - 12]
    assert repeated_share([short + "q" * 60], [short + "z" * 60]) == (0.0, "")
    assert repeated_share(["a"], ["a"]) == repeated_share([], []) == (0.0, "")


def test_line_ends_do_not_hide_a_copy():
    text = prose(0, 40)
    assert repeated_share([text.replace(" ", "\n")], [text])[0] == 1.0


def test_a_text_whose_end_repeats_its_beginning_is_warned_of(tmp_path):
    (tmp_path / "twice.txt").write_text(prose(0, 900) + prose(0, 300))
    level, message = findings(str(tmp_path / "twice.txt"))["repeats-training-text"]
    assert level == "warning" and f"'{WORDS[0]}"[:3] and "% of the held-out text" in message
    (tmp_path / "once.txt").write_text(prose(0, 1200))
    found = findings(str(tmp_path / "once.txt"))
    assert "repeats-training-text" not in found
    assert found["cut-texts"] == (
        "note",
        "1 document is cut: the beginning trains, the end is held out, "
        "so names and style of it stand on both sides",
    )


def test_test_data_of_their_own_too(tmp_path):
    (tmp_path / "train.txt").write_text(prose(0, 1200))
    (tmp_path / "test.txt").write_text(prose(2000, 200) + prose(100, 200))
    level, message = findings(str(tmp_path / "train.txt"), test_data=str(tmp_path / "test.txt"))[
        "repeats-training-text"
    ]
    assert level == "warning" and "of the test text" in message


def test_whole_texts_that_are_held_out_are_not_cut():
    found = findings({"text": [prose(30 * i, 30) for i in range(40)]})
    assert "cut-texts" not in found and "repeats-training-text" not in found
