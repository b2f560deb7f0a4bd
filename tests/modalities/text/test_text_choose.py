"""What is chosen for texts where nobody says."""

from __future__ import annotations

import pytest

from lamina.core.inputs.text import TextInputs
from lamina.modalities.base import Situation
from lamina.modalities.text.choose import BAG, TRANSFORMER, choose

WORDS, PIECES = TextInputs(30_000, 256, is_ordered=False), TextInputs(8_000, 64)


def test_the_form_of_the_texts_chooses_the_network():
    assert choose(Situation(WORDS, 5_000, "classes", 3)).model == BAG
    assert choose(Situation(PIECES, 5_000, "classes", 3)).model == TRANSFORMER


def test_few_texts_get_more_epochs_and_many_larger_batches():
    few, some, many = (choose(Situation(WORDS, n, "classes", 3)).keys for n in (300, 5_000, 1_000_000))
    assert few["epochs"] > some["epochs"] == many["epochs"]
    assert few["batch_size"] < some["batch_size"] < many["batch_size"]


def test_a_model_of_ones_own_is_trained_as_most_networks_are():
    assert "optimizer" not in choose(Situation(WORDS, 5_000, "classes", 3, model="")).keys


@pytest.mark.parametrize(("examples", "dropped"), [(2_000, 0.7), (100_000, 0.1)])
def test_beside_other_blocks_rare_texts_are_not_learned_by_heart(examples: int, dropped: float):
    choice = choose(Situation(WORDS, examples, "numbers", blocks=2))
    assert choice.options["symbol_dropout"] == dropped
    assert choice.keys["optimizer"] == "muon"
    assert choose(Situation(PIECES, examples, "numbers", blocks=2)).options == {}
