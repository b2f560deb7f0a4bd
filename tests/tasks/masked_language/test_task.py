"""Masked language models: what is cut, learned, measured, reported and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.tasks.language.writers import WORDS, text_of

import lamina
from lamina.core.errors import ConfigError, DataError
from lamina.data import read
from lamina.network import prepare
from lamina.network.network import Network
from lamina.tasks import choose_task, task_named

TASK = "masked_language"


def test_it_is_taken_on_request_alone(text: Path):
    table = read(str(text))
    assert choose_task(None, table, ())[0].name == "language"
    assert task_named(TASK).suits(table, ()) is None and task_named(TASK).suits(table, ("text",)) is None


def test_it_learns_from_both_sides(network: Network):
    """Of words drawn at random nothing can be known but the dot and the line end: better than guessing."""
    metrics = network.info.metrics["valid"]
    assert set(metrics) == {"loss", "perplexity", "accuracy"}
    assert metrics["perplexity"] < 3 * len(WORDS) and metrics["accuracy"] > 0.1


def test_the_figure_is_the_same_each_time(network: Network, text: Path):
    first = network.evaluate(str(text))
    assert first == network.evaluate(str(text)) and np.isfinite(first["loss"])


def test_texts_are_cut_into_pieces_as_they_stand(network: Network):
    encoder = network.encoder.only
    assert encoder.tokens.kind == "bpe" and encoder.tokens.verbatim and encoder.ends
    assert network.model.embedding.symbols == encoder.inputs.symbols + 1 == network.objective.out_features
    assert network.model.head is None and network.objective.mask == encoder.inputs.symbols


def test_its_report(run: Path):
    page = (run / "report.html").read_text()
    assert "What it guesses" in page and "▢" in page and "probability of the guess" in page
    assert "at its first choice" in page and "Calibration" in page and "hidden tokens" in page


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"mask_share": 0}, "mask_share is out of range; expected > 0 and < 1"),
        ({"model": "gpt", "wants": 1}, "unknown key 'wants'"),
        ({"model": "mamba"}, "model 'mamba' is not for the task masked_language"),
        ({"tokens": "words"}, "a language model writes more than the words"),
        ({"tokens": "ngrams"}, "needs tokens in their order"),
    ],
)
def test_what_does_not_suit_it_is_refused(text: Path, keys: dict[str, object], message: str):
    with pytest.raises(ConfigError, match=message):
        prepare(read(str(text)), target=(), keys={"task": TASK, **keys})


def test_a_target_is_refused(text: Path):
    with pytest.raises(DataError, match="has no target: it learns to guess what is hidden in a text"):
        prepare(read({"a": ["x y z"] * 40, "b": ["u"] * 40}), target="b", keys={"task": TASK})


@pytest.mark.slow
def test_a_column_of_texts_and_a_recurrent_net_that_reads_both_ways(tmp_path: Path):
    lines = text_of(lines=60).splitlines()
    keys = {"model": "gru", "size": 8, "depth": 1, "context": 16, "epochs": 1, "tokens": "characters"}
    net = lamina.fit({"note": lines}, task=TASK, **keys)
    assert net.objective.symbols == len(net.encoder.only.tokens.characters) + 2  # the unknown one, the end
    found = net.fill("The c[MASK]t", n=2)
    assert [len(filling.tokens[0]) for filling in found] == [1, 1]
    assert net.embed({"note": lines[:3]}).shape[0] == 3
