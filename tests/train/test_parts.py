"""Objectives of several parts: each moves its own parameters, by its own optimizer, at its own steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core import random
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_bits
from lamina.core.module import Module
from lamina.core.tree import named_arrays
from lamina.nn import BatchNorm, Linear
from lamina.objectives import AbstractObjective, Part, Score, Shown
from lamina.train import TrainConfig, TrainResult, train, train_population
from lamina.train.safeguard.checkpoint import Checkpoints

MODES = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1) * 2
STD, LATENT = 0.2, 4


class Perceptron(Module):
    layers: list[Linear]

    def __init__(self, widths: tuple[int, ...], key: Any):
        keys = random.split(key, len(widths))
        self.layers = [Linear(a, b, key=k) for a, b, k in zip(widths, widths[1:], keys, strict=False)]

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        return self.layers[-1](x)


class Adversaries(Module):
    critic: Perceptron
    generator: Perceptron

    def __init__(self, seed: int = 0, width: int = 64):
        first, second = random.split(random.make_key(seed), 2)
        self.critic = Perceptron((2, width, width, 1), first)
        self.generator = Perceptron((LATENT, width, width, 2), second)


class NoTargets(AbstractObjective):
    """An objective that learns without targets: what ends with decoded predictions has no meaning for it."""

    shown = Shown("distance", "valid_distance", lambda value, scale: value * scale)
    monitor = MappingProxyType({"distance": False})

    @property
    def out_features(self) -> int:
        return 0

    @property
    def score(self) -> Score:
        return Score("distance", lambda truth, given, weights: 0.0)

    def decode(self, outputs: Any) -> Any:
        return outputs

    def point(self, decoded: Any) -> Any:
        return decoded

    def metrics(self, decoded: Any, targets: Any, weights: Any = None) -> dict[str, float]:
        return {}

    def intervals(self, decoded: Any, targets: Any, weights: Any = None) -> dict[str, tuple[float, float]]:
        return {}


@dataclass(frozen=True)
class Adversarial(NoTargets):
    """A critic tells samples from data, a generator makes samples (Goodfellow et al. 2014)."""

    generator_every: int = 1
    generator_lr: float = 1.0

    @property
    def parts(self) -> Mapping[str, Part]:  # type: ignore[override]
        generator = Part(("generator.*",), every=self.generator_every, lr=self.generator_lr)
        return {"critic": Part(("critic.*",)), "generator": generator}

    def losses(self, model: Any, batch: Any, *, key: Any) -> Any:
        fake = model.generator(noise(key, len(batch["x"])))
        on_data, on_fake = model.critic(batch["x"]), model.critic(fake)
        critic = (jax.nn.softplus(-on_data) + jax.nn.softplus(on_fake)).mean()
        right = ((on_data > 0).mean() + (on_fake < 0).mean()) / 2
        return {
            "critic": (critic, {"accuracy": right}),
            "generator": (jax.nn.softplus(-on_fake).mean(), {}),
        }

    def evaluate(self, model: Any, batch: Any, *, key: Any) -> dict[str, Any]:
        """Mean difference of sorted projections of samples and data (sliced Wasserstein distance)."""
        x, weight = batch["x"], batch["weight"]
        fake = model.generator(noise(key, len(x)))
        angles = jnp.arange(8.0) * jnp.pi / 8
        directions = jnp.stack([jnp.cos(angles), jnp.sin(angles)])
        gaps = jnp.abs(jnp.sort(fake @ directions, axis=0) - jnp.sort(x @ directions, axis=0))
        return {"distance": gaps.mean() * weight.sum(), "weight": weight.sum()}


def noise(key: Any, count: int) -> Any:
    """Uniform numbers from -1 to 1, (count, LATENT)."""
    return hashed_bits(key, (count, LATENT)).astype(jnp.float32) * np.float32(2.0**-31) - 1


def ring(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(seed)
    x = MODES[chance.integers(8, size=count)] + STD * chance.normal(size=(count, 2))
    return {"x": x.astype(np.float32), "weight": np.ones(count, np.float32)}


CONFIG = TrainConfig(
    epochs=20, batch_size=256, lr=2e-3, optimizer="adam", momentum=0.5, early_stopping=False, ema=0.99
)


def samples(model: Adversaries, count: int = 4096) -> np.ndarray:
    return np.asarray(jax.jit(model.generator)(noise(random.make_key(99), count)))


def shares(points: np.ndarray) -> np.ndarray:
    """Share of the points within three standard deviations of each mode."""
    distances = np.linalg.norm(points[:, None] - MODES, axis=-1)
    return (distances < 3 * STD).mean(axis=0)


@pytest.fixture(scope="module")
def ring_found() -> TrainResult:
    return train(Adversaries(), Adversarial(), ring(16384), ring(1024, seed=1), config=CONFIG)


def test_a_critic_and_a_generator_find_every_mode(ring_found: TrainResult):
    found = shares(samples(ring_found.model))
    assert found.min() > 0.05 and found.sum() > 0.8, found.round(3)
    assert shares(samples(Adversaries())).max() < 0.05, "untrained it finds none"


def test_the_history_holds_the_means_of_each_part(ring_found: TrainResult):
    history = ring_found.history
    parts = ["train_critic_loss", "train_critic_accuracy", "train_generator_loss"]
    assert list(history) == ["epoch", "train_loss", *parts, "valid_distance", "lr", "seconds"]
    np.testing.assert_allclose(
        history["train_loss"],
        np.add(history["train_critic_loss"], history["train_generator_loss"]),
        rtol=1e-6,
    )
    assert history["train_critic_loss"][-1] == pytest.approx(2 * np.log(2), abs=0.05), "neither side wins"
    assert history["train_critic_accuracy"][-1] == pytest.approx(0.5, abs=0.05)
    assert history["valid_distance"][-1] < 0.3 * history["valid_distance"][0]
    assert ring_found.history["valid_distance"][ring_found.best_epoch - 1] == history["valid_distance"][-1]


SHORT = dataclasses.replace(CONFIG, epochs=3, chunk=3)


def short(objective: Adversarial | None = None, *, seed: int = 0, **keys: Any) -> TrainResult:
    config = keys.pop("config", SHORT)
    data = keys.pop("data", ring(2048))
    return train(Adversaries(seed, 16), objective or Adversarial(), data, config=config, **keys)


def stop_at(chunk: int) -> Any:
    calls = iter(range(1, 999))
    return lambda: "interrupted" if next(calls) == chunk else None


def bits(result: TrainResult) -> list[bytes]:
    return [np.asarray(array).tobytes() for array in named_arrays(result.state).values()]


@pytest.mark.parametrize("objective", [Adversarial(), Adversarial(generator_every=3, generator_lr=0.5)])
def test_a_run_killed_in_mid_epoch_ends_with_the_same_bits(tmp_path: Any, objective: Adversarial):
    whole = short(objective)
    stopped = short(objective, should_stop=stop_at(5))
    assert stopped.steps == 14 and stopped.epochs == 1, "in the middle of the second epoch"
    Checkpoints(tmp_path).write(stopped.snapshot)
    resumed = short(objective, resume=Checkpoints(tmp_path).latest())
    assert bits(resumed) == bits(whole)
    assert resumed.history["train_generator_loss"] == whole.history["train_generator_loss"]
    assert not set(bits(stopped)) >= set(bits(whole))


def population(**keys: Any) -> list[TrainResult]:
    models = [Adversaries(seed, 16) for seed in range(4)]
    keys = {"config": SHORT, "seeds": range(4), **keys}
    return train_population(models, Adversarial(), ring(2048), ring(512, seed=1), **keys)


def test_a_population_of_four_is_four_runs_and_resumes_with_the_same_bits(tmp_path: Any):
    together = population()
    for seed, member in enumerate(together):
        config = dataclasses.replace(SHORT, seed=seed)
        alone = short(seed=seed, config=config, valid=ring(512, seed=1))
        for path, array in named_arrays(alone.model).items():
            np.testing.assert_allclose(named_arrays(member.model)[path], array, atol=2e-4, err_msg=path)
        np.testing.assert_allclose(
            member.history["train_critic_loss"], alone.history["train_critic_loss"], rtol=1e-3
        )
    Checkpoints(tmp_path).write(population(should_stop=stop_at(5))[0].snapshot)
    resumed = population(resume=Checkpoints(tmp_path).latest())
    assert [bits(one) for one in resumed] == [bits(one) for one in together]
    assert [one.history["train_loss"] for one in resumed] == [one.history["train_loss"] for one in together]


# --- two quadratics, by hand ---------------------------------------------------------------------


class Pair(Module):
    first: Any
    second: Any

    def __init__(self) -> None:
        self.first, self.second = np.float32([1.0, -2.0]), np.float32([3.0])


@dataclass(frozen=True)
class Quadratics(NoTargets):
    """The first part descends |first|² / 2 times the mean of x, the second (second - sum of first)² / 2."""

    every: int = 1
    lr: float = 1.0
    paths: tuple[str, ...] = ("second",)

    @property
    def parts(self) -> Mapping[str, Part]:  # type: ignore[override]
        return {"one": Part(("first",)), "two": Part(self.paths, every=self.every, lr=self.lr)}

    def losses(self, model: Any, batch: Any, *, key: Any) -> Any:
        one = ((model.first**2).sum() * batch["x"] * batch["weight"]).mean() / 2
        gap = (model.second - model.first.sum()).sum()
        two = (gap**2 * batch["weight"]).mean() / 2
        return {"one": (one, {}), "two": (two, {"gap": gap})}

    def evaluate(self, model: Any, batch: Any, *, key: Any) -> dict[str, Any]:
        return {"distance": model.first.sum() * batch["weight"].sum(), "weight": batch["weight"].sum()}


def quadratic(objective: Quadratics, x: Any = None, **keys: Any) -> TrainResult:
    x = np.ones(12, np.float32) if x is None else x
    plain = {"epochs": 1, "batch_size": 2, "lr": 0.1, "optimizer": "sgd", "weight_decay": 0.0}
    config = TrainConfig(**{**plain, **keys})
    return train(Pair(), objective, {"x": x, "weight": np.ones(12, np.float32)}, config=config)


def by_hand(*, every: int = 1, lr: float = 1.0, steps: int = 6) -> tuple[np.ndarray, np.ndarray, list, list]:
    first, second, losses, gaps = np.array([1.0, -2.0]), np.array([3.0]), [], []
    for step in range(steps):
        first = first - 0.1 * first
        if step % every == 0:  # on the first that has moved already
            gap = second - first.sum()
            losses.append(gap[0] ** 2 / 2)
            gaps.append(gap[0])
            second = second - 0.1 * lr * gap
    return first, second, losses, gaps


@pytest.mark.parametrize(("every", "lr"), [(1, 1.0), (1, 0.5), (2, 1.0), (4, 2.0)])
@pytest.mark.parametrize("keys", [{}, {"accumulate": 2}, {"chunk": 1}], ids=str)
def test_parts_move_in_order_at_their_steps_by_their_rates(every: int, lr: float, keys: dict[str, Any]):
    result = quadratic(Quadratics(every, lr), **keys)
    first, second, losses, gaps = by_hand(every=every, lr=lr)
    np.testing.assert_allclose(result.model.first, first, rtol=1e-6)
    np.testing.assert_allclose(result.model.second, second, rtol=1e-6)
    assert result.history["train_two_loss"] == [pytest.approx(np.mean(losses), rel=1e-5)]
    assert result.history["train_two_gap"] == [pytest.approx(np.mean(gaps), rel=1e-5)]


def test_a_step_is_skipped_as_a_whole_where_one_part_is_not_finite():
    x = np.ones(12, np.float32)
    x[5] = np.nan  # the first part's loss alone
    result = quadratic(Quadratics(), x, optimizer="adam")
    assert result.skipped == 1
    first, second, *_ = by_hand(steps=5)
    plain = quadratic(Quadratics(), x)
    np.testing.assert_allclose(plain.model.first, first, rtol=1e-6)
    np.testing.assert_allclose(plain.model.second, second, rtol=1e-6, err_msg="it stood still too")
    steps = [result.state.optimizer[part].steps for part in ("one", "two")]
    assert [int(step) for step in steps] == [5, 5]


def test_the_gradient_of_each_part_is_clipped_by_its_own_norm():
    result = quadratic(Quadratics(), clip=0.5, batch_size=12)
    first = np.array([1.0, -2.0]) * (1 - 0.1 * 0.5 / np.sqrt(5))
    np.testing.assert_allclose(result.model.first, first, rtol=1e-6)
    np.testing.assert_allclose(result.model.second, [3 - 0.1 * 0.5], rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["adamw", "muon", "momentum", "schedule-free"])
def test_each_part_has_an_optimizer_of_its_own(optimizer: str):
    result = quadratic(Quadratics(), optimizer=optimizer)
    assert list(result.state.optimizer) == ["one", "two"]
    sizes = [
        {array.shape for array in jax.tree.leaves(result.state.optimizer[part]) if array.ndim}
        for part in ("one", "two")
    ]
    assert sizes == [{(2,)}, {(1,)}]


def test_the_average_is_of_all_parts():
    result = quadratic(Quadratics(), ema=0.5, batch_size=12, epochs=1)
    decay = 1 / 10
    first, second, *_ = by_hand(steps=1)
    average = decay * np.array([1.0, -2.0]) + (1 - decay) * first
    np.testing.assert_allclose(result.model.first, average, rtol=1e-6)
    np.testing.assert_allclose(result.model.second, decay * 3.0 + (1 - decay) * second, rtol=1e-6)


def test_a_part_that_moves_nothing_is_refused():
    with pytest.raises(ConfigError, match="rule 'third' matches no parameter; expected paths such as first"):
        quadratic(Quadratics(paths=("third",)))


def test_the_monitored_value_is_the_objectives_own():
    with pytest.raises(ConfigError, match="expected one of distance, got 'accuracy'"):
        quadratic(Quadratics(), monitor="accuracy")


# --- running statistics --------------------------------------------------------------------------


class Normed(Module):
    left: BatchNorm
    right: BatchNorm

    def __init__(self) -> None:
        self.left, self.right = BatchNorm(2), BatchNorm(2)


@dataclass(frozen=True)
class Statistics(NoTargets):
    """Both parts look through both norms."""

    @property
    def parts(self) -> Mapping[str, Part]:  # type: ignore[override]
        return {"left": Part(("left.*",)), "right": Part(("right.*",), every=2)}

    def losses(self, model: Any, batch: Any, *, key: Any) -> Any:
        y = model.right(model.left(batch["x"], train=True) + 5.0, train=True)
        return {"left": ((y**2).mean(), {}), "right": (y.mean(), {})}

    def evaluate(self, model: Any, batch: Any, *, key: Any) -> dict[str, Any]:
        return {"distance": batch["weight"].sum(), "weight": batch["weight"].sum()}


def test_a_part_writes_the_running_statistics_on_its_own_paths():
    """The left norm's at every step, the right one's at every second: no step counts twice."""
    x = np.random.default_rng(0).normal(3.0, 2.0, (8, 2)).astype(np.float32)
    data = {"x": x, "weight": np.ones(8, np.float32)}
    config = TrainConfig(epochs=3, batch_size=8, lr=1e-30, optimizer="sgd")
    model = train(Normed(), Statistics(), data, config=config).model
    np.testing.assert_allclose(model.left.running_mean, x.mean(0) * (1 - 0.9**3), rtol=1e-5)
    np.testing.assert_allclose(model.right.running_mean, np.full(2, 5.0) * (1 - 0.9**2), rtol=1e-4)
