"""The gradient of a part: slices of a model, precision, penalties, microbatches, clipping, statistics."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.module import Module, buffer
from lamina.core.random import make_key
from lamina.core.tree import named_arrays
from lamina.objectives import RegressionObjective
from lamina.objectives.base import Part
from lamina.train.step.gradient import Found, clip_and_check, gradient_of_part
from lamina.train.step.program import Program, cast, cast_inputs
from lamina.train.step.state import combine, partition, slice_model
from lamina.train.step.statistics import with_statistics


class Line(Module):
    weight: Any
    bias: Any
    running_mean: Any = buffer()
    steps: Any = buffer()

    def __init__(self) -> None:
        self.weight, self.bias = np.float32([[0.5], [-1.0]]), np.float32([0.25])
        self.running_mean = np.zeros(2, np.float32)
        self.steps = np.int32([3])

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        if train:
            self.tap("running_mean", jax.lax.stop_gradient(x.mean(0)))
        return x @ self.weight + self.bias[None]


class Two(Module):
    left: Line
    right: Line

    def __init__(self) -> None:
        self.left, self.right = Line(), Line()


HYPER = {"l1": np.float32(0.3), "l2": np.float32(0.2), "clip": np.float32(1.0)}
CHANCE = np.random.default_rng(0)
X, Y = CHANCE.normal(size=(8, 2)), CHANCE.normal(size=(8, 1))
BATCH = {"x": X.astype(np.float32), "y": Y.astype(np.float32), "weight": np.ones(8, np.float32)}


@dataclasses.dataclass(frozen=True)
class OnPaths(RegressionObjective):
    paths: tuple[str, ...] = ("*",)

    @property
    def parts(self) -> dict[str, Part]:
        return {"all": Part(self.paths)}


def gradient(*, model: Line | None = None, paths: tuple[str, ...] = ("*",), **keys: Any) -> Found:
    program, model = Program(OnPaths(paths=paths), **keys), jax.tree.map(jnp.asarray, model or Line())

    @jax.jit
    def run(model: Any, batch: Any) -> Found:
        slices = slice_model(model, ("*",))
        return gradient_of_part(program, "all", slices, batch, make_key(0), HYPER)

    return jax.device_get(run(model, BATCH))


def by_hand() -> tuple[float, np.ndarray, np.ndarray]:
    error = X @ np.array([[0.5], [-1.0]]) + 0.25 - Y
    return float((error**2).mean()), 2 * X.T @ error / 8, 2 * error.mean(0)


@pytest.mark.parametrize("microbatches", [1, 2, 4, 8])
def test_microbatches_give_the_gradient_of_the_batch(microbatches: int):
    found, (loss, weight, bias) = gradient(accumulate=microbatches), by_hand()
    assert found.loss == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(found.gradient.weight, weight, rtol=1e-5)
    np.testing.assert_allclose(found.gradient.bias, bias, rtol=1e-5)
    np.testing.assert_allclose(found.seen["running_mean"], X.mean(0), rtol=1e-5)
    assert found.gradient.running_mean is None and found.gradient.steps is None and found.metrics == {}


def test_penalties_are_of_weights_that_decay():
    found, (loss, weight, bias) = gradient(penalized=True), by_hand()
    w = np.array([[0.5], [-1.0]])
    assert found.loss == pytest.approx(loss + 0.3 * np.abs(w).sum() + 0.1 * (w**2).sum(), rel=1e-5)
    np.testing.assert_allclose(found.gradient.weight, weight + 0.3 * np.sign(w) + 0.2 * w, rtol=1e-5)
    np.testing.assert_allclose(found.gradient.bias, bias, rtol=1e-5)


class Penalized(Line):
    """Taps penalties of two layers, as a stack of them does."""

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        if train:
            self.tap("layers.penalty", 0.1 * jnp.stack([self.weight.sum(), (self.weight**2).sum()]))
        return super().__call__(x, key=key, train=train)


@pytest.mark.parametrize("microbatches", [1, 2])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_tapped_penalties_are_added_to_the_loss_and_reported(microbatches: int, precision: str):
    plain = gradient(accumulate=microbatches, precision=precision)
    found = gradient(accumulate=microbatches, precision=precision, model=Penalized())
    w = np.array([[0.5], [-1.0]])
    penalty = 0.1 * (w.sum() + (w**2).sum())
    assert found.metrics["penalty"] == pytest.approx(penalty, rel=1e-2 if precision == "bfloat16" else 1e-5)
    assert found.loss == pytest.approx(plain.loss + found.metrics["penalty"], rel=1e-5)
    expected = plain.gradient.weight + 0.1 * (1 + 2 * w)
    np.testing.assert_allclose(found.gradient.weight, expected, rtol=1e-2, atol=1e-3)
    assert found.seen.keys() == {"running_mean"}


def test_a_part_pays_the_penalties_on_its_own_paths():
    found = gradient(model=Penalized(), paths=("other.*", "weight"))
    assert found.metrics == {} and found.loss == pytest.approx(by_hand()[0], rel=1e-5)


def test_bfloat16_computes_low_and_gives_float32_gradients():
    found, (loss, weight, _) = gradient(precision="bfloat16"), by_hand()
    assert found.gradient.weight.dtype == np.float32
    assert found.loss != pytest.approx(loss, rel=1e-6) and found.loss == pytest.approx(loss, rel=2e-2)
    np.testing.assert_allclose(found.gradient.weight, weight, rtol=5e-2, atol=2e-2)


def test_only_floats_of_the_given_kinds_are_cast():
    tree = {"a": jnp.ones(2), "b": jnp.ones(2, jnp.uint8), "c": jnp.ones(2, jnp.int32)}
    kinds = {name: array.dtype.name for name, array in cast(tree, "bfloat16").items()}
    assert kinds == {"a": "bfloat16", "b": "uint8", "c": "int32"}
    both = cast(tree, "bfloat16", kinds=(jnp.float32, jnp.uint8))
    assert both["b"].dtype == jnp.bfloat16 and cast(tree, "float32") is tree
    batch = cast_inputs({"x": jnp.ones(2), "y": jnp.ones(2)}, "bfloat16")
    assert (batch["x"].dtype, batch["y"].dtype) == (jnp.bfloat16, jnp.float32)
    assert cast_inputs({"rollout": jnp.ones(2)}, "bfloat16")["rollout"].dtype == jnp.float32, "no x, no cast"


# --- clipping and the check ----------------------------------------------------------------------


def checked(values: list[float], *, loss: float = 1.0, clipped: bool) -> tuple[np.ndarray, bool]:
    program = Program(RegressionObjective(), clipped=clipped)
    found = Found(jnp.float32(loss), {"a": jnp.asarray(values[:2]), "b": jnp.asarray(values[2:])}, {}, {})
    gradient, finite = jax.jit(lambda found: clip_and_check(program, found, HYPER))(found)
    return np.concatenate([gradient["a"], gradient["b"]]), bool(finite)


def test_the_norm_is_of_the_whole_gradient():
    np.testing.assert_allclose(checked([3.0, 0.0, 4.0], clipped=True)[0], [0.6, 0.0, 0.8], rtol=1e-6)
    np.testing.assert_allclose(checked([3.0, 0.0, 4.0], clipped=False)[0], [3.0, 0.0, 4.0])
    np.testing.assert_array_equal(checked([0.3, 0.0, 0.4], clipped=True)[0], np.float32([0.3, 0.0, 0.4]))
    np.testing.assert_array_equal(checked([0.0, 0.0, 0.0], clipped=True)[0], np.zeros(3))


@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_not_finite_is_found(bad: float, clipped: bool):
    assert checked([1.0, 2.0, 3.0], clipped=clipped)[1]
    assert not checked([1.0, 2.0, 3.0], loss=bad, clipped=clipped)[1]
    for place in range(3):
        values = [1.0, 2.0, 3.0]
        values[place] = bad
        assert not checked(values, clipped=clipped)[1]


# --- slices --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "own"),
    [
        (("*",), ["left.weight", "left.bias", "right.weight", "right.bias"]),
        (("left.*",), ["left.weight", "left.bias"]),
        (("*.bias",), ["left.bias", "right.bias"]),
        (("left.weight", "right.b*"), ["left.weight", "right.bias"]),
    ],
)
def test_a_part_owns_the_parameters_on_its_paths(paths: tuple[str, ...], own: list[str]):
    model = Two()
    slices = slice_model(model, paths)
    assert list(named_arrays(slices.own)) == own
    every = [f"{side}.{name}" for side in ("left", "right") for name in ("weight", "bias")]
    assert list(named_arrays(slices.others)) == [name for name in every if name not in own]
    assert {name.split(".")[1] for name in named_arrays(slices.rest)} == {"running_mean", "steps"}
    joined = named_arrays(slices.join())
    assert joined.keys() == named_arrays(model).keys()
    assert all(joined[name] is array for name, array in named_arrays(model).items())


def test_with_every_path_the_slices_are_the_partition():
    model = Two()
    trained, rest = partition(model)
    slices = slice_model(model, ("*",))
    assert jax.tree.structure(slices.own) == jax.tree.structure(trained)
    assert jax.tree.structure(slices.rest) == jax.tree.structure(rest)
    assert not jax.tree.leaves(slices.others)
    assert named_arrays(combine(trained, rest)).keys() == named_arrays(model).keys()


def test_a_pattern_that_matches_nothing_is_refused():
    with pytest.raises(ConfigError, match=r"rule 'critic.\*' matches no parameter"):
        slice_model(Two(), ("left.*", "critic.*"))


# --- statistics ----------------------------------------------------------------------------------


def test_statistics_are_written_where_the_paths_allow():
    seen = {"left.running_mean": jnp.ones(2), "right.running_mean": jnp.full(2, 2.0)}
    both = with_statistics(Two(), seen, ("*",))
    np.testing.assert_array_equal(both.left.running_mean, np.ones(2))
    np.testing.assert_array_equal(both.right.running_mean, np.full(2, 2.0))
    left = with_statistics(Two(), seen, ("left.*",))
    np.testing.assert_array_equal(left.left.running_mean, np.ones(2))
    np.testing.assert_array_equal(left.right.running_mean, np.zeros(2))


def test_statistics_keep_the_type_of_their_buffer_and_touch_no_parameter():
    seen = {"left.running_mean": jnp.ones(2, jnp.bfloat16)}
    changed = with_statistics(Two(), seen, ("*",))
    assert changed.left.running_mean.dtype == np.float32
    with pytest.raises(ConfigError, match="running statistics have no place in the model"):
        with_statistics(Two(), {"left.weight": jnp.ones((2, 1))}, ("*",))
