"""What others hang into the compiled step: `pick` of an objective, and augmentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.hashing import hashed_key
from lamina.core.random import make_key
from lamina.data.order import epoch_order
from lamina.models import build
from lamina.objectives import AbstractObjective, RegressionObjective
from lamina.train import AbstractAugmentation, StepContext, TrainConfig, TrainResult, train, train_population
from lamina.train.loop.plan import make_hyper, make_program
from lamina.train.step.compiled import jit_chunk, jit_first_state

EXAMPLES, SIZE = 24, 8


def fit(
    data: Any, objective: AbstractObjective | None = None, *, augment: Any = None, **keys: Any
) -> TrainResult:
    plain = {"epochs": 2, "lr": 0.05, "batch_size": SIZE, "optimizer": "sgd", "weight_decay": 0.0}
    model = build("linear", inputs=(3,), outputs=1)
    config = TrainConfig(**{**plain, **keys})
    return train(model, objective or RegressionObjective(), data, config=config, augment=augment)


def weights_of(result: TrainResult) -> np.ndarray:
    return np.concatenate([result.model.numeric.weight[0], result.model.numeric.bias])


# --- pick ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Windows(RegressionObjective):
    """The next value from the last three: one long array, of which each example is a window."""

    def pick(self, arrays: Any, ids: Any, *, key: Any) -> Any:
        """Cut the windows that begin at the examples' numbers."""
        cut = jax.vmap(lambda start: jax.lax.dynamic_slice(arrays["series"], (start,), (4,)))(ids)
        return {"x": cut[:, :3], "y": cut[:, 3:], "weight": arrays["weight"][ids]}


def test_windows_of_one_array_are_the_same_examples_as_rows():
    series = np.cumsum(np.random.default_rng(0).normal(size=EXAMPLES + 3)).astype(np.float32) / 4
    weight = np.ones(EXAMPLES, np.float32)
    cut = np.lib.stride_tricks.sliding_window_view(series, 4)
    rows = {"x": cut[:, :3].copy(), "y": cut[:, 3:].copy(), "weight": weight}
    windows = fit({"series": series, "weight": weight}, Windows())
    np.testing.assert_allclose(weights_of(windows), weights_of(fit(rows)), rtol=1e-6)


@dataclass(frozen=True)
class Noisy(RegressionObjective):
    """Hands the key of its batch to the network as input."""

    def pick(self, arrays: Any, ids: Any, *, key: Any) -> Any:
        """Gather, and put the key's bits into the inputs."""
        batch = RegressionObjective.pick(self, arrays, ids, key=key)
        bits = (key >> jnp.uint32(8)).astype(jnp.float32) * np.float32(2.0**-24)
        return {**batch, "x": batch["x"] * 0 + bits[0]}


def losses_of_steps(objective: AbstractObjective, data: Any, steps: int, *, seed: int = 0) -> list[float]:
    """The loss of each step from the same weights."""
    config = TrainConfig(optimizer="sgd", lr=1e-30, epochs=1)
    program, hyper = make_program(objective, config), make_hyper(config, total_steps=10)
    model, order = build("linear", inputs=(3,), outputs=1, seed=1), np.zeros((1, SIZE), np.int32)
    model = jax.tree.map(lambda a: np.ones_like(a), model)
    state, losses = jit_first_state(program, model, make_key(seed), hyper, False), []
    for _ in range(steps):
        state, means = jit_chunk(program, state, data, order, order, np.int32(1), hyper)
        losses.append(float(means["all"]["loss"]))
    return losses


def test_the_key_of_a_batch_is_a_function_of_run_and_step(line: Any):
    first, again = (losses_of_steps(Noisy(), line, 3) for _ in range(2))
    assert first == again and len(set(first)) == 3
    assert losses_of_steps(Noisy(), line, 3, seed=1) != first
    assert len(set(losses_of_steps(RegressionObjective(), line, 3))) == 1, "a gather draws nothing"


# --- augmentation --------------------------------------------------------------------------------


