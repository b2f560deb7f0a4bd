"""The numbers of a step: each mechanism by hand in float64, on the announced batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.random import make_key
from lamina.core.tree import named_arrays
from lamina.data.order import epoch_order
from lamina.models import build
from lamina.objectives import RegressionObjective
from lamina.ops.native import library
from lamina.train import TrainConfig, train
from lamina.train.loop.plan import make_hyper, make_program
from lamina.train.optimizers.schedules import SCHEDULES, factor
from lamina.train.step.compiled import jit_first_state
from lamina.train.step.state import combine, partition
from lamina.train.step.step import train_step


@pytest.fixture
def by_hand(line: dict[str, np.ndarray]) -> Callable[..., np.ndarray]:
    """Train on the same batches in float64; ``step(w, gradient, number) -> change`` per unit of rate."""
    x = np.concatenate([line["x"], np.ones((len(line["x"]), 1))], axis=1).astype(np.float64)

    def descend(step: Any, *, seed: int = 0) -> np.ndarray:
        w, number = np.zeros(4), 0
        for epoch in range(3):
            for rows in epoch_order(seed, epoch, len(x), 8):
                gradient = 2 * x[rows].T @ (x[rows] @ w - line["y"][rows, 0]) / 8
                w = w + 0.05 * step(w, gradient, number)
                number += 1
        return w

    return descend


def weights_of(result: Any) -> np.ndarray:
    layer = result.model.numeric
    return np.concatenate([layer.weight[0], layer.bias])


def test_gradient_descent_on_the_announced_batches(fitted: Any, by_hand: Any):
    expected = by_hand(lambda w, g, n: -g)
    np.testing.assert_allclose(weights_of(fitted()), expected, rtol=1e-5, atol=1e-6)
    assert not np.allclose(weights_of(fitted(seed=1)), expected, rtol=1e-4)
    np.testing.assert_allclose(
        weights_of(fitted(seed=1)), by_hand(lambda w, g, n: -g, seed=1), rtol=1e-5, atol=1e-6
    )


def test_penalties_pull_weights_but_not_biases(fitted: Any, by_hand: Any):
    def step(w: np.ndarray, gradient: np.ndarray, _: int) -> np.ndarray:
        kept = np.array([1, 1, 1, 0])
        return -(gradient + kept * (0.3 * np.sign(w) + 0.2 * w))

    result = fitted(l1=0.3, l2=0.2)
    np.testing.assert_allclose(weights_of(result), by_hand(step), rtol=1e-4, atol=1e-5)


def test_decay_of_gradient_descent_is_per_unit_of_rate(fitted: Any, by_hand: Any):
    def step(w: np.ndarray, gradient: np.ndarray, _: int) -> np.ndarray:
        return -(gradient + 0.5 * w * np.array([1, 1, 1, 0]))

    result = fitted(weight_decay=0.5)
    np.testing.assert_allclose(weights_of(result), by_hand(step), rtol=1e-5, atol=1e-6)


def test_clipping_scales_the_whole_gradient(fitted: Any, by_hand: Any):
    def step(w: np.ndarray, gradient: np.ndarray, _: int) -> np.ndarray:
        return -gradient * min(1.0, 0.7 / np.linalg.norm(gradient))

    result = fitted(clip=0.7)
    np.testing.assert_allclose(weights_of(result), by_hand(step), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(weights_of(fitted(clip=1e6)), weights_of(fitted()))


@pytest.mark.parametrize("name", ["cosine", "linear", "one-cycle", "wsd", "step", "ramp"])
def test_the_schedule_is_taken_step_by_step_after_the_warm_up(name: str, fitted: Any, by_hand: Any):
    schedule = jax.jit(SCHEDULES[name])

    def step(w: np.ndarray, gradient: np.ndarray, number: int) -> np.ndarray:
        rise = min((number + 1) / 2, 1)
        body = schedule(np.float32(max(number - 2, 0)), np.float32(9 - 2))
        return -gradient * rise * float(body)

    result = fitted(schedule=name, warmup=2 / 9)
    np.testing.assert_allclose(weights_of(result), by_hand(step), rtol=1e-4, atol=1e-6)


def test_the_average_of_weights_by_its_formula(fitted: Any, by_hand: Any):
    path: list[np.ndarray] = []
    by_hand(lambda w, g, n: path.append(w - 0.05 * g) or -g)
    average = np.zeros(4)
    for number, w in enumerate(path):
        decay = min(0.6, (number + 1) / (number + 10))
        average = decay * average + (1 - decay) * w
    np.testing.assert_allclose(weights_of(fitted(ema=0.6)), average, rtol=1e-5, atol=1e-6)


def test_bfloat16_computes_low_and_keeps_high(fitted: Any):
    full, low = fitted(epochs=20), fitted(epochs=20, precision="bfloat16")
    assert weights_of(low).dtype == np.float32
    assert not np.array_equal(weights_of(low), weights_of(full))
    np.testing.assert_allclose(weights_of(low), weights_of(full), atol=0.03)


def test_mixed_precision_leaves_small_products_as_they_are(fitted: Any):
    found = fitted(epochs=20, precision="mixed")
    np.testing.assert_array_equal(weights_of(found), weights_of(fitted(epochs=20)))


@pytest.mark.skipif(
    not library.has_kernels("rounded_dense", "float32"), reason="this processor does not multiply bfloat16"
)
def test_mixed_precision_rounds_large_products_in_training_and_evaluation():
    random = np.random.default_rng(0)
    x = random.normal(size=(256, 64)).astype(np.float32)
    data = {"x": x, "y": x[:, :1].copy(), "weight": np.ones(256, np.float32)}
    found = {}
    for precision in ("float32", "mixed"):
        config = TrainConfig(epochs=2, batch_size=256, lr=1e-2, optimizer="sgd", precision=precision)
        model = build("mlp", inputs=(64,), outputs=1, size=128, depth=2, dropout=0.0)
        found[precision] = train(model, RegressionObjective(), data, data, config=config)
    exact, mixed = (np.asarray(found[p].history["valid_loss"], np.float64) for p in ("float32", "mixed"))
    assert 0 < np.abs(mixed - exact).max() < 0.01 * exact.max()
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves(found["mixed"].model))


def test_running_statistics_are_written_back_and_not_trained(line: Any):
    model = build("resnet-tabular", inputs=(3,), outputs=1, size=4, depth=1, dropout=0.0)
    config = TrainConfig(epochs=1, batch_size=24, lr=1e-30, optimizer="sgd")
    result = train(model, RegressionObjective(), line, config=config)
    first = np.asarray(jax.jit(model.first)(line["x"]), np.float64)
    norm = result.model.blocks.blocks.norm
    np.testing.assert_allclose(norm.running_mean[0], 0.1 * first.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(norm.running_var[0], 0.9 + 0.1 * first.var(0, ddof=1), rtol=1e-4)


@pytest.mark.parametrize("keys", [{}, {"clip": 1.0}], ids=["plain", "clipped"])
def test_the_finite_check_is_computed_once_and_not_in_every_update(keys: dict[str, float]):
    config = TrainConfig(**keys)
    program, hyper = make_program(RegressionObjective(), config), make_hyper(config, total_steps=10)

    def inputs_of_fusions(depth: int) -> int:
        """Return how many inputs the fusions have together."""
        model = build("mlp", inputs=(4,), outputs=1, size=8, depth=depth)
        state = jax.eval_shape(lambda: jit_first_state(program, model, make_key(0), hyper, False))
        shapes = {"x": (8, 4), "y": (8, 1), "weight": (8,)}
        batch = {name: jax.ShapeDtypeStruct(shape, np.float32) for name, shape in shapes.items()}
        ids = jax.ShapeDtypeStruct((8,), np.int32)
        compiled = jax.jit(train_step, static_argnums=0).lower(program, state, batch, ids, hyper).compile()
        return compiled.as_text().count(" parameter(")

    # where every update adds up all gradients, they grow squared
    shallow, deep, deeper = (inputs_of_fusions(depth) for depth in (2, 6, 10))
    assert deeper - deep < 1.2 * (deep - shallow)


def test_partition_and_back():
    model = build("resnet-tabular", inputs=(3,), outputs=1, size=4, depth=1)
    trained, rest = partition(model)
    assert trained.norm.running_mean is None
    assert rest.norm.weight is None
    together = named_arrays(combine(trained, rest))
    for path, array in named_arrays(model).items():
        np.testing.assert_array_equal(together[path], array)


def test_factor_never_leaves_zero_to_one():
    total, warmup = np.float32(100), np.float32(5)
    factors = jax.jit(lambda number: {name: factor(name, number, total, warmup) for name in SCHEDULES})
    for number in (0, 3, 50, 99, 150):
        for name, value in jax.device_get(factors(np.float32(number))).items():
            assert 0 <= value <= 1 + 1e-6, name
