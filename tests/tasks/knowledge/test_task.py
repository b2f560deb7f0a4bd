"""A graph from files to answers: fit, save, load, evaluate, complete and embed."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.knowledge.graphs import folder, triples, write

import lamina
from lamina.cli.main import main
from lamina.core.errors import ConfigError, DataError, LaminaWarning
from lamina.data import read
from lamina.modalities.blocks import claimed
from lamina.tasks import Roles, choose_task, task_named
from lamina.tasks.base import RoleKeys
from lamina.tasks.knowledge.verbs import VERBS

TASK: Any = task_named("knowledge")
KEYS = ("size=16", "epochs=40", "batch_size=32", "lr=0.05", "n3=0.002", "dropout=0")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return folder(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def run(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "graph"
    assert main(["fit", data, "--out", str(out), *KEYS]) == 0
    return out


@pytest.fixture(scope="module")
def net(run: Path) -> Any:
    return lamina.load(run)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_folder_of_triples_is_learned_unasked(data: str, run: Path, net: Any):
    task, suit = choose_task(None, claimed(read(data)).table, ())
    assert task is TASK and "triples" in suit.reason
    assert net.model_name == "complex" and net.task is TASK
    assert net.info.metrics["test"]["mrr"] > 0.5  # guessing among three countries and others is below
    assert (run / "report.html").stat().st_size > 10_000


def test_ranks_are_those_of_numpy(data: str, net: Any):
    """Scores of the equation, filtered by all triples of all files, ties at their mean."""
    target, test = net.target, read(f"{data}/test.tsv")
    weight, relation = (np.asarray(m.weight, np.float64) for m in (net.model.entity, net.model.relation))
    half = weight.shape[1] // 2
    e, r = weight[:, :half] + 1j * weight[:, half:], relation[:, :half] + 1j * relation[:, half:]
    known = {tuple(row) for row in target.triples(read(data)).tolist()}
    ranks, count = [], len(target.relations)
    for side in (0, 1):
        for h, k, t in target.triples(test).tolist():
            asked, number, answer = (h, k, t) if side == 0 else (t, k + count, h)
            scores = ((e[asked] * r[number]) @ e.conj().T).real
            triple = (lambda j, h=h, k=k: (h, k, j)) if side == 0 else (lambda j, k=k, t=t: (j, k, t))
            others = [j for j in range(len(e)) if j != answer and triple(j) not in known]
            higher = sum(scores[j] > scores[answer] for j in others)
            ranks.append(1 + higher + sum(scores[j] == scores[answer] for j in others) / 2)
    found = net.evaluate(f"{data}/test.tsv")
    assert found["mrr"] == pytest.approx(np.mean(1 / np.array(ranks)), rel=1e-6)
    assert found["mean_rank"] == pytest.approx(np.mean(ranks))
    assert found == pytest.approx(net.info.metrics["test"])


def test_evaluate_by_the_command_line(data: str, run: Path, net: Any, capsys: pytest.CaptureFixture[str]):
    found = said(capsys, "evaluate", str(run), f"{data}/test.tsv")
    assert found["metrics"]["hits_10"] == pytest.approx(net.info.metrics["test"]["hits_10"])


def test_complete_finds_tails_and_heads(run: Path, net: Any, capsys: pytest.CaptureFixture[str]):
    person = triples()[0][0] if triples()[0][0].startswith("p") else "p1"
    town = next(t for h, r, t in triples() if h == person and r == "lives_in")
    found = said(
        capsys, "complete", str(run), "--head", person, "--relation", "lives_in", "--n", "5", "--known"
    )
    best = found["completions"][0]
    assert (best["tail"], best["known"]) == (town, True) and len(found["completions"]) == 5
    without = net.complete(head=person, relation="lives_in", n=100)
    assert town not in [one.tail for one in without] and not any(one.known for one in without)
    heads = net.complete(tail=town, relation="lives_in", n=3, known=True)
    assert heads[0].known and heads[0].tail == town and heads[0].head.startswith("p")
    everything = net.complete(head=person, relation="from", n=10_000, known=True)
    assert math.isclose(sum(one.probability for one in everything), 1.0, rel_tol=1e-4)
    assert main(["complete", str(run), "--head", person, "--relation", "from", "--n", "2"]) == 0
    assert len(capsys.readouterr().out.strip().splitlines()) == 2


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"head": "p1"}, "a question has a relation and one of head and tail"),
        ({"head": "p1", "tail": "t1", "relation": "from"}, "a question has a relation and one of"),
        (
            {"head": "p1", "relation": "form"},
            "no training triple has the relation 'form' .did you mean 'from'",
        ),
        ({"head": "nobody", "relation": "from"}, "no training triple has the entity 'nobody'"),
    ],
)
def test_questions_that_cannot_be_answered(net: Any, keys: dict[str, str], message: str):
    with pytest.raises(ConfigError, match=message):
        net.complete(**keys)


def test_embed_gives_the_vectors_of_entities(net: Any, tmp_path: Path):
    found = net.embed(pl.DataFrame({"entity": ["p1", "c0"]}))
    np.testing.assert_array_equal(
        found, np.asarray(net.model.entity.weight)[[net.target.numbers[n] for n in ("p1", "c0")]]
    )
    with pytest.raises(DataError, match="no training triple has the entity 'x'"):
        net.embed(pl.DataFrame({"entity": ["p1", "x"]}))


def test_predictions_of_rows_are_refused_with_the_verb(data: str, net: Any):
    with pytest.raises(ConfigError, match="has no prediction for a row") as caught:
        net.predict(f"{data}/test.tsv")
    head, relation, _ = net.target.known[0]
    asked = (
        f"lamina complete RUN --head {net.target.entities[head]} --relation {net.target.relations[relation]}"
    )
    assert asked in str(caught.value.fix)
    assert net.complete(head=net.target.entities[head], relation=net.target.relations[relation])


def test_the_first_try_names_what_a_terminal_takes(net: Any):
    example = VERBS["complete"].tried
    target = copy.copy(net.target)
    target.entities = tuple(f"-{name}" for name in target.entities)
    assert example(target) == "--head X --relation R"
    head = int(target.known[0][0])
    names = [f"{name}\x1b[31m" for name in target.entities]
    target.entities = (*names[:head], "a b", *names[head + 1 :])
    assert example(target).startswith("--head 'a b'")
    assert "\x1b" not in example(target)


def test_saved_and_loaded_it_is_the_same(net: Any, tmp_path: Path):
    again = lamina.load(net.save(tmp_path / "saved"))
    assert again.target.to_json() == net.target.to_json() and again.schema == net.schema
    np.testing.assert_array_equal(again.target.known, net.target.known)


def test_columns_by_name_by_order_and_not_to_be_told():
    def columns(names: list[str]) -> list[str]:
        table = read(pl.DataFrame({name: ["a", "b", "c"] for name in names}))
        return [c.name for c in TASK.roles(claimed(table), Roles((), RoleKeys())).inputs]

    assert columns(["tail", "note", "head", "relation"]) == ["head", "relation", "tail"]
    assert columns(["who", "does", "what"]) == ["who", "does", "what"]
    with pytest.raises(DataError, match="the columns of triples are not to be told"):
        columns(["who", "does", "what", "when"])


def test_a_target_and_weights_are_refused():
    claims = claimed(read(pl.DataFrame({"head": ["a", "b"], "relation": ["r", "r"], "tail": ["b", "a"]})))
    with pytest.raises(DataError, match="has no target"):
        TASK.roles(claims, Roles(("tail",), RoleKeys()))
    with pytest.raises(DataError, match="has no weights"):
        TASK.roles(claims, Roles((), RoleKeys(weight="tail")))


def audit(rows: list[tuple[str, str, str]], split: list[str] | None = None) -> dict[str, Any]:
    frame = pl.DataFrame(rows, schema=["head", "relation", "tail"], orient="row")
    frame = frame if split is None else frame.with_columns(split=pl.Series(split))
    return {finding.code: finding for finding in lamina.check(frame, task="knowledge").findings}


def test_the_audit_says_what_stands_twice_and_what_training_never_saw():
    rows = [(f"a{i}", "r", f"b{i % 3}") for i in range(30)]
    found = audit([*rows, rows[0], ("new", "r", "b1")], ["train"] * 25 + ["valid"] * 5 + ["train", "valid"])
    assert "1 triple stands a second time" in found["duplicate-triples"].message
    assert found["unseen-entity"].message.startswith("6 of 6 held-out triples have an entity")


def test_the_audit_warns_of_held_out_triples_that_train_too():
    rows = [(f"a{i}", "r", f"b{i}") for i in range(30)]
    found = audit([*rows, *rows[:5]], ["train"] * 25 + ["valid"] * 5 + ["test"] * 5)
    assert found["duplicates"].level == "warning" and "5 of 10" in found["duplicates"].message


def test_the_audit_warns_of_relations_that_are_others_read_backwards():
    one = [(f"a{i}", "parent_of", f"b{i}") for i in range(30)]
    other = [(t, "child_of", h) for h, _, t in one]
    found = audit([*one, *other], ["train"] * 20 + ["valid"] * 5 + ["test"] * 5 + ["train"] * 30)
    finding = found["inverse-relations"]
    assert finding.level == "warning" and "training says 10 of 10 held-out triples" in finding.message
    assert finding.details == ("'parent_of' is 'child_of' read backwards (100% of its triples)",)
    both = [(f"a{i}", "near", f"b{i}") for i in range(30)] + [(f"b{i}", "near", f"a{i}") for i in range(30)]
    split = ["train"] * 50 + ["valid"] * 5 + ["test"] * 5
    assert "'near' holds both ways" in audit(both, split)["inverse-relations"].message
    assert "inverse-relations" not in audit(one, ["train"] * 20 + ["valid"] * 5 + ["test"] * 5)


def test_a_gap_in_a_triple_is_an_error():
    frame = pl.DataFrame({"head": ["a", None, "b"], "relation": ["r"] * 3, "tail": ["b", "a", "a"]})
    (finding,) = lamina.check(frame, task="knowledge").errors
    assert finding.code == "gap-in-triple" and "'head'" in finding.where


def test_held_out_triples_of_unknown_entities_are_measured(tmp_path: Path):
    rows = [row for row in triples() if row[1] != "home_of"]
    new = ("new", "from", "c1")
    train, test = write(tmp_path / "a.tsv", rows), write(tmp_path / "b.tsv", [rows[0], rows[0], new])
    net = lamina.fit(train, model="distmult", size=4, epochs=1)
    target, table = net.target, net.read(test)
    asked = TASK.examiner.asked(table, net.schema, net.encoder, target)
    ranks = net.decoded(asked.x)
    assert len(ranks) == 6 and target.caption(asked.targets[2]) == "? from c1"
    assert target.caption(asked.targets[0]) == " ".join(rows[0]) == target.caption(asked.targets[3])
    question = target.numbers["c1"], target.relation_numbers["from"] + len(target.relations)
    known = target.answers_with(target.triples(table)).known(*question)
    assert ranks[5] == 1 + len(target.entities) - len(known)  # last
    alone = write(tmp_path / "c.tsv", [new, rows[0]])  # no line says that there is no header, but the network
    with pytest.warns(LaminaWarning, match="training never saw"):
        assert net.evaluate(alone)["mean_rank"] > 1


@pytest.mark.parametrize("model", ["distmult", "transe", "rotate"])
def test_other_models_learn_it_too(data: str, model: str):
    net = lamina.fit(data, model=model, size=8, epochs=2, batch_size=32)
    assert net.model_name == model and 0 < net.info.metrics["test"]["mrr"] <= 1
