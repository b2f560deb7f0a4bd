"""The task: who takes part, what is cut, who validates, what is asked."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from tests.tasks.language.writers import QUICK, text_of, trained, write_text

import lamina
from lamina.core.errors import ConfigError, DataError
from lamina.data import read
from lamina.network import prepare
from lamina.network.network import Network
from lamina.network.plan import Plan
from lamina.tasks import choose_task, task_named
from lamina.tasks.language.task import DOCUMENT, LanguageTask
from lamina.tasks.language.tokens import stream_of

TASK = task_named("language")


def planned(data: object, **keys: object) -> Plan:
    return prepare(read(data), target=(), keys={"task": "language", **QUICK, **keys})


def folder(root: Path, count: int) -> Path:
    """Texts without classes."""
    root.mkdir()
    for number in range(count):
        (root / f"{number:02}.txt").write_text(f"text {number} " + text_of(lines=4, seed=number))
    return root


def test_one_text_is_taken_for_language(text: Path):
    table = read(str(text))
    task, suit = choose_task(None, table, ())
    assert isinstance(task, LanguageTask) and suit is not None and suit.reason == "the data are one text"
    assert TASK.suits(table, ("text",)) is None
    assert TASK.suits(read({"text": ["a", "b"]}), ()) is None
    assert TASK.suits(read([[1.0]]), ()) is None


def test_characters_are_kept_as_they_stand(network: Network, text: Path):
    content = text.read_text()
    encoder = network.encoder.only
    assert set(encoder.tokens.characters) == set(content)
    assert encoder.tokens.decode(encoder.tokens.encode([content]).ids) == content
    assert network.config["verbatim"] and network.config["end_symbol"]
    assert network.config["tokens"] == "characters"


def test_the_last_passages_validate(text: Path):
    data = planned(str(text), valid=0.3, test=0.2).data
    parts = data.split
    joined = np.concatenate([parts.train, parts.valid, parts.test])
    np.testing.assert_array_equal(joined, np.arange(data.table.height))
    shares = np.array([len(parts.train), len(parts.valid), len(parts.test)]) / data.table.height
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2], atol=0.05)
    assert data.split_rule == "the ends of the text"


def test_no_validation_where_none_is_asked_for_and_one_passage_at_least_where_one_is(text: Path):
    assert len(planned(str(text), valid=0).data.split.valid) == 0
    tiny = planned(str(text), valid=0.001, test=0.001).data.split
    assert (len(tiny.valid), len(tiny.test)) == (1, 1)


def test_shares_that_leave_nothing_to_train_on(tmp_path: Path):
    path = write_text(tmp_path / "short.txt", lines=9)
    with pytest.raises(DataError, match="no text is left to train on"):
        planned(str(path), valid=0.9, test=0.6)


def test_whole_texts_validate_where_there_are_many(tmp_path: Path):
    data = planned(str(folder(tmp_path / "texts", 24))).data
    numbers = data.table.scalar(DOCUMENT).numbers()
    assert not set(numbers[data.split.valid]) & set(numbers[data.split.train])
    assert data.split.valid.size and data.split_rule == "whole texts, drawn at random"
    other = planned(str(tmp_path / "texts"), seed=1).data.split
    assert not np.array_equal(other.valid, data.split.valid)


def test_a_folder_of_texts_without_classes(tmp_path: Path):
    root = folder(tmp_path / "texts", 3)
    plan = planned(str(root))
    encoder = plan.coding.encoder.only
    stream = stream_of(plan.coding.encoder, plan.data.table, np.arange(plan.data.table.height))
    assert (stream.tokens == encoder.tokens.symbols).sum() == 3  # each text has its end
    with pytest.raises(DataError, match="the examples have no labels") as caught:
        lamina.fit(str(root))
    assert "put the texts of each class into a folder" in caught.value.fix
    assert "or learn without labels: --task language or masked_language" in caught.value.fix


def test_folders_of_parts_without_classes_are_the_split(tmp_path: Path):
    folder(tmp_path / "train", 3)
    folder(tmp_path / "valid", 2)
    data = planned(str(tmp_path)).data
    assert (len(data.split.train), len(data.split.valid)) == (3, 2)
    with pytest.raises(DataError, match="the examples have no labels"):
        lamina.fit(str(tmp_path))


def test_a_column_of_a_table_even_one_called_document(tmp_path: Path):
    path = tmp_path / "t.csv"
    with open(path, "w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["document", "stars"])
        rows.writerows([[text_of(lines=2, seed=row), row % 5] for row in range(30)])
    plan = planned(str(path))
    assert [column.name for column in plan.data.schema.inputs] == ["document"]
    assert plan.data.schema.dropped == (("stars", "a language model reads one column of texts"),)
    assert plan.data.table.height >= 30
    with open(tmp_path / "t.jsonl", "w") as stream:
        stream.writelines(json.dumps({"document": text_of(lines=2, seed=row)}) + "\n" for row in range(30))
    assert planned(str(tmp_path / "t.jsonl")).data.table.height == plan.data.table.height


def test_a_column_that_says_the_split(tmp_path: Path):
    frame = {
        "text": [text_of(lines=2, seed=row) for row in range(12)],
        "split": ["train"] * 8 + ["valid"] * 2 + ["test"] * 2,
    }
    split = planned(frame).data.split
    assert [len(split.train), len(split.valid), len(split.test)] == [8, 2, 2]


def test_two_columns_of_texts_are_refused():
    texts = [text_of(lines=2, seed=row) for row in range(12)]
    with pytest.raises(DataError, match="not one column of texts; got 'a', 'b'"):
        planned({"a": texts, "b": texts[::-1]})
    assert planned({"a": texts, "b": texts[::-1]}, drop="b").data.schema.inputs[0].name == "a"
    assert planned({"a": texts, "b": texts[::-1]}, keep="b").data.schema.inputs[0].name == "b"


def test_what_is_no_text_is_refused():
    with pytest.raises(DataError, match="not one column of texts; got none"):
        planned({"a": [1.0, 2.0], "b": [2, 3]})


@pytest.mark.parametrize("content", ["a", "abc def", "many words " * 15])
def test_too_short_a_text_is_refused(tmp_path: Path, content: str):
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(DataError, match=r"character.* too few to learn from") as caught:
        lamina.fit(str(tmp_path / "a.txt"))
    assert caught.value.fix.startswith("give at least 200")


def test_a_target_and_weights_are_refused(text: Path):
    with pytest.raises(DataError, match="the task language has no target"):
        prepare(read(str(text)), target="text", keys={"task": "language"})
    frame = {"text": [text_of(seed=row) for row in range(4)], "w": [1.0, 2.0, 3.0, 4.0]}
    with pytest.raises(DataError, match="the task language has no weights"):
        planned(frame, weight="w")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"tokens": "ngrams"}, "needs tokens in their order"),
        ({"tokens": "words"}, "writes more than the words of its training texts"),
        ({"end_symbol": "false"}, "needs the end of a text"),
        ({"context": 8, "text_length": 16}, "context and text_length are one number"),
    ],
)
def test_texts_that_could_not_be_gone_on_with_are_refused(text: Path, keys: dict[str, object], words: str):
    with pytest.raises(ConfigError, match=words):
        planned(str(text), **keys)


@pytest.mark.parametrize(
    "keys", [{"tokens": "bytes"}, {"tokens": "bpe", "vocabulary": 40}], ids=["bytes", "bpe"]
)
def test_other_tokens_measure_the_same_bytes(network: Network, text: Path, keys: dict[str, object]):
    plan = planned(str(text), **keys)
    asked = plan.coding.task.examiner.asked(
        read(str(text)), plan.data.schema, plan.coding.encoder, plan.coding.target
    )
    size = len(text.read_bytes())
    first = plan.coding.encoder.only.tokens.byte_lengths[asked.x[0, 0]]
    assert asked.targets[asked.targets > 0].sum() == size - first
    assert not asked.is_by_row


def test_it_is_measured_on_a_text_of_its_own(network: Network, tmp_path: Path):
    other = write_text(tmp_path / "other.txt", lines=12, seed=3)
    found = network.evaluate(str(other))
    assert set(found) == {"loss", "perplexity", "bits_per_byte", "accuracy"}
    assert found["perplexity"] == pytest.approx(np.exp(found["loss"]))
    short = tmp_path / "short.txt"
    short.write_text("The cat")
    assert np.isfinite(network.evaluate(str(short))["loss"])


def test_a_text_of_test_data(text: Path, tmp_path: Path):
    other = write_text(tmp_path / "other.txt", lines=8, seed=5)
    own = trained(text, test_data=str(other), epochs=1)
    assert own.info.test is not None and own.info.test["loss"] == pytest.approx(
        own.evaluate(str(other))["loss"]
    )


def test_rows_have_no_predictions(network: Network, text: Path):
    for refused in (network.predict, network.prediction):
        with pytest.raises(ConfigError, match="language has no prediction for a row") as caught:
            refused(str(text))
        assert caught.value.fix.startswith(
            "lamina generate RUN --prompt 'Once' or lamina chat RUN or lamina embed"
        )


def test_what_validation_says_is_what_the_validation_passages_give(network: Network, text: Path):
    plan = planned(str(text))
    table = plan.data.table.take(plan.data.split.valid)
    asked = plan.coding.task.examiner.asked(table, plan.data.schema, plan.coding.encoder, plan.coding.target)
    found = network.objective.metrics(network.decoded(asked.x), asked.targets)
    assert network.info.valid["loss"] == pytest.approx(found["loss"], rel=1e-6)
    assert network.history["valid_loss"][-1] == pytest.approx(found["loss"], rel=1e-4)


def test_the_report_shows_samples_and_calibration(network: Network):
    from lamina.tasks.language.sections import _calibration

    decoded = np.zeros((2, 3, 3), np.float32)
    decoded[..., 1] = [[0.15, 0.95, 0.95], [1.0, 0.12, 0.5]]
    decoded[..., 2] = [[0, 1, 1], [1, 1, 0]]
    targets = np.array([[1, 1, 1], [1, 1, -1]])

    class Seen:
        pass

    outcome = Seen()
    outcome.decoded, outcome.targets = decoded, targets  # type: ignore[attr-defined]
    (plot,) = _calibration(outcome)  # type: ignore[arg-type]
    observed = plot.panels[0].series[1]
    np.testing.assert_allclose(observed.x, [0.135, 2.9 / 3], rtol=1e-6)
    np.testing.assert_allclose(observed.y, [0.5, 1.0])
