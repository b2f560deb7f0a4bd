"""Parts of the training engine: feeds, clock, keys, callbacks, penalties, precision."""

from __future__ import annotations

import csv
import dataclasses
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError, RunError
from lamina.core.tree import named_arrays
from lamina.data.order import epoch_order
from lamina.models import build
from lamina.tasks import RegressionTask
from lamina.train import (
    Callback,
    CSVLogger,
    LambdaCallback,
    TerminateOnNaN,
    TrainConfig,
    train,
)
from lamina.train.clock import Clock, compile_counter
from lamina.train.config import check_values, make_config
from lamina.train.feed import ResidentFeed, StreamedFeed, evaluation_batches, make_feed
from lamina.train.loop import default_batch_size
from lamina.train.schedules import SCHEDULES, factor
from lamina.train.state import combine, partition

ROWS = 24
X = np.random.default_rng(0).normal(size=(ROWS, 3)).astype(np.float32)
DATA = {"x": X, "y": X[:, :1] * 2 - X[:, 1:2], "weight": np.ones(ROWS, np.float32)}
PLAIN = TrainConfig(epochs=3, lr=0.05, batch_size=8, optimizer="sgd", weight_decay=0.0)


def fitted(config: TrainConfig = PLAIN, *, data: Any = DATA, valid: Any = None, **keys: Any) -> Any:
    model = build("linear", inputs=(3,), outputs=1)
    return train(model, RegressionTask(), data, valid, config=config, **keys)


def changed(**keys: Any) -> TrainConfig:
    return dataclasses.replace(PLAIN, **keys)


def by_hand(steps: Any, *, lr: float = 0.05, epochs: int = 3, seed: int = 0) -> np.ndarray:
    """Gradient descent on the same batches in float64; ``steps(w, gradient, number) -> change``."""
    w, number = np.zeros(4), 0
    for epoch in range(epochs):
        for rows in epoch_order(seed, epoch, ROWS, 8):
            x = np.concatenate([X[rows], np.ones((8, 1))], axis=1).astype(np.float64)
            gradient = 2 * x.T @ (x @ w - DATA["y"][rows, 0]) / 8
            w = w + lr * steps(w, gradient, number)
            number += 1
    return w


def weights_of(result: Any) -> np.ndarray:
    layer = result.model.numeric
    return np.concatenate([layer.weight[0], layer.bias])


# --- the numbers of a step ---------------------------------------------------------------------------


def test_gradient_descent_on_the_announced_batches():
    expected = by_hand(lambda w, g, n: -g)
    np.testing.assert_allclose(weights_of(fitted()), expected, rtol=1e-5, atol=1e-6)
    assert not np.allclose(weights_of(fitted(changed(seed=1))), expected, rtol=1e-4)
    np.testing.assert_allclose(
        weights_of(fitted(changed(seed=1))), by_hand(lambda w, g, n: -g, seed=1), rtol=1e-5, atol=1e-6
    )


def test_penalties_pull_weights_but_not_biases():
    def step(w: np.ndarray, gradient: np.ndarray, _: int) -> np.ndarray:
        kept = np.array([1, 1, 1, 0])
        return -(gradient + kept * (0.3 * np.sign(w) + 0.2 * w))

    result = fitted(changed(l1=0.3, l2=0.2))
    np.testing.assert_allclose(weights_of(result), by_hand(step), rtol=1e-4, atol=1e-5)


def test_decay_of_gradient_descent_is_per_unit_of_rate():
    def step(w: np.ndarray, gradient: np.ndarray, _: int) -> np.ndarray:
        return -(gradient + 0.5 * w * np.array([1, 1, 1, 0]))

    result = fitted(changed(weight_decay=0.5))
    np.testing.assert_allclose(weights_of(result), by_hand(step), rtol=1e-5, atol=1e-6)


def test_clipping_scales_the_whole_gradient():
    def step(w: np.ndarray, gradient: np.ndarray, _: int) -> np.ndarray:
        return -gradient * min(1.0, 0.7 / np.linalg.norm(gradient))

    result = fitted(changed(clip=0.7))
    np.testing.assert_allclose(weights_of(result), by_hand(step), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["cosine", "linear", "one-cycle", "wsd", "step", "ramp"])
