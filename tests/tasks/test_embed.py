"""Vectors of rows and texts: what they are, how they are written, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest
from pytest import CaptureFixture
from tests.tasks.language.writers import text_of, trained, write_text
from tests.tasks.translation.sentences import sentences

import lamina
from lamina.cli.main import main
from lamina.core.errors import ConfigError
from lamina.core.module import Module
from lamina.models.sequence import mean_of_present
from lamina.network.network import Network

LINES = text_of(lines=40).splitlines()
KINDS = ["red" if "red" in line or "blue" in line else "other" for line in LINES]
ROWS = {"note": LINES, "kind": KINDS}


@pytest.fixture(scope="module")
def classifier() -> Network:
    keys: dict[str, Any] = {"size": 8, "depth": 1, "epochs": 1, "drop": [], "valid": 0.2}
    return lamina.fit(ROWS, target="kind", model="gru", tokens="characters", read_as="note:text", **keys)


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return trained(write_text(tmp_path_factory.mktemp("texts") / "t.txt"), epochs=1)


def test_a_vector_for_each_row_is_what_the_head_reads(classifier: Network):
    found = classifier.embed(ROWS)
    assert found.shape == (40, classifier.model.head.weight.shape[1]) and found.dtype == np.float32
    head = classifier.model.head
    logits = found @ np.asarray(head.weight).T + np.asarray(head.bias)
    x = classifier.encoder.transform(classifier.read(ROWS))
    np.testing.assert_allclose(logits, np.asarray(classifier.model(x)), atol=1e-5)
    np.testing.assert_array_equal(classifier.embed(pl.DataFrame(ROWS)), found)


def test_a_causal_model_gives_the_mean_over_the_tokens_of_texts_of_any_length(writer: Network):
    texts = ["The cat", "", "The dog ran over the house and the big tree with a hat"]
    found = writer.embed(texts)
    encoder, model = writer.encoder.only, writer.model
    bags, context = encoder.tokens.encode(texts), encoder.length
    assert bags.lengths[2] > 2 * context and not found[1].any()

    def states(ids: np.ndarray) -> np.ndarray:
        """What the head reads at each position, from the pieces of the model."""
        y = model.positions(model.embedding(jnp.asarray(ids)[None]))
        return np.asarray(model.norm(model.body(y)))[0]

    long = bags.ids[-bags.lengths[2] :]
    every = np.concatenate([states(long[at : at + context]) for at in range(0, len(long), context)])
    np.testing.assert_allclose(found[2], every.mean(axis=0), atol=1e-4)


def test_mean_of_present_leaves_out_what_is_not_there():
    y = jnp.arange(12.0).reshape(1, 3, 4)
    found = mean_of_present(y, jnp.array([[True, False, True]]))
    np.testing.assert_allclose(found, np.asarray(y)[:, [0, 2]].mean(axis=1))


@pytest.mark.slow
def test_the_sources_of_a_translator():
    data = sentences(60)
    keys: dict[str, Any] = {"size": 16, "depth": 1, "epochs": 1, "beams": 1}
    net = lamina.fit(data, target="french", task="translation", **keys)
    found = net.embed({"english": data["english"][:5]})
    assert found.shape == (5, 16) and np.isfinite(found).all()
    order = [3, 1, 0]
    again = net.embed({"english": [data["english"][row] for row in order]})
    np.testing.assert_allclose(again, found[order], atol=1e-5)


def test_members_that_were_trained_apart_stand_side_by_side():
    x = np.random.default_rng(0).normal(size=(60, 3))
    net = lamina.fit(x, (x[:, 0] > 0).astype(int), model="mlp", size=8, depth=1, epochs=1, members=3)
    found = net.embed(x[:7])
    assert found.shape == (7, 24)
    features = net.model.model
    one = np.asarray(features.head.weight)[1] @ found[0, 8:16] + np.asarray(features.head.bias)[1]
    x0 = net.encoder.transform(net.read(x[:1]))
    np.testing.assert_allclose(one, np.asarray(net.model(x0))[0, 1], atol=1e-5)


def test_a_model_of_ones_own_that_marks_nothing_is_refused():
    class Bare(Module):
        weight: Any

        def __init__(self):
            self.weight = np.ones((1, 3), np.float32)

        def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
            return x["numeric"] @ self.weight.T

    x = np.random.default_rng(0).normal(size=(60, 3))
    net = lamina.fit(x, x[:, 0] + x[:, 1], model=Bare(), epochs=1, task="regression")
    with pytest.raises(ConfigError, match="does not say which of its values are the vector"):
        net.embed(x)
    with pytest.raises(ConfigError, match="there is nothing to embed"):
        net.embed()


@pytest.fixture
def saved(writer: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("lines.txt").write_text("The cat\n\nA dog ran\n")
    return writer.save(tmp_path / "net")


def test_a_file_of_text_has_a_vector_for_each_line(saved: Path, writer: Network, capsys: CaptureFixture[str]):
    expected = writer.embed(["The cat", "", "A dog ran"])
    np.testing.assert_allclose(writer.embed("lines.txt"), expected, atol=1e-6)
    for name in ("v.npz", "v.npy", "v.csv"):
        assert main(["embed", "net", "lines.txt", "--out", name, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told == {"run": "net", "out": name, "rows": 3, "width": expected.shape[1]}
    found = [np.load("v.npz")["vectors"], np.load("v.npy"), pl.read_csv("v.csv").to_numpy()]
    for own in found:
        np.testing.assert_allclose(own, expected, atol=1e-6)
    assert main(["embed", "net", "lines.txt"]) == 0
    assert capsys.readouterr().out == Path("v.csv").read_text()
    assert main(["embed", "net", "lines.txt", "lines=false", "--out", "one.npy"]) == 0
    assert len(np.load("one.npy")) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["lines.txt", "--out", "v.txt"],
            "unknown type of file; expected a .npz file, a .npy file or a .csv file",
        ),
        (["lines.txt", "--out", "lines.npz/v.npz"], "its folder does not exist"),
        (["lines.txt", "--json"], "--json says what was written, so it needs --out"),
        (["absent.txt"], "no such file"),
        (["lines.txt", "sheet=2"], "key 'sheet' belongs to"),
        ([], "the following arguments are required: DATA"),
    ],
)
def test_what_is_wrong_is_said(saved: Path, words: list[str], said: str, capsys: CaptureFixture[str]):
    assert main(["embed", "net", *words]) == 2
    shown = capsys.readouterr()
    assert said in shown.err and shown.out == ""


def test_nothing_is_overwritten(saved: Path, capsys: CaptureFixture[str]):
    Path("v.npy").write_bytes(b"mine")
    assert main(["embed", "net", "lines.txt", "--out", "v.npy"]) == 2
    assert "already exists" in capsys.readouterr().err and Path("v.npy").read_bytes() == b"mine"
