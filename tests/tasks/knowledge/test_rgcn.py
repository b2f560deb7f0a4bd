"""A network that sees the graph: which triples it sees, and that they are the same once it is loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tasks.knowledge.graphs import folder, triples

import lamina
from lamina.core.errors import ArtifactError
from lamina.data import read
from lamina.tasks.knowledge.target import KnowledgeTarget

KEYS: dict[str, Any] = {"model": "rgcn", "size": 16, "epochs": 60, "batch_size": 64, "lr": 0.03}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return folder(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def net(data: str) -> Any:
    return lamina.fit(data, **KEYS)


def rows(array: Any) -> set[tuple[int, ...]]:
    return set(map(tuple, np.asarray(array).tolist()))


def test_it_sees_the_training_triples_and_no_others(data: str, net: Any):
    seen = rows(net.model.encoder.triples)
    train, valid, test = (
        rows(net.target.triples(read(f"{data}/{part}.tsv"))) for part in ("train", "valid", "test")
    )
    assert seen == train and not seen & (valid | test)
    assert valid <= rows(net.target.known) and rows(net.target.inputs.triples) == train


def test_what_the_neighbors_say_is_learned(net: Any):
    assert net.info.metrics["test"]["mrr"] > 0.6  # where a person is from follows from the town


def test_loaded_it_answers_the_same(data: str, net: Any, tmp_path: Any):
    again = lamina.load(net.save(tmp_path / "saved"))
    assert again.evaluate(f"{data}/test.tsv") == net.evaluate(f"{data}/test.tsv")
    assert net.evaluate(f"{data}/test.tsv") == pytest.approx(net.info.metrics["test"])
    asked = {"head": "p1", "relation": "from", "known": True}
    assert again.complete(**asked) == net.complete(**asked)
    entities = pl.DataFrame({"entity": ["p1", "c0"]})
    np.testing.assert_array_equal(again.embed(entities), net.embed(entities))
    assert again.target.to_json() == net.target.to_json()


def test_embed_gives_the_vectors_that_the_convolutions_make(net: Any):
    found = net.embed(pl.DataFrame({"entity": ["p1", "c0"]}))
    numbers = [net.target.numbers[name] for name in ("p1", "c0")]
    np.testing.assert_allclose(found, np.asarray(net.model.encoded().entity.weight)[numbers], rtol=1e-5)
    assert not np.allclose(found, np.asarray(net.model.decoder.entity.weight)[numbers], atol=1e-3)


def test_the_order_of_rows_changes_nothing():
    rows = [row for row in triples() if row[1] != "home_of"]  # which tells lives_in backwards
    frame = pl.DataFrame(rows, schema=["head", "relation", "tail"], orient="row").with_columns(
        split=pl.Series(["train"] * (len(rows) - 20) + ["valid"] * 20)
    )
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    one, other = (lamina.fit(f, task="knowledge", **{**KEYS, "epochs": 1}) for f in (frame, shuffled))
    assert one.target.inputs == other.target.inputs
    scores = [np.asarray(n.model.encoded().entity.weight) for n in (one, other)]
    np.testing.assert_allclose(*scores, atol=1e-5)


@pytest.mark.parametrize("trained", ["", "AAAA"])
def test_marks_of_training_triples_are_checked(net: Any, trained: str):
    with pytest.raises(ArtifactError, match="trained"):
        KnowledgeTarget.restore({**net.target.to_json(), "trained": trained}, "target")