def test_the_schedule_is_taken_step_by_step_after_the_warm_up(name: str):
    def step(w: np.ndarray, gradient: np.ndarray, number: int) -> np.ndarray:
        rise = min((number + 1) / 2, 1)
        body = SCHEDULES[name](jnp.float32(max(number - 2, 0)), jnp.float32(9 - 2))
        return -gradient * rise * float(body)

    result = fitted(changed(schedule=name, warmup=2 / 9))
    np.testing.assert_allclose(weights_of(result), by_hand(step), rtol=1e-4, atol=1e-6)


def test_the_average_of_weights_by_its_formula():
    path: list[np.ndarray] = []
    by_hand(lambda w, g, n: path.append(w - 0.05 * g) or -g)
    average = np.zeros(4)
    for number, w in enumerate(path):
        decay = min(0.6, (number + 1) / (number + 10))
        average = decay * average + (1 - decay) * w
    np.testing.assert_allclose(weights_of(fitted(changed(ema=0.6))), average, rtol=1e-5, atol=1e-6)


def test_bfloat16_computes_low_and_keeps_high():
    full, low = fitted(changed(epochs=20)), fitted(changed(epochs=20, precision="bfloat16"))
    assert weights_of(low).dtype == np.float32
    assert not np.array_equal(weights_of(low), weights_of(full))
    np.testing.assert_allclose(weights_of(low), weights_of(full), atol=0.03)


def test_running_statistics_are_written_back_and_not_trained():
    model = build("resnet-tabular", inputs=(3,), outputs=1, size=4, depth=1, dropout=0.0)
    config = changed(epochs=1, batch_size=ROWS, lr=1e-30)
    result = train(model, RegressionTask(), DATA, config=config)
    first = np.asarray(model.first(jnp.asarray(X)), np.float64)
    norm = result.model.blocks.blocks.norm
    np.testing.assert_allclose(norm.running_mean[0], 0.1 * first.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(norm.running_var[0], 0.9 + 0.1 * first.var(0, ddof=1), rtol=1e-4)


def test_partition_and_back():
    model = build("resnet-tabular", inputs=(3,), outputs=1, size=4, depth=1)
    trained, rest = partition(model)
    assert trained.norm.running_mean is None
    assert rest.norm.weight is None
    together = named_arrays(combine(trained, rest))
    for path, array in named_arrays(model).items():
        np.testing.assert_array_equal(together[path], array)


# --- feeds -----------------------------------------------------------------------------------------


def test_both_feeds_give_the_same_rows_in_the_same_order():
    order = epoch_order(0, 0, ROWS, 5)
    batches = []
    for feed in (ResidentFeed(DATA), StreamedFeed(DATA)):
        data, places = feed.chunk(order)
        batches.append(np.asarray(data["x"])[np.asarray(places)])
    np.testing.assert_array_equal(*batches)
    np.testing.assert_array_equal(batches[0], X[order])


def test_what_does_not_fit_is_streamed():
    assert isinstance(make_feed(DATA, device_memory=1.0), ResidentFeed)
    assert isinstance(make_feed(DATA, device_memory=1e-6), StreamedFeed)


@pytest.mark.parametrize(("rows", "size"), [(24, 24), (24, 10), (1, 8), (23, 7)])
def test_evaluation_batches_hold_every_row_once(rows: int, size: int):
    data = {name: array[:rows] for name, array in DATA.items()}
    cut = jax.tree.map(np.asarray, evaluation_batches(data, batch_size=size))
    assert cut["weight"].sum() == rows
    flat = cut["x"].reshape(-1, 3)[cut["weight"].reshape(-1) > 0]
    np.testing.assert_array_equal(flat, data["x"])


def test_runs_on_about_as_many_rows_share_their_programs():
    fitted(valid=DATA)
    before = compile_counter().seconds
    fewer = {name: array[:21] for name, array in DATA.items()}
    fitted(data=fewer, valid=fewer)
    assert compile_counter().seconds == before


# --- clock -----------------------------------------------------------------------------------------


def test_steps_that_fit():
    free = Clock(None)
    assert free.left == float("inf")
    free.took(10, 1.0)
    assert free.steps_that_fit(1000) == 50  # five seconds, then somebody may speak
    short = Clock(1.0, reserve=0.5)
    assert short.steps_that_fit(1000) == 1  # nothing is known of a step yet
    short.took(1, 0.1)
    assert 3 <= short.steps_that_fit(1000) <= 5
    assert Clock(0.0).left <= 0


def test_compilation_is_counted_once():
    counter = compile_counter()
    before = counter.seconds
    program = jax.jit(lambda x: jnp.sin(x) * 1.2345)
    program(jnp.ones(7))
    after = counter.seconds
    assert after > before
    program(jnp.ones(7))
    assert counter.seconds == after


def test_a_limit_already_spent_takes_few_steps_and_gives_a_model():
    began = time.perf_counter()
    result = fitted(changed(epochs=10**6, time_limit=0.05, early_stopping=False))
    assert time.perf_counter() - began < 20
    assert result.ended == "time limit"
    assert np.isfinite(weights_of(result)).all()


# --- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", -1),
        ("lr", 0.0),
        ("optimizer", "adma"),
        ("warmup", 1.0),
        ("precision", "float16"),
        ("clip", "a"),
    ],
)
def test_values_out_of_range_are_refused(name: str, value: Any):
    with pytest.raises(ConfigError, match=f"{name} is out of range.*; expected .*, got"):
        make_config(TrainConfig, {name: value})


