"""Tagging from a table: roles, audit, training, predictions, report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import lamina
from lamina.cli.main import main
from lamina.core.errors import ConfigError, DataError
from lamina.data import read
from lamina.data.split import SplitKeys
from lamina.modalities.blocks import claimed
from lamina.tasks import Roles, choose_task, task_named
from lamina.tasks.base import RoleKeys
from lamina.tasks.tagging.target import TagTarget

CITIES = ["Rome", "Bonn", "New York", "Oslo", "Los Angeles"]
DAYS = ["Monday", "next Friday", "Sunday"]
TASK: Any = task_named("tagging")


def tagged(kind: str, words: str) -> list[tuple[str, str]]:
    first, *rest = words.split()
    return [(first, f"B-{kind}"), *((word, f"I-{kind}") for word in rest)]


def sentences(rows: int, seed: int = 0) -> dict[str, list[str]]:
    """Sentences about journeys, with cities and days."""
    random = np.random.default_rng(seed)
    found: dict[str, list[str]] = {"text": [], "slots": []}
    for row in range(rows):
        city, day = random.choice(CITIES), random.choice(DAYS)
        before = [(word, "O") for word in str(random.choice(["we go to", "to", "a train from"])).split()]
        pairs = [*before, *tagged("city", str(city))]
        pairs += [("on", "O"), *tagged("day", str(day))] if random.random() < 0.6 else []
        pairs += [(f"ref{seed}{row}", "O")]  # no text twice
        found["text"].append(" ".join(word for word, _ in pairs))
        found["slots"].append(" ".join(tag for _, tag in pairs))
    return found


KEYS = ("size=24", "epochs=24", "batch_size=16", "lr=0.02", "dropout=0.2")


def conll(folder: Path, data: dict[str, list[str]]) -> str:
    """The sentences in a file, a word and its tag a line."""
    lines: list[str] = []
    for text, tags in zip(data["text"], data["slots"], strict=True):
        lines += [*(f"{w} {t}" for w, t in zip(text.split(), tags.split(), strict=True)), ""]
    path = folder / "journeys.conll"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run from the command line."""
    folder = tmp_path_factory.mktemp("tagging")
    assert main(["fit", conll(folder, sentences(160)), "--out", str(folder / "run"), *KEYS]) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def net(run: Path) -> lamina.Network:
    return lamina.load(run)


def schema_of(table: Any, *targets: str, **keys: Any) -> Any:
    return TASK.roles(claimed(table), Roles(targets, RoleKeys(**keys)))


def messages(data: Any, **keys: Any) -> dict[str, str]:
    return {finding.code: str(finding) for finding in lamina.check(data, "slots", **keys).findings}


# --- roles and audit -----------------------------------------------------------------------------


def test_the_text_is_found_by_its_words_and_the_rest_is_left_out():
    data = sentences(40) | {"intent": ["go", "stay"] * 20, "other": ["x y z"] * 40}
    schema = schema_of(read(pl.DataFrame(data)), "slots")
    assert [column.name for column in schema.inputs] == ["text"] and schema.inputs[0].modality == "text"
    assert {name for name, _ in schema.dropped} == {"intent", "other"}


def test_a_target_without_words_is_refused():
    table = read(pl.DataFrame({"x": [1.0, 2.0], "slots": ["O O", "O"]}))
    with pytest.raises(DataError, match="no column of texts with as many words"):
        schema_of(table, "slots")


def test_counts_that_differ_are_an_error_with_row_and_counts():
    data = sentences(40)
    data["slots"][7] += " O O"
    found = messages(data)["tag-count"]
    words = len(data["text"][7].split())
    assert f"row 7, column 'slots': {words + 2} tags for {words} words" in found
    assert "fix: give each word one tag" in found
    with pytest.raises(DataError, match=f"{words + 2} tags for {words} words"):
        lamina.fit(data, target="slots")


def test_rare_tags_and_tags_without_a_beginning_are_noted():
    data = sentences(40)
    data["text"][3], data["slots"][3] = "in Ulm by car", "O I-city O B-means"
    found = messages(data)
    assert "1 tag seen once: B-means" in found["rare-tag"]
    assert (
        "row 3" in found["tag-without-begin"]
        and "I-city (word 2) without its B-" in found["tag-without-begin"]
    )


def test_one_tag_alone_is_an_error():
    data = {"text": sentences(40)["text"]}
    data["slots"] = [" ".join("O" for _ in text.split()) for text in data["text"]]
    assert "every word has the tag 'O'" in messages(data, task="tagging")["target-constant"]


def test_a_tag_of_the_test_data_alone_is_an_error():
    other = sentences(10, seed=1)
    other["slots"][2] = other["slots"][2].replace("B-city", "B-town")
    assert (
        "row 2, column 'slots': no training row has the tag 'B-town'"
        in messages(sentences(40), test_data=other)["unseen-label"]
    )