def by_number(batch: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
    """Shift the target of each example by its number and the epoch: what tells one from all others."""
    shift = context.ids.astype(jnp.float32) * 0.1 + context.epoch.astype(jnp.float32)
    return {**batch, "y": batch["y"] + shift[:, None]}


@pytest.mark.parametrize(
    "keys", [{}, {"device_memory": 0.0}, {"chunk": 2}, {"device_memory": 0.0, "chunk": 1}], ids=str
)
def test_an_augmentation_is_told_numbers_and_epoch(line: Any, keys: dict[str, Any]):
    """Streamed examples lie elsewhere in each chunk, and keep their numbers."""
    x = np.concatenate([line["x"], np.ones((EXAMPLES, 1))], axis=1).astype(np.float64)
    w = np.zeros(4)
    for epoch in range(2):
        for ids in epoch_order(0, epoch, EXAMPLES, SIZE):
            y = line["y"][ids, 0] + ids * 0.1 + epoch
            w = w - 0.05 * 2 * x[ids].T @ (x[ids] @ w - y) / SIZE
    result = fit(line, augment=by_number, **keys)
    np.testing.assert_allclose(weights_of(result), w, rtol=1e-5, atol=1e-6)


def test_each_member_of_a_population_has_numbers_of_its_own_order(line: Any):
    seeds = [0, 1, 2]
    config = TrainConfig(epochs=2, lr=0.05, batch_size=SIZE, optimizer="sgd", weight_decay=0.0)
    models = [build("linear", inputs=(3,), outputs=1)] * 3
    together = train_population(
        models, RegressionObjective(), line, config=config, seeds=seeds, augment=by_number
    )
    for seed, member in zip(seeds, together, strict=True):
        alone = fit(line, augment=by_number, seed=seed)
        np.testing.assert_allclose(weights_of(member), weights_of(alone), rtol=1e-5, atol=1e-6)


def keyed(batch: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
    """Make inputs of the two keys."""
    own = (context.key[0] >> jnp.uint32(8)).astype(jnp.float32) * np.float32(2.0**-24)
    run = (context.run_key[1]).astype(jnp.float32)
    return {**batch, "y": batch["y"] * 0 + own + 10 * run}


def test_the_key_of_a_step_changes_and_that_of_the_run_stays(line: Any):
    config = TrainConfig(optimizer="sgd", lr=1e-30, epochs=1)
    program = make_program(RegressionObjective(), config, keyed)
    hyper, order = make_hyper(config, total_steps=10), np.zeros((1, SIZE), np.int32)
    model = build("linear", inputs=(3,), outputs=1)
    state = jit_first_state(program, model, make_key(3), hyper, False)
    for step in range(3):
        own = hashed_key(hashed_key(make_key(3), np.array(step)), np.array(0xA09))
        expected = int(own[0]) >> 8
        state, means = jit_chunk(program, state, line, order, order, np.int32(1), hyper)
        target = 30 + expected * 2.0**-24
        assert float(means["all"]["loss"]) == pytest.approx(target**2, rel=1e-5)


@dataclass(frozen=True)
class Doubled(AbstractAugmentation):
    mixes_examples = False

    """Changes nothing but the losses."""

    factor: float

    def __call__(self, batch: Any, context: StepContext) -> Any:
        return batch

    def losses(self, objective: Any, model: Any, batch: Any, *, key: Any) -> Any:
        found = objective.losses(model, batch, key=key)
        return {name: (self.factor * loss, metrics) for name, (loss, metrics) in found.items()}


def test_an_augmentation_may_change_the_losses(line: Any):
    twice, fast = fit(line, augment=Doubled(2.0)), fit(line, lr=0.1)
    np.testing.assert_allclose(weights_of(twice), weights_of(fast), rtol=1e-5)
    np.testing.assert_allclose(
        twice.history["train_loss"], 2 * np.array(fast.history["train_loss"]), rtol=1e-5
    )
    np.testing.assert_array_equal(weights_of(fit(line, augment=Doubled(1.0))), weights_of(fit(line)))


def test_without_one_the_numbers_cost_nothing(line: Any):
    config = TrainConfig(optimizer="sgd", epochs=1)
    hyper, order = make_hyper(config, total_steps=10), np.zeros((2, SIZE), np.int32)
    model = build("linear", inputs=(3,), outputs=1)
    arguments = []
    for augment in (None, by_number):
        program = make_program(RegressionObjective(), config, augment)
        state = jax.eval_shape(lambda p=program: jit_first_state(p, model, make_key(0), hyper, False))
        lowered = jit_chunk.lower(program, state, line, order, order, np.int32(1), hyper)
        main = next(text for text in lowered.as_text().splitlines() if "@main(" in text)
        arguments.append(main.count("%arg"))
    assert arguments[0] + 2 == arguments[1], "the numbers, and the steps of an epoch"
