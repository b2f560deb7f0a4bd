"""Windows of texts in files: those of the text in memory, and nothing is held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tasks.language.writers import QUICK, text_of

import lamina
from lamina.data import read
from lamina.data.texts import files
from lamina.data.texts.files import TextFile
from lamina.data.texts.ranges import TextRanges
from lamina.modalities.text import encoder as encoders
from lamina.modalities.text.encoder import TextEncoder
from lamina.network import prepare
from lamina.network.plan import Plan
from lamina.tasks.language import passages, streams
from lamina.tasks.language.passages import file_passages
from lamina.tasks.language.streams import Segments, WindowStream

KEYS = {"task": "language", **QUICK, "model": "gpt"}
LARGE = 2_000  # bytes: smaller than what is held out


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGE_TEXT", LARGE)


def planned(data: str, *, large: bool, **keys: Any) -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        if large:
            patch.setattr(files, "LARGE_TEXT", LARGE)
            patch.setattr(passages, "BLOCK", 1_000)  # blocks end everywhere
        return prepare(read(data), target=(), keys={**KEYS, **keys})


def windows(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """All windows that train, and those that validate."""
    train = plan.training_examples(plan.data.split.train).arrays["x"]
    valid = plan.validation_examples(plan.data.split.valid).arrays["x"]
    return train if isinstance(train, np.ndarray) else train.take(np.arange(len(train))), valid


@pytest.mark.parametrize("tokens", ["bytes", "characters"])
def test_the_windows_are_those_of_the_text_in_memory(tmp_path: Path, tokens: str):
    path = tmp_path / "t.txt"
    path.write_text(text_of(lines=900))
    own, other = (windows(planned(str(path), large=large, tokens=tokens)) for large in (True, False))
    np.testing.assert_array_equal(own[0], other[0])
    np.testing.assert_array_equal(own[1], other[1])
    asked = planned(str(path), large=True, tokens=tokens)
    examined = [
        plan.coding.task.examiner.asked(
            plan.data.table.take(plan.data.split.valid),
            plan.data.schema,
            plan.coding.encoder,
            plan.coding.target,
        )
        for plan in (asked, planned(str(path), large=False, tokens=tokens))
    ]
    np.testing.assert_array_equal(examined[0].targets, examined[1].targets)


def test_windows_of_several_files_are_those_of_the_texts_in_memory(tmp_path: Path):
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(text_of(lines=100, seed=number).strip())
    own, other = (windows(planned(str(tmp_path), large=large, tokens="bytes")) for large in (True, False))
    np.testing.assert_array_equal(own[0], other[0])
    np.testing.assert_array_equal(own[1], other[1])
    assert (own[0] == 256).any()  # where one text ends within a window


def stream(path: Path, text: str, *, tokens: str, context: int = 8, learned: str = "") -> WindowStream:
    path.write_bytes(text.encode())
    column = TextRanges.of([TextFile(str(path))])
    table = read({"text": np.array([learned or text], object)})
    own = TextEncoder.fit(
        table, "text", tokens=tokens, vocabulary=400, length=context, verbatim=True, ends=True
    )
    return WindowStream(column, own, context)


def written(own: WindowStream, tokens: np.ndarray) -> str:
    """The text of a window, | where a text ends."""
    end = own.encoder.tokens.symbols
    shown = [int(token) for token in tokens if token >= 0]
    return "".join("|" if token == end else own.encoder.tokens.decode([token]) for token in shown)


def test_windows_of_characters_begin_with_a_whole_one(tmp_path: Path):
    text = "aéß漢字 und 🙂 " * 60
    own = stream(tmp_path / "t.txt", text, tokens="characters")
    found = own.take(np.arange(len(own)))
    assert (found != 0).all()  # nothing is unknown
    for row in found[:-3]:
        assert written(own, row) in text and (row >= 0).sum() == own.width
    assert written(own, found[-1]).endswith("|") and text.endswith(written(own, found[-1])[:-1])


def test_windows_of_pieces_begin_with_a_word(tmp_path: Path):
    text = text_of(lines=400)
    own = stream(tmp_path / "t.txt", text, tokens="bpe")
    assert own.bytes_per_token > 2 and abs(own.tokens - len(own) * 8) < 0.02 * own.tokens
    for row in own.take(np.arange(len(own))):
        content = own.encoder.tokens.decode(row[(row >= 0) & (row < own.encoder.tokens.symbols)].tolist())
        assert content in text
        place = text.index(content)
        assert place == 0 or content[:1] == " " or text[place - 1] == "\n"


def test_each_token_is_learned_from_about_as_often_as_any_other(tmp_path: Path):
    text = text_of(lines=600)
    own = stream(tmp_path / "t.txt", text, tokens="bpe", context=32)
    first = own.take(np.arange(len(own)))[:, :32]
    shown = [row[(row >= 0) & (row < own.encoder.tokens.symbols)].tolist() for row in first]
    assert 0.97 < sum(len(own.encoder.tokens.decode(row)) for row in shown) / len(text) < 1.03


@pytest.mark.parametrize("tokens", ["bytes", "characters", "bpe"])
def test_line_ends_of_windows_are_those_of_unix(tmp_path: Path, tokens: str):
    text = text_of(lines=80) + "\n" * 300
    own = stream(tmp_path / "t.txt", text.replace("\n", "\r\n"), tokens=tokens, learned=text)
    found = own.take(np.arange(len(own)))
    shown = [row[(row >= 0) & (row < own.encoder.tokens.symbols)].tolist() for row in found]
    assert not any("\r" in own.encoder.tokens.decode(row) for row in shown)
    assert ((found >= 0).sum(axis=1)[: len(own) // 2] == own.width).all()


def test_bytes_are_those_of_the_text_in_small_letters_where_asked_for(tmp_path: Path):
    path = tmp_path / "t.txt"
    path.write_text("".join(f"Some LETTERS of line {number}\n" for number in range(300)))
    keys = {"tokens": "bytes", "lowercase": True, "verbatim": False}
    own = windows(planned(str(path), large=True, **keys))[0]
    assert not ((own >= ord("A")) & (own <= ord("Z"))).any() and (own == ord("l")).any()


def test_rows_in_any_order_and_alone_give_the_same(tmp_path: Path):
    own = stream(tmp_path / "t.txt", text_of(lines=100), tokens="bpe")
    whole = own.take(np.arange(len(own)))
    assert whole.shape == own.shape and whole.dtype == own.dtype and whole.nbytes == own.nbytes
    rows = np.random.default_rng(0).permutation(len(own))
    np.testing.assert_array_equal(own.take(rows), whole[rows])
    np.testing.assert_array_equal(own.take(np.array([7])), whole[[7]])


def test_texts_of_a_few_bytes_follow_one_another_in_a_window(tmp_path: Path):
    texts = ["ab", "", "c", "abcabc"]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.txt").write_text(text)
    column = TextRanges.of([TextFile(str(tmp_path / f"{n}.txt")) for n in range(4)])
    table = read({"text": np.array(texts, object)})
    own = TextEncoder.fit(table, "text", tokens="characters", length=8, verbatim=True, ends=True)
    found = WindowStream(column, own, 8)
    shown = [written(found, row) for row in found.take(np.arange(len(found)))]
    assert shown[0] == "ab||c|abcabc|" and len(found) == 2 and shown[0].endswith(shown[1])


def test_passages_of_a_file_that_are_side_by_side_are_one_segment(tmp_path: Path):
    (tmp_path / "t.txt").write_text(text_of(lines=300))
    column = file_passages(TextRanges.of([TextFile(str(tmp_path / "t.txt"))]))
    assert len(column) > 50
    found = Segments.of(column.take(np.array([3, 4, 5, 9, 10])))
    assert found.starts.tolist() == column.starts[[3, 9]].tolist() and found.is_end.tolist() == [False, True]
    assert found.stops.tolist() == column.stops[[5, 10]].tolist()


def test_passages_of_files_are_those_of_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(passages, "BLOCK", 3_000)
    texts = [text_of(lines=700), "x" * 9_000, "short"]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.txt").write_text(text)
    column = file_passages(TextRanges.of([TextFile(str(tmp_path / f"{n}.txt")) for n in range(3)]))
    found, documents = passages.passages(texts)
    assert [column.text(row) for row in range(len(column))] == found
    np.testing.assert_array_equal(column.numbers, documents)


def test_passages_end_between_characters(tmp_path: Path):
    text = "漢" * 20_000
    (tmp_path / "t.txt").write_text(text)
    column = file_passages(TextRanges.of([TextFile(str(tmp_path / "t.txt"))]))
    assert len(column) > 20 and "".join(column.text(row) for row in range(len(column))) == text


def test_a_network_is_measured_by_so_many_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "t.txt"
    path.write_text(text_of(lines=900))
    monkeypatch.setattr(streams, "MOST_MEASURED", 20)
    few = windows(planned(str(path), large=True, tokens="bytes"))[1]
    every = windows(planned(str(path), large=False, tokens="bytes"))[1]
    assert len(few) == 20 < len(every)
    np.testing.assert_array_equal(few[[0, -1]], every[[0, -1]])  # spread from end to end


def test_what_is_learned_of_a_long_text_is_learned_from_a_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "t.txt"
    path.write_text(text_of(lines=900))
    monkeypatch.setattr(encoders, "MOST_LEARNED_FROM", 4_000)
    plan = planned(str(path), large=True, tokens="bpe", vocabulary=300)
    pieces = plan.coding.encoder.only.tokens
    assert pieces.symbols > 260 and abs(plan.coding.target.tokens - path.stat().st_size * 0.8 / 2) < 10_000
    (said,) = [finding for finding in plan.data.audit.findings if finding.code == "large-text"]
    assert "stay in their file" in said.message
    again = planned(str(path), large=True, tokens="bpe", vocabulary=300)
    assert again.coding.encoder.only.tokens == pieces


def test_copies_of_training_passages_are_told(tmp_path: Path):
    path = tmp_path / "t.txt"
    half = text_of(lines=300)
    path.write_text(half + "-" * 40 + "\n" + text_of(lines=300, seed=1) + half)
    plans = [planned(str(path), large=large, tokens="bytes", valid=0.3) for large in (True, False)]
    told = [[f.message for f in p.data.audit.findings if f.code == "duplicates"] for p in plans]
    assert told[0] == told[1]


@pytest.mark.usefixtures("large")
def test_a_trained_network_measures_and_checks_a_long_text(tmp_path: Path):
    path = tmp_path / "t.txt"
    path.write_text(text_of(lines=400))
    network = lamina.fit(str(path), **{**KEYS, "tokens": "bytes", "epochs": 1, "steps_per_epoch": 20})
    other = tmp_path / "other.txt"
    other.write_text(text_of(lines=300, seed=7))
    found = network.evaluate(str(other))
    assert not network.check(str(other)).warnings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "LARGE_TEXT", 64 << 20)
        assert network.evaluate(str(other)) == found


def test_hidden_tokens_are_asked_of_the_same_windows(tmp_path: Path):
    path = tmp_path / "t.txt"
    path.write_text(text_of(lines=400))
    keys = {"task": "masked_language", "model": "bert", "tokens": "bytes"}
    plans = [planned(str(path), large=large, **keys) for large in (True, False)]
    np.testing.assert_array_equal(*(windows(plan)[1] for plan in plans))
    asked = [
        plan.coding.task.examiner.asked(
            plan.data.table, plan.data.schema, plan.coding.encoder, plan.coding.target
        ).targets
        for plan in plans
    ]
    np.testing.assert_array_equal(*asked)
