from __future__ import annotations

import dataclasses

import pytest

from lamina.modalities.base import Situation
from lamina.tasks.language.guide import (
    BATCH_TOKENS,
    MOST_EPOCHS,
    MOST_STEPS_OF_EPOCH,
    STEPS,
    USUAL,
    choose,
    context_for,
)
from lamina.train.config import TrainConfig


def situation(**keys: object) -> Situation:
    fields = {field.name for field in dataclasses.fields(Situation)}
    known = {"model": "auto", "preset": "balanced", "rows": 100, "task": "t", "inputs": None, **keys}
    required = [f.name for f in dataclasses.fields(Situation) if f.default is dataclasses.MISSING]
    return Situation(**{**dict.fromkeys(required), **{k: v for k, v in known.items() if k in fields}})


@pytest.mark.parametrize("preset", STEPS)
@pytest.mark.parametrize("tokens", [10, 1_000, 100_000, 3_000_000, 1 << 31])
def test_keys_are_those_of_training_and_steps_are_as_many_as_the_preset_says(tokens: int, preset: str):
    context = context_for(tokens)
    found = choose(situation(preset=preset), tokens, context)
    assert found.model == USUAL.model and found.reason
    assert set(found.keys) <= {field.name for field in dataclasses.fields(TrainConfig)}
    batch, windows = found.keys["batch_size"], max(1, tokens // context)
    assert 1 <= batch and batch * context <= max(BATCH_TOKENS, context)
    steps_of_epoch = found.keys.get("steps_per_epoch", -(-windows // batch))
    assert steps_of_epoch <= MOST_STEPS_OF_EPOCH + 1
    steps = found.keys["epochs"] * steps_of_epoch
    assert steps <= 1.5 * STEPS[preset] + MOST_STEPS_OF_EPOCH
    assert steps >= 0.6 * STEPS[preset] or found.keys["epochs"] == MOST_EPOCHS


def test_more_text_makes_a_larger_network():
    sizes = [choose(situation(), tokens, 64).options["size"] for tokens in (1_000, 1_000_000, 1 << 30)]
    assert sizes == sorted(set(sizes))


def test_a_model_that_was_asked_for_keeps_its_own_size():
    found = choose(situation(model="lstm"), 1_000, 32)
    assert (found.model, found.options, found.reason) == ("lstm", {}, "you asked for it")


def test_longer_texts_are_read_in_longer_windows():
    found = [context_for(size) for size in (100, 50_000, 10_000_000)]
    assert found == sorted(set(found))
