"""What the report says of the tokens that were read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lamina.network.network import Network
from lamina.tasks.attention_maps import shown_symbol
from lamina.tasks.language.sections import _progress, tokens_of_epoch


def outcome(network: Network, **keys: object) -> SimpleNamespace:
    return SimpleNamespace(
        keys=keys, target=SimpleNamespace(context=16, tokens=1000), model=network.model,
        history={"epoch": [1, 2, 3], "train_loss": [3.0, 2.0, 1.0], "valid_loss": [3.0, None, 2.0]},
    )  # fmt: skip


def test_tokens_of_an_epoch(network: Network):
    assert tokens_of_epoch(outcome(network)) == 1000
    assert tokens_of_epoch(outcome(network, steps_per_epoch=5, batch_size=8)) == 5 * 8 * 16


def test_losses_stand_over_tokens_and_compute(network: Network):
    (section,) = _progress(outcome(network))
    words, plot = section.blocks
    tokens, compute = plot.panels
    assert tokens.series[0].x.tolist() == [1000, 2000, 3000]
    assert compute.series[1].x[-1] == pytest.approx(6 * network.parameters * 3000)
    assert f"{network.parameters:,} parameters" in words.text


def test_blanks_are_seen(network: Network):
    tokens = network.encoder.only.tokens
    ids = tokens.encode(["a \n"]).ids.tolist()
    assert [shown_symbol(tokens, number) for number in ids] == ["a", "·", "⏎"]
