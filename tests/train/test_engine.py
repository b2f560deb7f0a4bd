"""Engines: one model or a population in shards, with numbers, orders and states of their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import lamina.train.loop.engine as engines
from lamina.core.errors import ArtifactError, ConfigError
from lamina.core.random import make_key
from lamina.core.tree import named_arrays
from lamina.data.order import epoch_order
from lamina.models import build
from lamina.objectives import RegressionObjective
from lamina.train import TrainConfig
from lamina.train.loop.engine import SWEPT, PopulationEngine, SingleEngine, equal_shards, member_states
from lamina.train.loop.loop import Loop
from lamina.train.loop.plan import make_hyper, make_program
from lamina.train.loop.states import States

CONFIG = TrainConfig(epochs=4, lr=0.05, batch_size=8, optimizer="sgd", warmup=0.25, ema=0.5)
PROGRAM, HYPER = make_program(RegressionObjective(), CONFIG), make_hyper(CONFIG, total_steps=40)


def models(count: int) -> list[Any]:
    return [build("mlp", inputs=(3,), outputs=1, size=4, depth=1, seed=seed) for seed in range(count)]


def population(count: int = 4, *, seeds: Any = None, **sweep: Any) -> PopulationEngine:
    seeds = range(count) if seeds is None else seeds
    return PopulationEngine(models(count), PROGRAM, CONFIG, HYPER, seeds=seeds, sweep=sweep)


def single(config: TrainConfig = CONFIG) -> SingleEngine:
    return SingleEngine(models(1)[0], PROGRAM, config, HYPER)


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "LEAST_MEMBERS", 2)


def test_a_schedule_is_shortened_by_its_length_alone():
    engine = single()
    engine.shorten(0.5)
    changed = {name for name in HYPER if engine.hyper[name] != HYPER[name]}
    assert changed == {"total", "warmup"}
    assert (engine.hyper["total"], engine.hyper["warmup"]) == (20, 5)
    engine.shorten(0.25)
    assert engine.hyper["total"] == 10, "of the plan, not of what was left of it"
    engine.shorten(1.0)
    assert all(engine.hyper[name] == HYPER[name] for name in HYPER)
    assert engine.hyper["total"].dtype == np.float32


def test_numbers_that_are_swept_are_the_members_own():
    engine = population(2, lr=[0.1, 0.2], warmup=[0.0, 0.5])
    np.testing.assert_allclose(engine.hyper["lr"], [0.1, 0.2])
    np.testing.assert_allclose(engine.hyper["warmup"], [0, 20])
    np.testing.assert_allclose(engine.hyper["total"], [40, 40])
    engine.shorten(0.5)
    np.testing.assert_allclose(engine.hyper["warmup"], [0, 10])


@pytest.mark.parametrize("name", SWEPT)
def test_each_number_may_be_swept(name: str):
    engine = population(2, **{name: [0.25, 0.5]})
    assert engine.hyper[name].shape == (2,) and engine.hyper[name][0] != engine.hyper[name][1]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"epochs": [1, 2]}, "'epochs' cannot be swept; expected one of lr, weight_decay"),
        ({"lr": [0.1]}, "lr: one value a member; expected 2, got 1"),
        ({"seeds": [1, 2, 3]}, "seeds: one value a member; expected 2, got 3"),
    ],
)
def test_what_fits_no_member_is_refused(keys: dict[str, Any], said: str):
    with pytest.raises(ConfigError, match=said):
        population(2, **keys)


@pytest.mark.parametrize(
    ("members", "sizes"), [(1, [1]), (8, [8]), (64, [64]), (128, [64, 64]), (192, [64] * 3)]
)
def test_shards_are_equal_and_in_order(members: int, sizes: list[int]):
    slices = equal_shards(members)
    assert [one.stop - one.start for one in slices] == sizes
    assert [index for one in slices for index in range(one.start, one.stop)] == list(range(members))


@pytest.mark.parametrize("members", [67, 131])
def test_a_prime_population_is_one_shard(members: int):
    assert equal_shards(members) == [slice(0, members)]


@pytest.mark.usefixtures("small_shards")
def test_states_are_stacked_and_unstacked():
    engine = population(4)
    states = States(engine)
    assert len(states.shards) == 2
    whole = states.whole
    assert whole.step.shape == (4,) and whole.key.shape == (4, 2)
    for seed, (model, member) in enumerate(zip(models(4), member_states(whole, 4), strict=True)):
        np.testing.assert_array_equal(member.key, make_key(seed))
        for path, array in named_arrays(model).items():
            np.testing.assert_array_equal(named_arrays(member.model)[path], array)
    states.whole = whole._replace(step=np.arange(4, dtype=np.int32))
    assert [shard.step.tolist() for shard in states.shards] == [[0, 1], [2, 3]]
    assert states.value("step").tolist() == [0, 1, 2, 3] and states.step == 3
    states.scale_lr(0.5)
    assert states.value("lr_scale").tolist() == [0.5] * 4
    assert not states.is_stopped
    states.whole = states.whole._replace(stopped=np.array([True, True, True, False]))
    assert not states.is_stopped, "one goes on"
    states.whole = states.whole._replace(stopped=np.ones(4, bool))
    assert states.is_stopped


@pytest.mark.parametrize("make", [population, single])
@pytest.mark.usefixtures("small_shards")
def test_a_state_comes_back_from_its_arrays(make: Any):
    states, other = States(make()), States(make())
    states.scale_lr(0.25)
    arrays = states.arrays()
    assert {"model.head.weight", "best.head.weight", "average.head.weight", "step"} <= set(arrays)
    other.restore(arrays)
    for name, array in other.arrays().items():
        np.testing.assert_array_equal(array, arrays[name])
    arrays["step"] += 7
    assert other.step == 0, "they are copies"
    del arrays["step"]
    with pytest.raises(ArtifactError, match="array 'step' is missing"):
        other.restore(arrays)


def in_order(epoch: int) -> Callable[[int], np.ndarray]:
    return lambda seed: epoch_order(seed, epoch, 24, 8)


def test_the_order_of_one_is_that_of_its_seed():
    engine = single(TrainConfig(seed=5))
    np.testing.assert_array_equal(engine.order(in_order(2)), epoch_order(5, 2, 24, 8))


def test_orders_of_a_population_are_shared_where_seeds_are():
    own, shared = population(3), population(3, seeds=[4, 4, 4])
    assert own.order(in_order(1)).shape == (3, 3, 8) and shared.order(in_order(1)).shape == (3, 8)
    for seed, order in enumerate(own.order(in_order(1))):
        np.testing.assert_array_equal(order, epoch_order(seed, 1, 24, 8))
    np.testing.assert_array_equal(shared.order(in_order(1)), epoch_order(4, 1, 24, 8))


@pytest.mark.usefixtures("small_shards")
def test_a_chunk_gives_one_mean_a_member_whatever_the_shards(line: Any, monkeypatch: pytest.MonkeyPatch):
    found = []
    for least in (2, 64):
        monkeypatch.setattr(engines, "LEAST_MEMBERS", least)
        engine = population(4, lr=[0.01, 0.02, 0.03, 0.04])
        states, order = States(engine), engine.order(in_order(0)).astype(np.int32)
        means = states.chunk(line, order, order, 3)
        metrics = states.end(jax.tree.map(lambda a: a[None], line), 1)
        assert np.shape(means["all"]["loss"]) == np.shape(metrics["loss"]) == (4,)
        assert states.value("step").tolist() == [3] * 4
        np.testing.assert_allclose(metrics["lr"], 0.3 * np.array([0.01, 0.02, 0.03, 0.04]), rtol=1e-6)
        found.append([means["all"]["loss"], metrics["loss"], states.whole.model.head.weight])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_the_loop_is_small():
    """What it does is in the classes it drives."""
    methods = [name for name, _ in inspect.getmembers(Loop, inspect.isfunction) if name != "__init__"]
    assert len([name for name in methods if not name.startswith("_")]) <= 6
    assert len([name for name in methods if name.startswith("_")]) <= 6