def test_a_row_with_a_tag_that_no_other_one_has_trains():
    data = sentences(60)
    data["slots"] = [tags.replace("B-city", f"B-{row}") for row, tags in enumerate(data["slots"])]
    table = read(pl.DataFrame(data))
    schema = schema_of(table, "slots")
    split = TASK.select(table, schema, SplitKeys(), TASK.keys()).split(SplitKeys(), 0)
    assert len(split.train) == 60 and not len(split.valid)
    table = read(pl.DataFrame(sentences(60)))
    split = TASK.select(table, schema, SplitKeys(), TASK.keys()).split(SplitKeys(), 0)
    assert len(split.valid) == 12 and len(split.train) == 48


# --- targets -------------------------------------------------------------------------------------


def test_a_tag_that_training_never_saw_is_refused_with_its_row():
    table = read(pl.DataFrame({"t": ["a b", "c d"], "y": ["O B-x", "O B-z"]}))
    target = TagTarget.fit(table, "y", "t", np.array([0]), 16)
    assert target.labels == ("B-x", "O") and target.is_strict
    with pytest.raises(DataError, match="tag that training never saw") as caught:
        target.transform(table)
    assert "row 1, column 'y'" in caught.value.where and caught.value.received == "'B-z'"


def test_long_texts_are_cut_for_training_and_measured_whole():
    table = read(pl.DataFrame({"t": ["a b c", "d"], "y": ["O B-x I-x", "O"]}))
    target = TagTarget.fit(table, "y", "t", np.arange(2), 2)
    assert target.transform(table).tolist() == [[2, 0], [2, -1]]
    assert target.measured(table).tolist() == [[2, 0, 1], [2, -1, -1]]
    assert target.predictions(np.array([[2, 0], [2, -1]])).tolist() == ["O B-x", "O"]


def test_loose_tags_leave_every_transition_open():
    table = read(pl.DataFrame({"t": ["a b", "c d"], "y": ["O I-x", "B-x O"]}))
    assert not TagTarget.fit(table, "y", "t", np.arange(2), 2).is_strict


# --- training and predictions --------------------------------------------------------------------


@pytest.mark.slow
def test_it_learns_names_and_says_so(net: lamina.Network):
    assert net.task.name == "tagging" and net.model_name == "lstm"
    data = sentences(50, seed=1)
    metrics = net.evaluate({"text": data["text"], "tags": data["slots"]})
    assert metrics["entity_f1"] > 0.9 and metrics["token_accuracy"] > 0.95
    assert metrics["sentence_accuracy"] > 0.8
    assert net.labels == ("B-city", "B-day", "I-city", "I-day", "O")


def test_predictions_are_as_many_as_words(net: lamina.Network):
    texts = ["we go to Rome on Monday", "Oslo", "", " ".join(["we"] * 40)]
    found = net.prediction({"text": texts}).columns["prediction"].tolist()
    assert [len(tags.split()) for tags in found] == [6, 1, 0, 40]
    assert found[0] == "O O O B-city O B-day"
    assert net.predict({"text": texts[:2]}).tolist() == found[:2]


def test_a_saved_network_predicts_the_same(net: lamina.Network, tmp_path: Path):
    texts = {"text": sentences(20, seed=2)["text"]}
    again = lamina.load(net.save(tmp_path / "net"))
    assert again.predict(texts).tolist() == net.predict(texts).tolist()


def test_other_tokens_are_refused():
    with pytest.raises(ConfigError, match=r"a tag for each word; got tokens=bpe"):
        lamina.fit(sentences(40), target="slots", tokens="bpe", vocabulary=40)


def test_a_model_that_gives_one_output_is_refused():
    with pytest.raises(ConfigError, match="'bag-of-embeddings' is not for the task tagging"):
        lamina.fit(sentences(40), target="slots", model="bag-of-embeddings")


def test_the_report_names_types_and_wrong_words(run: Path):
    page = (run / "report.html").read_text()
    for words in ("Entity F1", "Sentence accuracy", "of the texts every word does", "city"):
        assert words in page


def test_predictions_are_written(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data = sentences(20, seed=4)
    assert main(["predict", str(run), conll(tmp_path, data), "--out", str(tmp_path / "found.csv")]) == 0
    found = pl.read_csv(tmp_path / "found.csv")["prediction"].to_list()
    assert [len(tags.split()) for tags in found] == [len(text.split()) for text in data["text"]]


def test_tags_are_told_from_translations():
    random = np.random.default_rng(0)
    tags = [random.choice(["O", "B-city"], random.integers(5, 9)).tolist() for _ in range(200)]
    texts = [" ".join(f"w{random.integers(99)}" for _ in own) for own in tags]
    table = claimed(read(pl.DataFrame({"text": texts, "slots": [" ".join(own) for own in tags]}))).table
    task, suit = choose_task(None, table, ("slots",))
    assert task is TASK and suit is not None
    assert suit.reason == "'slots' has a tag for each word of 'text'"
