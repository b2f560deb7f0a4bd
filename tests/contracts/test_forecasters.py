"""What every model of series keeps: its equation, causality, gradients, learning."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs.series import SeriesInputs
from lamina.core.wanted import FUTURE
from lamina.models import MODELS, build
from lamina.objectives.forecast import ForecastObjective
from lamina.train import TrainConfig, train

STEPS, SERIES, CONTEXT, HORIZON = 90, 4, 12, 3
NAMES = [name for name, spec in MODELS.items() if SeriesInputs in spec.takes]
every = pytest.mark.parametrize("name", NAMES)


def inputs(*, is_graph: bool = False) -> SeriesInputs:
    return SeriesInputs(SERIES, CONTEXT, HORIZON, (6, 7), is_graph)


def arrays(seed: int = 0, *, is_graph: bool = False) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    steps = np.arange(STEPS)[:, None]
    common = {
        "values": (
            np.sin(steps / np.arange(2, 2 + SERIES)) + 0.1 * random.normal(size=(STEPS, SERIES))
        ).astype(np.float32),
        "known": np.ones((STEPS, SERIES), bool),
        "calendar": np.stack([np.arange(STEPS + 1) % 6, np.arange(STEPS + 1) % 7], 1).astype(np.int32),
    }
    if is_graph:
        weights = random.random((SERIES, SERIES)).astype(np.float32)
        common["neighbors"] = weights / weights.sum(1, keepdims=True)
    return {"at": np.arange(CONTEXT, STEPS - HORIZON + 1, dtype=np.int32), "common": common}


def made(name: str, *, is_graph: bool = False) -> Any:
    """A model whose last layer is not zero."""
    model = build(name, inputs=inputs(is_graph=is_graph), outputs=HORIZON, size=8, seed=0)
    random = np.random.default_rng(0)
    return jax.tree.map(lambda a: (0.3 * random.normal(size=a.shape)).astype(a.dtype), model)


@every
def test_it_forecasts_each_series_from_its_context_alone(name: str):
    model, x = made(name), arrays()
    answer = jax.jit(lambda model, x: model(x))
    found = answer(model, x)
    assert MODELS[name].gives == (FUTURE,)
    assert found.shape == (len(x["at"]), SERIES, HORIZON) and found.dtype == np.float32
    place = 20
    first = int(x["at"][place])
    changed = np.array(x["common"]["values"])
    changed[first:] += 5
    changed[: first - CONTEXT] -= 5
    other = answer(model, {**x, "common": {**x["common"], "values": changed}})
    np.testing.assert_array_equal(found[place], other[place])  # neither what comes nor what lies too far back
    assert np.abs(np.asarray(found[place + 1] - other[place + 1])).max() > 1e-3
    one = answer(model, {**x, "at": x["at"][place : place + 1]})
    np.testing.assert_allclose(one[0], found[place], rtol=2e-5, atol=2e-5)


def test_a_linear_model_is_its_equation():
    model, x = made("nlinear"), arrays()
    found = np.asarray(model(x))
    weight, bias = (np.asarray(a, np.float64) for a in (model.head.weight, model.head.bias))
    values = x["common"]["values"].astype(np.float64)
    for place, at in enumerate(x["at"].tolist()):
        last = values[at - 1]
        expected = weight @ (values[at - CONTEXT : at] - last) + bias[:, None] + last
        np.testing.assert_allclose(found[place], expected.T, rtol=1e-4, atol=1e-5)


def test_only_neighbors_of_neighbors_are_heard_of_before_the_blocks():
    model = build("series-mlp", inputs=inputs(is_graph=True), outputs=HORIZON, size=8, seed=0, depth=0)
    random = np.random.default_rng(0)
    model = jax.tree.map(lambda a: (0.3 * random.normal(size=a.shape)).astype(a.dtype), model)
    x = arrays(is_graph=True)
    chain = np.eye(SERIES, k=1, dtype=np.float32)  # each hears of the next, the last of itself
    chain[-1, -1] = 1
    x["common"]["neighbors"] = chain
    before = np.asarray(model(x))
    x["common"]["values"] = np.array(x["common"]["values"])
    x["common"]["values"][:, 3] += np.linspace(0, 1, STEPS)
    moved = np.abs(np.asarray(model(x)) - before).max(axis=(0, 2))
    assert moved[0] == 0 and (moved[1:] > 1e-4).all()


def test_whole_pieces_cover_the_context():
    for context in (1, 5, 12, 16, 23, 336):
        model = build(
            "patchtst", inputs=SeriesInputs(1, context, 2), outputs=2, size=8, seed=0, patch_length=16
        )
        pieces = model._pieces(jnp.arange(context, dtype=jnp.float32)[None])[0]
        assert pieces.shape == (model.pieces, model.patch_length)
        assert set(np.unique(np.asarray(pieces)).astype(int)) == set(range(context))
        assert int(pieces[-1, -1]) == context - 1


@pytest.mark.parametrize(("name", "is_graph"), [*((name, False) for name in NAMES), ("series-mlp", True)])
def test_it_learns_the_next_steps_and_every_parameter_moves(name: str, is_graph: bool):
    x = arrays(is_graph=is_graph)
    data = {"x": x, "weight": np.ones(len(x["at"]), np.float32)}
    model = build(name, inputs=inputs(is_graph=is_graph), outputs=HORIZON, size=8, seed=0)
    objective = ForecastObjective(HORIZON, (1.0,) * SERIES)
    config = TrainConfig(epochs=30, batch_size=19, lr=1e-2, optimizer="adam", early_stopping=False)
    result = train(model, objective, data, None, config=config)
    loss = result.history["train_loss"]
    assert loss[-1] < 0.7 * loss[0]
    before, after = jax.tree.leaves(model), jax.tree.leaves(result.model)
    assert all(np.abs(np.asarray(a) - np.asarray(b)).max() > 0 for a, b in zip(before, after, strict=True))
