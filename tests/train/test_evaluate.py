"""The end of an epoch: weighted means over batches, the best model, patience, plateaus."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.module import Module
from lamina.core.random import make_key
from lamina.objectives import AbstractObjective, MulticlassObjective, RegressionObjective, Score, Shown
from lamina.train import TrainConfig
from lamina.train.loop.feed import evaluation_batches
from lamina.train.loop.plan import make_hyper, make_program
from lamina.train.step.compiled import jit_end, jit_evaluate, jit_first_state
from lamina.train.step.evaluate import kept_model
from lamina.train.step.program import Program
from lamina.train.step.state import TrainState


class Number(Module):
    """A model that is one number."""

    weight: Any

    def __init__(self, value: float = 0.0):
        self.weight = np.float32([value])

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return x * self.weight[None]


@dataclass(frozen=True)
class Itself(AbstractObjective):
    """Its value is the model's number, so that a test can say what an epoch came to."""

    monitor = MappingProxyType({"loss": False, "gain": True})
    shown = Shown("loss", "valid_loss", lambda value, scale: value)

    @property
    def out_features(self) -> int:
        return 1

    @property
    def score(self) -> Score:
        return Score("loss", lambda truth, given, weights: 0.0)

    def losses(self, model: Any, batch: Any, *, key: Any) -> Any:
        return {"all": (model.weight.sum(), {})}

    def evaluate(self, model: Any, batch: Any, *, key: Any) -> dict[str, Any]:
        weight = batch["weight"].sum()
        drawn = (key[0] >> jnp.uint32(8)).astype(jnp.float32)
        return {
            "loss": model.weight.sum() * weight,
            "gain": model.weight.sum() * weight,
            "drawn": drawn * weight,
            "weight": weight,
        }

    def decode(self, outputs: Any) -> Any:
        return outputs

    def point(self, decoded: Any) -> Any:
        return decoded

    def metrics(self, decoded: Any, targets: Any, weights: Any = None) -> dict[str, float]:
        return {}

    def intervals(self, decoded: Any, targets: Any, weights: Any = None) -> dict[str, tuple[float, float]]:
        return {}


VALID = jax.device_put({"x": np.ones((2, 3, 1), np.float32), "weight": np.ones((2, 3), np.float32)})


class Epochs:
    """Ends one epoch after another, with a model that is the value wanted."""

    def __init__(self, **keys: Any):
        self.config = TrainConfig(optimizer="sgd", lr=0.5, **keys)
        self.program = make_program(Itself(), self.config)
        self.hyper = make_hyper(self.config, total_steps=100)
        self.state: TrainState = jit_first_state(self.program, Number(), make_key(0), self.hyper, False)
        self.epoch, self.logs = 0, []

    def end(self, value: float) -> TrainState:
        self.epoch += 1
        model = jax.tree.map(lambda a: jnp.full_like(a, value), self.state.model)
        state = self.state._replace(model=model, step=self.state.step + 5)
        self.state, metrics = jit_end(self.program, state, VALID, np.int32(self.epoch), self.hyper)
        self.logs.append({name: float(array) for name, array in metrics.items()})
        return self.state

    @property
    def best(self) -> tuple[float, float, int]:
        return float(self.state.best.weight[0]), float(self.state.best_value), int(self.state.best_epoch)


def test_the_best_is_kept_and_the_patience_counted():
    epochs = Epochs(patience=2)
    for value, best, stale, stopped in [
        (3.0, (3.0, 3.0, 1), 0, False),
        (2.0, (2.0, 2.0, 2), 0, False),
        (2.0, (2.0, 2.0, 2), 1, False),  # as good is not better
        (1.0, (1.0, 1.0, 4), 0, False),
        (5.0, (1.0, 1.0, 4), 1, False),
        (4.0, (1.0, 1.0, 4), 2, True),
        (0.5, (1.0, 1.0, 4), 3, True),  # of a population others go on; this one has ended
    ]:
        state = epochs.end(value)
        assert epochs.best == best
        assert (int(state.stale), bool(state.stopped)) == (stale, stopped), value
    assert [logs["loss"] for logs in epochs.logs] == [3.0, 2.0, 2.0, 1.0, 5.0, 4.0, 0.5]


def test_where_higher_is_better_the_highest_is_kept():
    epochs = Epochs(monitor="gain", patience=9)
    for value in (1.0, 4.0, 2.0):
        epochs.end(value)
    assert epochs.best == (4.0, -4.0, 2)
    assert epochs.logs[1]["gain"] == 4.0, "it is logged as it is"


