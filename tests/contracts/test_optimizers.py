"""What every optimizer and every schedule promises."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from lamina.core.rules import Rules
from lamina.core.tree import named_arrays
from lamina.models import build
from lamina.objectives import MulticlassObjective, RegressionObjective
from lamina.ops.native import library
from lamina.train import OPTIMIZERS, SCHEDULES, TrainConfig, train
from lamina.train.config import OPTIMIZER_NAMES, SCHEDULE_NAMES
from lamina.train.optimizers import muon
from lamina.train.optimizers.adam import adam_rule
from lamina.train.optimizers.muon import muon_rule, orthogonalized
from lamina.train.optimizers.registry import DECAY
from lamina.train.optimizers.schedules import factor
from lamina.train.step.state import partition

RATES = {"sgd": 0.3, "momentum": 0.03, "nesterov": 0.03, "adagrad": 0.1, "lion": 0.003}


def blobs(rows: int = 96):
    random = np.random.default_rng(0)
    labels = np.arange(rows) % 3
    x = random.normal(size=(rows, 4)) + 2.5 * np.eye(4)[labels]
    return {"x": x.astype(np.float32), "y": labels.astype(np.int32), "weight": np.ones(rows, np.float32)}


def test_config_names_are_the_registered_ones():
    assert set(OPTIMIZER_NAMES) == set(OPTIMIZERS)
    assert set(SCHEDULE_NAMES) == set(SCHEDULES)


@pytest.mark.parametrize("name", OPTIMIZER_NAMES)
def test_learns(name):
    rows = blobs()
    model = build("mlp", inputs=(4,), outputs=3, size=16, seed=0)
    config = TrainConfig(
        epochs=30, lr=RATES.get(name, 0.01), optimizer=name, weight_decay=1e-4, batch_size=16
    )
    result = train(model, MulticlassObjective(3), rows, rows, config=config)
    assert max(result.history["valid_accuracy"]) > 0.9
    assert result.skipped == 0
    assert all(np.isfinite(array).all() for array in named_arrays(result.model).values())


def trajectory(name: str, steps: int = 5, **keys) -> np.ndarray:
    """Weights of y = w·x after some full-batch steps from zero."""
    x = np.linspace(-1, 2, 12, dtype=np.float32)[:, None]
    rows = {"x": x, "y": 3 * x, "weight": np.ones(12, np.float32)}
    config = TrainConfig(
        epochs=steps, lr=0.05, batch_size=12, optimizer=name, early_stopping=False, weight_decay=0.0, **keys
    )
    model = build("linear", inputs=(1,), outputs=1)
    result = train(model, RegressionObjective(), rows, config=config)
    return np.array([result.model.numeric.weight[0, 0], result.model.numeric.bias[0]], np.float64)


def by_formula(rule, steps: int = 5) -> np.ndarray:
    """The same in float64; ``rule(gradient, memory, step) -> update``."""
    x = np.linspace(-1, 2, 12)
    w, memory = np.zeros(2), {}
    for step in range(1, steps + 1):
        error = w[0] * x + w[1] - 3 * x
        gradient = np.array([(2 * error * x).mean(), (2 * error).mean()])
        w = w - 0.05 * rule(gradient, memory, step)
    return w


def sgd(g, memory, step):
    return g


def momentum(g, memory, step):
    memory["m"] = 0.9 * memory.get("m", 0) + g
    return memory["m"]


def nesterov(g, memory, step):
    memory["m"] = 0.9 * memory.get("m", 0) + g
    return g + 0.9 * memory["m"]


def adagrad(g, memory, step):
    memory["v"] = memory.get("v", 0.1) + g**2
    return g / np.sqrt(memory["v"] + 1e-7)


def adam(g, memory, step):
    memory["m"] = 0.9 * memory.get("m", 0) + 0.1 * g
    memory["v"] = 0.999 * memory.get("v", 0) + 0.001 * g**2
    return (memory["m"] / (1 - 0.9**step)) / (np.sqrt(memory["v"] / (1 - 0.999**step)) + 1e-8)


def lion(g, memory, step):
    m = memory.get("m", np.zeros(2))
    memory["m"] = 0.999 * m + 0.001 * g
    return np.sign(0.9 * m + 0.1 * g)


@pytest.mark.parametrize(
    "name, rule",
    [("sgd", sgd), ("momentum", momentum), ("nesterov", nesterov), ("adagrad", adagrad), ("adam", adam),
     ("adamw", adam), ("lion", lion)],
)  # fmt: skip
def test_steps_are_those_of_the_formula(name, rule):
    np.testing.assert_allclose(trajectory(name), by_formula(rule), rtol=2e-4)


def powers(x: np.ndarray) -> np.ndarray:
    """What Muon makes of a matrix, by its singular values in float64."""
    u, s, v = np.linalg.svd(x.astype(np.float64), full_matrices=False)
    s = s / np.linalg.norm(s)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u * s @ v * 0.2 * np.sqrt(max(x.shape))


def test_muon_evens_out_singular_values():
    random = np.random.default_rng(0)
    shapes = [(8, 20), (20, 8), (6, 6), (3, 4, 9), (8, 3, 3, 3), (2, 5, 4, 3, 3)]  # the last two convolutions
    arrays = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    steep = (np.linalg.qr(arrays[0].T)[0] * np.logspace(0, -5, 8)).T.astype(np.float32)
    found = jax.jit(orthogonalized)([*arrays, steep])
    for array, y in zip([*arrays, steep], found, strict=True):
        kept = array.ndim - 2 if array.ndim < 4 else array.ndim - 4
        matrices = array.reshape(int(np.prod(array.shape[:kept])), array.shape[kept], -1)
        expected = np.stack([powers(matrix) for matrix in matrices]).reshape(array.shape)
        tolerance = 5e-3 if array is steep else 1e-4
        assert np.linalg.norm(y - expected) < tolerance * np.linalg.norm(expected), array.shape


@pytest.mark.skipif(
    not library.has_kernels("rounded_dense", "float32"), reason="this processor does not multiply bfloat16"
)
def test_muon_iterates_in_rounded_products_where_it_may():
    random = np.random.default_rng(3)
    arrays = [random.normal(size=shape).astype(np.float32) for shape in [(2, 128, 320), (192, 128)]]
    with muon.jax.default_matmul_precision("bfloat16"):
        program = jax.jit(lambda arrays: orthogonalized(arrays))
        assert "rounded_product" in program.lower(arrays).as_text()
        found = program(arrays)
    for array, y in zip(arrays, found, strict=True):
        expected = np.stack([powers(matrix) for matrix in array.reshape(-1, *array.shape[-2:])])
        gap = np.linalg.norm(y.reshape(expected.shape) - expected) / np.linalg.norm(expected)
        assert 1e-4 < gap < 0.05


def test_matrices_of_equal_rows_go_together_where_a_device_is_wide(monkeypatch):
    random = np.random.default_rng(2)
    arrays = [random.normal(size=shape).astype(np.float32) for shape in [(4, 9), (2, 4, 12), (3, 3), (12, 5)]]
    alone = jax.jit(orthogonalized)(arrays)
    monkeypatch.setattr(muon.jax, "default_backend", lambda: "gpu")
    found = jax.jit(lambda arrays: orthogonalized(arrays))(arrays)  # a function of its own is traced anew
    for one, together in zip(alone, found, strict=True):
        np.testing.assert_allclose(together, one, rtol=1e-4, atol=1e-5)


def test_muon_moves_matrices_and_leaves_the_rest_to_adam():
    random = np.random.default_rng(1)
    weight, slopes = random.normal(size=(4, 6)), random.normal(size=(3, 4, 6))
    matrices, decayed = Rules({"1": False}, default=True), [True, True, False]
    rule = muon_rule(
        np.float32(0.1), np.float32(0.8), matrices=matrices, decay=np.float32(0.5), decayed=decayed
    )
    start = [np.float32(weight), np.float32(weight), np.ones(6, np.float32)]
    parameters, state, step = start, rule.init(start), jax.jit(rule.step)
    memory, momentum, expected = {}, 0.0, weight
    for slope in slopes:
        gradient = [np.float32(slope), np.float32(slope), np.float32(slope[0])]
        parameters, state = step(gradient, state, parameters, np.True_)
        momentum = 0.8 * momentum + 0.2 * slope
        expected = expected - 0.1 * (powers(0.8 * momentum + 0.2 * slope) + 0.5 * expected)
        weight = weight - 0.1 * (adam(slope, memory, memory.setdefault("t", 0) + 1) + 0.5 * weight)
        memory["t"] += 1
    np.testing.assert_allclose(parameters[0], expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(parameters[1], weight, rtol=1e-3, atol=1e-4)
    stopped, kept = step([np.float32(np.nan) * g for g in gradient], state, parameters, np.False_)
    jax.tree.map(np.testing.assert_array_equal, (parameters, state), (stopped, kept))


def test_muon_takes_each_expert_of_each_block_as_a_matrix():
    slope = np.random.default_rng(3).normal(size=(2, 3, 4, 6)).astype(np.float32)
    hyper = {name: np.float32(0) for name in ("momentum", "weight_decay")}
    parameters = {"experts": {"weight": np.zeros_like(slope)}}
    rule = OPTIMIZERS["muon"](np.float32(1.0), hyper, {"experts": {"weight": True}})
    found, _ = jax.jit(rule.step)({"experts": {"weight": slope}}, rule.init(parameters), parameters, np.True_)
    for block, expert in np.ndindex(2, 3):
        moved = -powers(slope[block, expert])
        np.testing.assert_allclose(found["experts"]["weight"][block, expert], moved, rtol=1e-3, atol=1e-4)


def test_which_arrays_muon_moves():
    model = build("tabm-mini", inputs=(3,), outputs=1, size=8)
    parameters, _ = partition(model)
    decayed = DECAY.apply(parameters, strict=False)
    hyper = {name: np.float32(0.9) for name in ("momentum", "weight_decay")}
    count = {
        name: len(OPTIMIZERS[name](np.float32(0.1), hyper, decayed).init(parameters).momentum)
        for name in ("muon", "muon-all")
    }
    arrays = {
        path: array for path, array in named_arrays(parameters).items() if array.ndim > 1 and DECAY[path]
    }
    assert count == {"muon": sum(path.startswith("body") for path in arrays), "muon-all": len(arrays)}
    assert count["muon"] < count["muon-all"]


def test_decay_is_decoupled_and_spares_biases():
    zeros = np.zeros((12, 1), np.float32)
    rows = {"x": zeros, "y": zeros, "weight": np.ones(12, np.float32)}
    model = build("linear", inputs=(1,), outputs=1)
    model = jax.tree.map(lambda a: np.ones_like(a), model)
    config = TrainConfig(
        epochs=1, lr=0.1, batch_size=12, optimizer="adamw", weight_decay=0.5, early_stopping=False
    )
    after = train(model, RegressionObjective(), rows, config=config).model.numeric
    np.testing.assert_allclose(after.weight, 1 - 0.1 * 0.5, rtol=1e-5)  # no gradient: decay alone
    np.testing.assert_allclose(after.bias, 1 - 0.1, rtol=1e-4)  # Adam's first step alone


STEPS = np.arange(101, dtype=np.float32)


@functools.partial(jax.jit, static_argnums=0)
def factors(name: str, total: Any, warmup: Any) -> Any:
    return jax.vmap(lambda step: factor(name, step, total, warmup))(STEPS)


@pytest.mark.parametrize("name", SCHEDULE_NAMES)
def test_schedule_stays_between_zero_and_one(name):
    values = np.asarray(factors(name, np.float32(100), np.float32(0)))
    assert values.min() >= 0 and values.max() <= 1 + 1e-6
    assert values.max() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["cosine", "linear", "one-cycle", "wsd"])
def test_schedule_ends_at_zero(name):
    values = np.asarray(factors(name, np.float32(100), np.float32(0)))
    assert values[-1] == pytest.approx(0, abs=1e-6)


def test_warmup_rises_straight():
    values = np.asarray(factors("constant", np.float32(20), np.float32(4)))
    assert values[:6] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])


def test_adamw_is_optax_adamw():
    random = np.random.default_rng(0)
    weights = {"a": random.normal(size=(5, 3)).astype(np.float32), "b": np.ones(3, np.float32)}
    decayed = {"a": True, "b": False}
    theirs = optax.adamw(3e-3, b1=0.9, b2=0.99, weight_decay=0.1, mask=decayed)
    rule = adam_rule(
        jnp.float32(3e-3), jnp.float32(0.9), jnp.float32(0.99), decay=jnp.float32(0.1), decayed=decayed
    )

    @jax.jit
    def step(gradient: Any, mine: Any, state: Any, their: Any, their_state: Any) -> Any:
        mine, state = rule.step(gradient, state, mine, jnp.array(True))
        with jax.numpy_dtype_promotion("standard"):
            updates, their_state = theirs.update(gradient, their_state, their)
        return mine, state, optax.apply_updates(their, updates), their_state

    state, their_state = jax.jit(lambda weights: (rule.init(weights), theirs.init(weights)))(weights)
    mine = their = weights
    for _ in range(20):
        gradient = {name: random.normal(size=w.shape).astype(np.float32) for name, w in weights.items()}
        mine, state, their, their_state = step(gradient, mine, state, their, their_state)
    for name in weights:
        np.testing.assert_allclose(mine[name], their[name], rtol=1e-5, atol=1e-6)


def test_adam_stands_still_at_a_gradient_that_is_not_finite():
    weights = {"w": np.arange(4, dtype=np.float32)}
    rule = adam_rule(jnp.float32(0.1), jnp.float32(0.9), jnp.float32(0.99), decay=0.1, decayed={"w": True})
    step, start = jax.jit(rule.step), jax.jit(rule.init)(weights)
    moved, state = step({"w": np.ones(4, np.float32)}, start, weights, np.array(True))
    bad = {"w": np.array([1.0, np.nan, np.inf, 0.0], np.float32)}
    still, after = step(bad, state, moved, np.array(False))
    for before, now in zip(jax.tree.leaves((moved, state)), jax.tree.leaves((still, after)), strict=True):
        np.testing.assert_array_equal(before, now)
