"""Links: which edges are held out, what is asked, what is suggested; equations in NumPy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import lamina
from lamina.cli.main import main
from lamina.core.errors import DataError
from lamina.core.hashing import hashed_bits
from lamina.core.random import make_key
from lamina.core.shared_arrays import COMMON
from lamina.data.nodes.graph import NodeGraph, sorted_edges
from lamina.objectives.edges import EdgeObjective
from lamina.tasks.links.missing import best_pairs, common_neighbors
from lamina.tasks.links.pairs import edges_of, graph_of, without_edge

COMMUNITY = 16


def communities() -> np.ndarray:
    """Edges of three communities with many edges within, few between, both ways."""
    random = np.random.default_rng(0)
    y = np.repeat(np.arange(3), COMMUNITY)
    likely = np.where(y[:, None] == y[None, :], 0.6, 0.02)
    upper = np.triu(random.random(likely.shape) < likely, 1)
    return np.stack(np.nonzero(upper | upper.T))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A graph in a file, and a run on it."""
    folder = tmp_path_factory.mktemp("links")
    path, run = folder / "graph.npz", folder / "run"
    np.savez(path, edge_index=communities())
    words = ["--task", "links", "epochs=60", "vector=8", "valid=0.1", "test=0.1", "--out", str(run)]
    assert main(["fit", str(path), *words]) == 0
    return path, run


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A graph in two tables, whose nodes have names and columns and whose edges have weights; a run on it."""
    folder = tmp_path_factory.mktemp("named")
    path, run = folder / "club", folder / "run"
    path.mkdir()
    random = np.random.default_rng(0)
    rows = [f"p{n},{'abc'[n // COMMUNITY]},{random.normal():.3f},x" for n in range(3 * COMMUNITY)]
    (path / "nodes.csv").write_text("\n".join(["name,team,age,same", *rows]))
    pairs = [(a, b) for a, b in communities().T.tolist() if a < b]
    edges = [f"p{a},p{b},{random.integers(1, 4)}" for a, b in pairs]
    (path / "edges.csv").write_text("\n".join(["source,target,weight", *edges]))
    words = ["--task", "links", "epochs=40", "vector=8", "valid=0.1", "test=0.1", "--out", str(run)]
    assert main(["fit", str(path), *words]) == 0
    return path, run


def test_each_edge_stands_once_and_loops_not_at_all():
    graph = NodeGraph(4, sorted_edges(np.array([[0, 1], [1, 0], [2, 1], [1, 2], [3, 3], [0, 1]])))
    pairs, directed = edges_of(graph)
    assert pairs.tolist() == [[0, 1], [1, 2]] and not directed
    pairs, directed = edges_of(NodeGraph(3, np.array([[0, 1], [2, 1], [1, 2]], np.int32)))
    assert pairs.tolist() == [[0, 1], [1, 2], [2, 1]] and directed
    assert graph_of(graph, pairs[:1], directed=False).edges.tolist() == [[1, 0], [0, 1]]
    assert graph_of(graph, pairs[:1], directed=True).edges.tolist() == [[0, 1]]


@pytest.mark.parametrize("directed", [False, True])
def test_pairs_without_an_edge(directed: bool):
    edges = np.array([[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2]])
    graph = NodeGraph(4, sorted_edges(edges))
    found = without_edge(graph, 3, directed=directed)
    np.testing.assert_array_equal(found, without_edge(graph, 3, directed=directed))
    assert len(np.unique(found, axis=0)) == 3
    assert all(
        tuple(pair) not in set(map(tuple, edges.tolist())) and pair[0] != pair[1] for pair in found.tolist()
    )
    assert len(without_edge(graph, 100, directed=directed)) == (6 if directed else 3), "there are no more"


def test_the_loss_is_that_of_edges_and_random_pairs():
    vectors = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    at, weight, key = np.array([[0, 1], [2, 3]]), np.array([1.0, 3.0], np.float32), make_key(3)

    def model(x: Any, **_: Any) -> Any:
        return jnp.asarray(vectors)[x["at"]]

    objective = EdgeObjective(nodes=5, width=3)
    batch = {"x": {"at": jnp.asarray(at)}, "weight": jnp.asarray(weight)}
    others = np.asarray(hashed_bits(key, (2, 2)) % np.uint32(5)).astype(int)
    edge, other = ((vectors[p[:, 0]] * vectors[p[:, 1]]).sum(1) for p in (at, others))
    each = np.log1p(np.exp(-edge)) + np.log1p(np.exp(other))
    loss, _ = objective.losses(model, batch, key=key)["all"]
    assert float(loss) == pytest.approx((each * weight).sum() / 4, rel=1e-5)
    found = objective.evaluate(model, batch, key=key)
    assert float(found["loss"]) == pytest.approx((each * weight).sum(), rel=1e-5)
    assert float(found["ranked"]) == pytest.approx(((edge > other) * weight).sum())
    stated = objective.decode(model({"at": np.stack([at, others], axis=1)}))
    np.testing.assert_allclose(stated, 1 / (1 + np.exp(-np.stack([edge, other], 1))), rtol=1e-5)


def test_metrics_are_those_of_all_edges_against_all_others():
    decoded = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.4]])
    objective = EdgeObjective(nodes=5, width=3)
    found = objective.metrics(decoded, np.zeros(3))
    wins = (decoded[:, :1] > decoded[None, :, 1]).mean() + 0.5 * (
        decoded[:, :1] == decoded[None, :, 1]
    ).mean()
    assert found["auc"] == pytest.approx(wins)
    low, high = objective.intervals(decoded, np.zeros(3))["auc"]
    assert low < found["auc"] < high


def test_held_out_edges_are_not_in_the_graph_that_predicts_them(fitted: tuple[Path, Path]):
    path, run = fitted
    network = lamina.load(run)
    table = network.read(path)
    asked = network.task.examiner.asked(table, network.schema, network.encoder, network.target)
    seen = {tuple(edge) for edge in asked.x[COMMON]["edges"][0].tolist()}
    whole = {tuple(edge) for edge in communities().T.tolist()}
    at = asked.x["at"]
    assert not seen & {tuple(pair) for pair in at[:, 0].tolist()}
    assert not whole & {tuple(pair) for pair in at[:, 1].tolist()}
    assert len(seen) + 2 * len(at) == len(whole) and not asked.is_by_row


def test_communities_are_found(fitted: tuple[Path, Path], capsys: pytest.CaptureFixture[str]):
    path, run = fitted
    network = lamina.load(run)
    assert network.info.metrics["test"]["auc"] > 0.8
    assert network.evaluate(path)["auc"] > 0.8
    capsys.readouterr()
    assert main(["suggest", str(run), str(path), "--node", "3", "--n", "4"]) == 0
    lines = capsys.readouterr().out.split()
    assert lines[0] == "sender,receiver,probability" and len(lines) == 5
    found = [line.split(",") for line in lines[1:]]
    assert {int(sender) for sender, _, _ in found} == {3}
    linked = set(communities()[1][communities()[0] == 3].tolist()) | {3}
    assert not linked & {int(receiver) for _, receiver, _ in found}
    chances = [float(chance) for _, _, chance in found]
    assert chances == sorted(chances, reverse=True)
    out = run.parent / "vectors.npy"
    assert main(["embed", str(run), str(path), "--out", str(out)]) == 0
    assert np.load(out).shape == (3 * COMMUNITY, 8)


def test_columns_and_weights_are_seen_of_every_node(named: tuple[Path, Path]):
    path, run = named
    network = lamina.load(run)
    assert [column.name for column in network.schema.context] == ["team", "age"]
    assert [column.name for column in network.schema.inputs] == ["node"]
    assert [name for name, _ in network.schema.dropped] == ["same"]
    table = network.read(path)
    asked = network.task.examiner.asked(table, network.schema, network.encoder, network.target)
    common = asked.x[COMMON]
    ages = table.column("node").graph.columns.scalar("age").numbers()
    assert (np.argsort(common["numbers"][0, :, 0]) == np.argsort(ages)).all()
    assert common["symbols"].shape == (1, 3 * COMMUNITY, 2), "its own symbol, and that of its team"
    whole = table.column("node").graph
    known = {tuple(edge): weight for edge, weight in zip(whole.edges.tolist(), whole.weights, strict=True)}
    seen = [known[tuple(edge)] for edge in common["edges"][0].tolist()]
    np.testing.assert_array_equal(common["edge_weight"][0], seen)
    assert network.evaluate(path)["auc"] > 0.8
    assert network.suggest(path, n=3) == lamina.load(run).suggest(path, n=3)


def test_columns_matter_to_a_network_of_links(named: tuple[Path, Path], tmp_path: Path):
    path, run = named
    (tmp_path / "edges.csv").write_text((path / "edges.csv").read_text())
    rows = (path / "nodes.csv").read_text().split("\n")
    (tmp_path / "nodes.csv").write_text("\n".join(row.replace(",a,", ",c,") for row in rows))
    network = lamina.load(run)
    before, after = (network.suggest(place, node="p1", n=1)[0] for place in (path, tmp_path))
    assert before.probability != after.probability
    (tmp_path / "nodes.csv").write_text("\n".join(row.split(",")[0] for row in rows))
    with pytest.raises(DataError, match="are absent"):
        network.suggest(tmp_path, n=1)


def test_suggestions_are_told_by_name(named: tuple[Path, Path], capsys: pytest.CaptureFixture[str]):
    path, run = named
    assert main(["suggest", str(run), str(path), "--node", "p3", "--n", "4"]) == 0
    found = [line.split(",") for line in capsys.readouterr().out.split()[1:]]
    assert len(found) == 4 and {sender for sender, _, _ in found} == {"p3"}
    assert all(receiver.startswith("p") for _, receiver, _ in found)
    assert main(["suggest", str(run), str(path), "--node", "3"]) == 2
    assert (
        "there is no node '3' (did you mean 'p3'?); expected a name such as 'p0'" in capsys.readouterr().err
    )
    page = (run / "report.html").read_text()
    assert re.search(r"Likely missing edges.*?<tr><td>p\d+</td><td>p\d+</td>", page, re.DOTALL)
    assert "counted from 0" not in page


def test_columns_of_nodes_are_checked(
    named: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "edges.csv").write_text((named[0] / "edges.csv").read_text())
    rows = (named[0] / "nodes.csv").read_text().split("\n")
    rows[2] = "p1,a,inf,x"
    (tmp_path / "nodes.csv").write_text("\n".join(rows))
    assert main(["fit", str(tmp_path), "--task", "links", "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "age" in said and "nodes.csv" in said


def test_test_data_without_the_columns_are_refused(
    named: tuple[Path, Path], fitted: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["fit", str(named[0]), "--task", "links", "--out", str(tmp_path / "run"), "--test"]
    assert main([*words, str(fitted[0])]) == 2
    assert "the nodes have no columns; expected a table of nodes" in capsys.readouterr().err
    other = tmp_path / "other"
    other.mkdir()
    (other / "edges.csv").write_text((named[0] / "edges.csv").read_text())
    rows = (named[0] / "nodes.csv").read_text().split("\n")
    (other / "nodes.csv").write_text("\n".join(row.rsplit(",", 2)[0] for row in rows))
    assert main([*words, str(other)]) == 2
    assert "age" in capsys.readouterr().err


def test_suggestions_among_all_nodes_name_each_pair_once(fitted: tuple[Path, Path]):
    path, run = fitted
    out = run.parent / "links.csv"
    assert main(["suggest", str(run), str(path), "--n", "200", "--out", str(out)]) == 0
    rows = [tuple(line.split(",")[:2]) for line in out.read_text().split()[1:]]
    assert len(set(rows)) == len(rows) == 200 and all(int(a) < int(b) for a, b in rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["suggest", "RUN", "GRAPH", "--node", "48"], "there is no such node; expected 0 to 47, got 48"),
        (["suggest", "RUN", "GRAPH", "--n", "0"], "n is out of range"),
        (["predict", "RUN", "GRAPH"], "has no prediction for a row"),
        (["fit", "GRAPH", "--task", "links", "--target", "node"], "the task links has no target"),
        (["fit", "TABLE", "--task", "links"], "there is no graph of nodes and edges"),
        (["fit", "SMALL", "--task", "links"], "2 edges are too few to learn from"),
        (["fit", "FULL", "--task", "links"], "no edge can be asked for beside a pair of nodes without one"),
    ],
)
def test_what_is_wrong_is_said(
    fitted: tuple[Path, Path], words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    table, small = tmp_path / "table.csv", tmp_path / "small.npz"
    table.write_text("a,b\n" + "1.5,2\n2.5,3\n" * 20)
    np.savez(small, edge_index=np.array([[0, 1], [1, 0]]))
    full = tmp_path / "full.npz"
    np.savez(full, edge_index=np.stack(np.nonzero(~np.eye(8, dtype=bool))))
    names = {"RUN": fitted[1], "GRAPH": fitted[0], "TABLE": table, "SMALL": small, "FULL": full}
    assert main([str(names.get(word, word)) for word in words]) == 2
    assert said in capsys.readouterr().err


def test_the_report_draws_the_probabilities(fitted: tuple[Path, Path]):
    page = (fitted[1] / "report.html").read_text()
    assert "each against a pair of nodes without an edge" in page and "probability of a link" in page
    assert "Likely missing edges" in page and "Map of the nodes" in page and "connected components" in page
    assert "test edges" in page and "edges in all" in page and "test rows" not in page


def test_the_report_lists_the_edges_that_are_suggested(fitted: tuple[Path, Path]):
    path, run = fitted
    page = (run / "report.html").read_text()
    table = page[page.index("Likely missing edges") :]
    rows = re.findall(r"<tr><td>(\d+)</td><td>(\d+)</td><td[^>]*>([\d.]+)</td>", table)
    suggested = lamina.load(run).suggest(path, n=20)
    assert [(int(a), int(b)) for a, b, _ in rows] == [(one.sender, one.receiver) for one in suggested]
    chances = [1 / (1 + np.exp(-float(score))) for *_, score in rows]
    assert chances == pytest.approx([one.probability for one in suggested], abs=2e-3)


def test_pairs_are_the_best_of_all_whatever_nodes_are_asked_about():
    vectors = np.random.default_rng(0).normal(size=(12, 3))
    edges = np.array([[0, 1], [1, 0], [4, 7], [7, 4]])
    graph = NodeGraph(12, sorted_edges(edges))
    scores = vectors @ vectors.T
    scores[edges[:, 0], edges[:, 1]] = -np.inf
    for starts in (np.arange(12), np.array([4]), np.array([2, 9, 5])):
        pairs, found = best_pairs(vectors, starts, graph, 9)
        among = {(min(a, b), max(a, b)): scores[a, b] for a in starts.tolist() for b in range(12) if a != b}
        expected = sorted(among.values(), reverse=True)[:9]
        np.testing.assert_allclose(found, expected)
        assert len({tuple(sorted(pair)) for pair in pairs.tolist()}) == 9


def test_common_neighbors_are_counted():
    edges = np.array([[2, 0], [2, 1], [3, 0], [3, 1], [3, 1], [4, 1]])
    assert common_neighbors(NodeGraph(5, sorted_edges(edges)), np.array([[0, 1], [3, 4]])).tolist() == [2, 0]


def test_the_config_names_the_task(fitted: tuple[Path, Path]):
    config = json.loads((fitted[1] / "network" / "config.json").read_text())
    assert "links" in json.dumps(config)