def test_without_early_stopping_the_last_is_kept_and_nothing_stops():
    epochs = Epochs(early_stopping=False, patience=1)
    for value in (1.0, 4.0, 2.0):
        state = epochs.end(value)
    assert epochs.best == (2.0, 1.0, 3) and not bool(state.stopped)


def test_not_a_number_is_never_the_best():
    epochs = Epochs(patience=2)
    epochs.end(float("nan"))
    assert int(epochs.state.best_epoch) == -1 and float(epochs.state.best_value) == np.inf
    epochs.end(7.0)
    epochs.end(float("nan"))
    assert epochs.best == (7.0, 7.0, 2)


def test_a_plateau_lowers_the_rate_and_begins_anew():
    epochs = Epochs(schedule="plateau", plateau_patience=2, plateau_factor=0.1, patience=99)
    scales = [float(epochs.end(value).lr_scale) for value in (1.0, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0, 1.0)]
    np.testing.assert_allclose(scales, [1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01], rtol=1e-6)
    assert epochs.logs[2]["lr"] == pytest.approx(0.5), "that of the epoch, not of the next one"
    assert epochs.logs[3]["lr"] == pytest.approx(0.05)
    other = Epochs(schedule="constant", plateau_patience=1, patience=99)
    assert [float(other.end(1.0).lr_scale) for _ in range(3)] == [1.0, 1.0, 1.0]


def test_the_key_of_an_evaluation_is_the_same_at_every_epoch_and_differs_between_batches():
    epochs = Epochs(patience=9)
    for value in (1.0, 2.0):
        epochs.end(value)
    assert epochs.logs[0]["drawn"] == epochs.logs[1]["drawn"] > 0
    program, model = epochs.program, epochs.state.model
    one = jax.tree.map(lambda a: a[:1], VALID)
    draws = [float(jit_evaluate(program, model, data, make_key(3))["drawn"]) for data in (one, VALID)]
    assert draws[0] != draws[1], "the mean of two batches is not the first of them"


def test_without_validation_the_newest_is_the_best():
    epochs = Epochs()
    state = epochs.state._replace(model=jax.tree.map(lambda a: a + 3, epochs.state.model))
    state, metrics = jit_end(epochs.program, state, None, np.int32(4), epochs.hyper)
    assert (float(state.best.weight[0]), int(state.best_epoch)) == (3.0, 4)
    assert list(metrics) == ["lr"] and float(metrics["lr"]) == 0.5


@pytest.mark.parametrize("size", [4, 7, 64])
def test_means_are_weighted_and_filling_counts_nothing(size: int):
    chance = np.random.default_rng(0)
    x, y = chance.normal(size=(13, 1)).astype(np.float32), chance.normal(size=(13, 1)).astype(np.float32)
    weight = chance.random(13).astype(np.float32)
    data = evaluation_batches({"x": x, "y": y, "weight": weight}, batch_size=size)
    found = jit_evaluate(Program(RegressionObjective()), Number(0.5), data)
    expected = np.average((0.5 * x - y)[:, 0].astype(np.float64) ** 2, weights=weight)
    assert set(found) == {"loss", "mse"}
    assert float(found["mse"]) == pytest.approx(expected, rel=1e-5)


def test_evaluation_is_in_the_arithmetic_of_the_run():
    x = np.full((1, 4, 3), 1.001, np.float32)
    data = {"x": x, "y": np.zeros((1, 4), np.int32), "weight": np.ones((1, 4), np.float32)}
    seen = []

    class Watching(Module):
        weight: Any

        def __init__(self) -> None:
            self.weight = np.ones(3, np.float32)

        def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
            seen.append((x.dtype, self.weight.dtype, key, train))
            return x * self.weight[None]

    program = Program(MulticlassObjective(3), precision="bfloat16")
    jax.eval_shape(functools.partial(jit_evaluate, program), Watching(), data)
    assert set(seen) == {(jnp.dtype("bfloat16"), jnp.dtype("bfloat16"), None, False)}


def test_the_model_that_is_kept_is_the_average_where_there_is_one():
    program = Program(RegressionObjective(), optimizer="sgd")
    hyper = make_hyper(TrainConfig(), total_steps=10)
    state = jit_first_state(program, Number(2.0), make_key(0), hyper, True)
    assert state.average is not None
    average = jax.tree.map(lambda a: a * 0 + 9, state.average)
    assert float(kept_model(program, state._replace(average=average)).weight[0]) == 9.0
    assert float(kept_model(program, state._replace(average=None)).weight[0]) == 2.0
