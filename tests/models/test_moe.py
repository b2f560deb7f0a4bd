"""GPT with experts: symbol by symbol, filled up, as one expert, and balanced by training."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs.text import TextInputs
from lamina.core.tree import named_arrays, with_arrays
from lamina.core.wanted import NEXT, ONE
from lamina.models import build
from lamina.objectives.next_token import NextTokenObjective
from lamina.train import TrainConfig, train

SYMBOLS, TIME = 11, 13
IDS = np.random.default_rng(0).integers(0, SYMBOLS, (40, TIME)).astype(np.int32)


@functools.cache
def make(wants: str = NEXT, **options: Any) -> Any:
    outputs = SYMBOLS if wants == NEXT else 3
    given = {"size": 8, "depth": 2, "experts": 4, **options}
    return build("moe", inputs=TextInputs(SYMBOLS, TIME + 5), outputs=outputs, wants=wants, **given)


def texts(ids: np.ndarray) -> dict[str, jax.Array]:
    return {"ids": jnp.asarray(ids), "scale": jnp.asarray(ids >= 0, jnp.float32)}


whole = jax.jit(lambda model, x: model(x))


@jax.jit
def in_pieces(model: Any, ids: jax.Array) -> jax.Array:
    first, cache = model.extend(ids[:, :4], model.init_cache(ids.shape[0], TIME))

    def step(cache: Any, ids: jax.Array) -> tuple[Any, jax.Array]:
        outputs, cache = model.step(ids, cache)
        return cache, outputs

    others = jax.lax.scan(step, cache, ids[:, 4:].T)[1]
    return jnp.concatenate([first, jnp.moveaxis(others, 0, 1)], axis=1)


def test_symbol_by_symbol_is_as_the_whole_text():
    found = whole(make(), texts(IDS))  # more rows than places: several rounds
    assert found.shape == (40, TIME, SYMBOLS)
    np.testing.assert_allclose(in_pieces(make(), IDS), found, rtol=1e-5, atol=1e-5)


def test_what_fills_up_a_text_does_not_matter():
    longer = np.concatenate([IDS, np.full((40, 5), -1, np.int32)], axis=1)
    found = whole(make(ONE), texts(longer))
    np.testing.assert_allclose(found, whole(make(ONE), texts(IDS)), rtol=1e-5, atol=1e-5)


def test_one_expert_is_gpt():
    ours, gpt = make(experts=1, top_k=1), build(
        "gpt", inputs=TextInputs(SYMBOLS, TIME + 5), outputs=SYMBOLS, wants=NEXT, size=8, depth=2
    )  # fmt: skip
    arrays = {
        path.replace("feed_forward.experts", "feed_forward"): array[:, 0] if ".experts." in path else array
        for path, array in named_arrays(ours).items()
        if "router" not in path
    }
    np.testing.assert_allclose(
        whole(ours, texts(IDS)), whole(with_arrays(gpt, arrays), texts(IDS)), rtol=1e-5, atol=1e-5
    )


def test_more_experts_than_there_are_cannot_be_passed():
    with pytest.raises(ConfigError, match="top_k from 1 to 2"):
        make(experts=2, top_k=3)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_training_learns_and_reports_the_penalty(optimizer: str):
    windows = np.tile(np.arange(2 * TIME + 1, dtype=np.int32) % 5, (16, 1))
    arrays = {"x": windows, "weight": np.ones(16, np.float32)}
    config = TrainConfig(epochs=40, batch_size=8, lr=0.02, optimizer=optimizer, early_stopping=False)
    found = train(make(), NextTokenObjective(SYMBOLS, TIME), arrays, config=config)
    assert found.history["train_loss"][-1] < 0.5 < found.history["train_loss"][0]
    penalties = found.history["train_penalty"]
    assert all(0.015 < penalty < 0.08 for penalty in penalties), "two layers of 0.01, 4 times as much at most"
