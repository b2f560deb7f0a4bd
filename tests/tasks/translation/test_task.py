"""Translation from a file to texts: one training, which most tests look at."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tasks.translation.sentences import sentences

import lamina
from lamina.cli.main import main
from lamina.core.errors import ArtifactError, DataError
from lamina.data import read
from lamina.data.ragged import Ragged
from lamina.data.split import SplitKeys
from lamina.modalities import Learned
from lamina.modalities.blocks import claimed
from lamina.modalities.text.encoder import TextEncoder
from lamina.network import Network
from lamina.network.network import asked_of
from lamina.tasks import TASKS, Roles, choose_task
from lamina.tasks.base import RoleKeys
from lamina.tasks.translation import pairs
from lamina.tasks.translation.target import TranslationTarget

TASK: Any = TASKS["translation"]
QUICK = "epochs=25 size=32 depth=1 dropout=0 label_smoothing=0 beams=2".split()


def write(path: Path, data: dict[str, list[str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(data)
        writer.writerows(zip(*data.values(), strict=True))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("translation")
    source = write(folder / "pairs.tsv", sentences(400))
    assert main(["fit", str(source), "--target", "french", "--out", str(folder / "run"), *QUICK]) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def network(run: Path) -> Network:
    return lamina.load(run)


@pytest.fixture(scope="module")
def unseen() -> dict[str, list[str]]:
    return sentences(20, seed=1)


@pytest.mark.slow
def test_it_learns_a_language(network: Network, unseen: dict[str, list[str]]):
    assert (network.task.name, network.model_name) == ("translation", "transformer")
    metrics = network.evaluate(unseen)
    assert metrics["bleu"] > 90 and metrics["chrf"] > 90 and metrics["perplexity"] < 1.5
    assert network.info.valid is not None and set(network.info.valid) == set(metrics)


def test_predictions_are_texts(network: Network, unseen: dict[str, list[str]]):
    found = network.predict({"english": unseen["english"]})
    assert np.mean(found == np.array(unseen["french"], object)) > 0.8
    assert network.prediction(unseen).columns["translation"].tolist() == found.tolist()
    assert network.predict([unseen["english"][3]]).tolist() == [found[3]]  # a list of texts has no name


def test_predict_writes_a_column(run: Path, unseen: dict[str, list[str]], tmp_path: Path):
    source = write(tmp_path / "new.tsv", {"english": unseen["english"]})
    assert main(["predict", str(run), str(source), "--out", str(tmp_path / "found.csv")]) == 0
    with (tmp_path / "found.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20 and rows[0]["translation"].endswith(" !")


def test_generate_translates_line_by_line(
    run: Path, network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    capsys.readouterr()
    assert main(["generate", str(run), "--prompt", "the old cat ran.\n\na big dog sat."]) == 0
    found = capsys.readouterr().out
    assert found == "le vieux chat courut !\n\nun grand chien assis !\n"
    greedy = network.generate(prompt=("the old cat ran.", "a big dog sat."), beams=1)
    assert "".join(greedy) == "le vieux chat courut !\nun grand chien assis !"
    assert main(["generate", str(run), "--prompt", "the old cat ran.", "--tokens", "2", "--json"]) == 0
    text = json.loads(capsys.readouterr().out)["text"]
    assert text and "le vieux chat courut !".startswith(text) and len(text) < 15
    assert main(["generate", str(run), "--prompt", "a", "--temperature", "2"]) == 2
    assert "--temperature is no option of generate for the task translation" in capsys.readouterr().err


def test_the_report_shows_the_worst_translations(run: Path):
    page = (run / "report.html").read_text()
    assert "Worst translations" in page and "BLEU" in page and "chrF" in page


def test_it_is_taken_where_two_columns_hold_sentences():
    data = sentences(60)
    task, suit = choose_task(None, read(data), ("french",))
    assert task is TASK and suit is not None and suit.reason == "'english' and 'french' both hold sentences"
    numbers = {**data, "n": list(range(60))}
    assert TASK.suits(read(numbers), ("french",)) and not TASK.suits(read(numbers), ("n",))
    assert not TASK.suits(read({**data, "third": data["english"]}), ("french",))
    assert not TASK.suits(read({"french": data["french"], "n": list(range(60))}), ("french",))
    schema = TASK.roles(claimed(read(numbers)), Roles(("french",), RoleKeys()))
    assert [column.name for column in schema.inputs] == ["english"]
    assert dict(schema.dropped)["n"]


@pytest.mark.parametrize(
    ("data", "targets", "message"),
    [
        ({**sentences(60), "n": list(range(60))}, ("n",), "target 'n' holds no texts"),
        (sentences(60), ("english", "french"), "not one column to be written"),
        (
            {"french": sentences(60)["french"], "n": [1.5] * 60},
            ("french",),
            "not one column of texts to read",
        ),
    ],
)
def test_roles_that_cannot_be_filled(data: dict[str, Any], targets: tuple[str, ...], message: str):
    with pytest.raises(DataError, match=message):
        TASK.roles(claimed(read(data)), Roles(targets, RoleKeys()))


def test_all_translations_of_a_sentence_are_on_one_side():
    data = sentences(60)
    french = [f"{text} {n}" for n in range(3) for text in data["french"]]
    data = {"english": data["english"] * 3, "french": french}
    table = read(data)
    schema = TASK.roles(claimed(table), Roles(("french",), RoleKeys()))
    selection = TASK.select(table, schema, SplitKeys(), TASK.keys())
    split = selection.split(SplitKeys(valid=0.2, test=0.2), 0)
    sides = [{data["english"][row] for row in rows} for rows in (split.train, split.valid, split.test)]
    assert all(sides) and not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
    assert selection.rule


def test_empty_targets_are_told():
    data = sentences(60)
    data["french"][:5] = [""] * 5
    found = lamina.check(data, "french", task="translation")
    assert [finding.code for finding in found.warnings] == ["empty-target"]


def target_of(table: Any) -> TranslationTarget:
    schema = TASK.roles(claimed(table), Roles(("french",), RoleKeys()))
    return TASK.fit(Learned(table, schema, None, np.arange(table.height)), TASK.keys())


def test_targets_end_and_come_back_as_they_were():
    table = read(sentences(60))
    target = target_of(table)
    ids = target.transform(table)
    assert ids.dtype == np.int32 and set((ids == target.end).sum(axis=1)) == {1}
    found = target.in_unit(ids[:, None].astype(np.float32))
    assert found["output"].tolist() == sentences(60)["french"] and np.isnan(found["tokens"]).all()
    surprise = np.where(ids >= 0, 0.5, -1.0)
    judged = target.in_unit(np.stack([ids, surprise], axis=1).astype(np.float32))
    np.testing.assert_array_equal(judged["tokens"], (ids >= 0).sum(axis=1))
    np.testing.assert_allclose(judged["surprise"], 0.5 * judged["tokens"])


def test_a_target_that_is_too_long_has_no_end():
    encoder = TextEncoder.fit(read(sentences(60)), "french", tokens="bpe", verbatim=True, ends=True, length=4)
    target = TranslationTarget("english", encoder)
    ids = target.transform(read(sentences(60)))
    assert ids.shape == (60, 4) and not (ids == target.end).any() and (ids >= 0).all()


def test_a_stored_target_has_an_end_and_an_order():
    target = target_of(read(sentences(60)))
    stored = target.to_json()
    with pytest.raises(ArtifactError, match="symbols in their order, with an end"):
        TASK.restore({**stored, "written": {**stored["written"], "ends": False}}, "target")
    with pytest.raises(ArtifactError, match="modality"):
        TASK.restore({**stored, "written": {**stored["written"], "modality": "image"}}, "target")


def test_many_pairs_are_in_the_length_classes_of_the_longer_side(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lamina.modalities.text.encoder.FEWEST_IN_CLASSES", 10)
    data = sentences(60)
    data["english"][:20] = ["word " * 30] * 20
    data["french"][20:40] = ["mot " * 20] * 20
    table = read(data)
    encoder = TextEncoder.fit(table, "english", tokens="characters")
    target = target_of(table)
    x, y = pairs.pairs_of(encoder, target, table, np.arange(60))
    assert all(isinstance(side, Ragged) for side in (x["ids"], x["scale"], y))
    assert x["ids"].shape == y.shape and (x["ids"].classes == y.classes).all()
    rows = np.array([59, 45])
    assert x["ids"].take(rows).shape == y.take(rows).shape
    found, width = y.take(rows), target.encoder.length
    np.testing.assert_array_equal(found[:, :width], target.transform(table, rows)[:, : found.shape[1]])
    assert len(set(y.classes.tolist())) > 1


def test_at_most_some_pairs_are_measured(network: Network, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pairs, "MOST_MEASURED", 5)
    asked = asked_of(network, network.read(sentences(30)))
    assert len(asked.targets) == 5 == len(asked.x["target"]) and not asked.is_by_row
    assert all(text in sentences(30)["english"] for text in asked.targets["source"])
