"""What every optimizer and every schedule promises."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.tree import named_arrays
from lamina.models import build
from lamina.tasks import MulticlassTask, RegressionTask
from lamina.train import OPTIMIZERS, SCHEDULES, TrainConfig, train
from lamina.train.config import OPTIMIZER_NAMES, SCHEDULE_NAMES
from lamina.train.schedules import factor

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
    result = train(model, MulticlassTask(3), rows, rows, config=config)
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
    result = train(model, RegressionTask(), rows, config=config)
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


def test_decay_is_decoupled_and_spares_biases():
    x = np.zeros((4, 1), np.float32)
    rows = {"x": x, "y": np.zeros((4, 1), np.float32), "weight": np.ones(4, np.float32)}
    model = build("linear", inputs=(1,), outputs=1)
    model = jax.tree.map(lambda a: np.ones_like(a), model)
    config = TrainConfig(
        epochs=1, lr=0.1, batch_size=4, optimizer="adamw", weight_decay=0.5, early_stopping=False
    )
    after = train(model, RegressionTask(), rows, config=config).model.numeric
    np.testing.assert_allclose(after.weight, 1 - 0.1 * 0.5, rtol=1e-5)  # no gradient: decay alone
    np.testing.assert_allclose(after.bias, 1 - 0.1, rtol=1e-4)  # Adam's first step alone


@pytest.mark.parametrize("name", SCHEDULE_NAMES)
def test_schedule_stays_between_zero_and_one(name):
    steps = jnp.arange(101.0)
    values = jax.vmap(lambda s: factor(name, s, jnp.array(100.0), jnp.array(0.0)))(steps)
    assert float(values.min()) >= 0 and float(values.max()) <= 1 + 1e-6
    assert float(values.max()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["cosine", "linear", "one-cycle", "wsd"])
def test_schedule_ends_at_zero(name):
    assert float(factor(name, jnp.array(100.0), jnp.array(100.0), jnp.array(0.0))) == pytest.approx(
        0, abs=1e-6
    )


def test_warmup_rises_straight():
    values = [
        float(factor("constant", jnp.array(float(s)), jnp.array(20.0), jnp.array(4.0))) for s in range(6)
    ]
    assert values == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])


def test_adamw_is_optax_adamw():
    import optax

    from lamina.train.adam import adam_rule

    random = np.random.default_rng(0)
    weights = {"a": jnp.asarray(random.normal(size=(5, 3)), jnp.float32), "b": jnp.ones(3, jnp.float32)}
    decayed, finite = {"a": True, "b": False}, jnp.array(True)
    theirs = optax.adamw(3e-3, b1=0.9, b2=0.99, weight_decay=0.1, mask=decayed)
    rule = adam_rule(
        jnp.float32(3e-3), jnp.float32(0.9), jnp.float32(0.99), decay=jnp.float32(0.1), decayed=decayed
    )
    mine, state, their, their_state = weights, rule.init(weights), weights, theirs.init(weights)
    for _ in range(20):
        gradient = jax.tree.map(lambda w: jnp.asarray(random.normal(size=w.shape), jnp.float32), weights)
        mine, state = rule.step(gradient, state, mine, finite)
        with jax.numpy_dtype_promotion("standard"):
            updates, their_state = theirs.update(gradient, their_state, their)
        their = optax.apply_updates(their, updates)
    for name in weights:
        np.testing.assert_allclose(mine[name], their[name], rtol=1e-5, atol=1e-6)


def test_adam_stands_still_at_a_gradient_that_is_not_finite():
    from lamina.train.adam import adam_rule

    weights = {"w": jnp.arange(4, dtype=jnp.float32)}
    rule = adam_rule(jnp.float32(0.1), jnp.float32(0.9), jnp.float32(0.99), decay=0.1, decayed={"w": True})
    moved, state = rule.step({"w": jnp.ones(4)}, rule.init(weights), weights, jnp.array(True))
    bad = {"w": jnp.array([1.0, jnp.nan, jnp.inf, 0.0])}
    still, after = rule.step(bad, state, moved, jnp.array(False))
    for before, now in zip(jax.tree.leaves((moved, state)), jax.tree.leaves((still, after)), strict=True):
        np.testing.assert_array_equal(before, now)