def test_a_config_checks_itself_and_unknown_keys_are_suggested():
    with pytest.raises(ConfigError, match=r"unknown key 'patiense' .did you mean 'patience'"):
        make_config(TrainConfig, {"patiense": 3})
    config = TrainConfig()
    object.__setattr__(config, "accumulate", 0)
    with pytest.raises(ConfigError, match="accumulate is out of range; expected > 0, got 0"):
        check_values(config)


def test_accumulation_needs_that_many_rows():
    with pytest.raises(ConfigError, match="accumulate is larger than the batch"):
        fitted(changed(accumulate=100))


def test_batches_grow_with_the_rows():
    sizes = [default_batch_size(rows) for rows in (10, 2_000, 8_000, 30_000, 150_000, 10**7)]
    assert sizes == sorted(sizes) == [32, 64, 128, 256, 512, 1024]


# --- callbacks -------------------------------------------------------------------------------------


def test_a_row_an_epoch_in_csv(tmp_path):
    result = fitted(valid=DATA, callbacks=[CSVLogger(tmp_path / "log.csv")])
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [float(row["valid_loss"]) for row in rows] == result.history["valid_loss"]


def test_a_function_after_every_epoch():
    seen = []
    fitted(callbacks=[LambdaCallback(lambda epoch, logs: seen.append((epoch, logs["lr"])))])
    assert seen == [(1, pytest.approx(0.05)), (2, pytest.approx(0.05)), (3, pytest.approx(0.05))]


def test_a_loss_that_is_not_finite_may_end_the_run():
    data = {**DATA, "y": np.full((ROWS, 1), np.nan, np.float32)}
    with pytest.raises(RunError, match="epoch 1: the loss is not finite"):
        fitted(changed(finite_patience=100), data=data, callbacks=[TerminateOnNaN()])


class Watcher(Callback):
    """Lowers the rate after the first epoch and looks at the model."""

    def __init__(self):
        self.models = []

    def on_epoch_end(self, epoch, logs, run):
        self.models.append(run.current_model().numeric.weight.copy())
        run.scale_lr(0.0)


def test_a_callback_sees_the_model_and_moves_the_rate():
    watcher = Watcher()
    result = fitted(callbacks=[watcher])
    np.testing.assert_array_equal(watcher.models[0], watcher.models[2])
    assert result.history["lr"][1:] == [0.0, 0.0]


def test_factor_never_leaves_zero_to_one():
    for name in SCHEDULES:
        for number in (0, 3, 50, 99, 150):
            value = float(factor(name, jnp.float32(number), jnp.float32(100), jnp.float32(5)))
            assert 0 <= value <= 1 + 1e-6, name
