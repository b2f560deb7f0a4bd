"""Taps under every transformation they were promised for."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.random import make_key
from lamina.core.taps import carried, intervene, is_heard, observe, remat, tap
from lamina.nn import Linear, Stack, relu
from lamina.nn.stack import Sequential


def double(x):
    return tap("double", 2 * x) + 1


def test_nobody_listening_is_the_identity():
    assert double(3) == 7


def test_observe_under_jit_and_grad():
    function = jax.jit(observe(double, "double"))
    y, seen = function(jnp.array(3.0))
    assert (float(y), float(seen["double"])) == (7.0, 6.0)
    gradient, seen = jax.grad(observe(double, "double"), has_aux=True)(jnp.array(3.0))
    assert (float(gradient), float(seen["double"])) == (2.0, 6.0)


def test_observe_under_vmap():
    _, seen = jax.vmap(observe(double, "double"))(jnp.arange(3.0))
    np.testing.assert_array_equal(seen["double"], [0, 2, 4])


def test_intervene_changes_the_output_and_its_gradient():
    changed = intervene(double, {"double": lambda v: v * 10})
    assert float(changed(jnp.array(1.0))) == 21
    assert float(jax.grad(changed)(jnp.array(1.0))) == 20


def test_listeners_nest_and_leave_nothing_behind():
    inner = observe(double, "double")
    y, seen = observe(lambda x: inner(x)[0] + double(x), "double")(1)
    assert (y, seen) == (6, {"double": 2})
    assert double(1) == 3


def test_a_pattern_without_match_is_an_error_with_a_suggestion():
    with pytest.raises(ConfigError, match=r"no tap matches 'dubble' .did you mean 'double'"):
        observe(double, "dubble")(1)
    with pytest.raises(ConfigError, match="no tap matches"):
        intervene(double, {"other": lambda v: v})(1)


def test_a_function_compiled_before_is_silent_and_says_so():
    compiled = jax.jit(double)
    compiled(jnp.array(1.0))
    with pytest.raises(ConfigError, match=r"wrap the model before jax\.jit"):
        observe(compiled, "double")(jnp.array(1.0))


def test_an_exception_inside_does_not_leave_a_listener():
    def broken(x):
        tap("double", x)
        raise KeyError("inside")

    with pytest.raises(KeyError):
        observe(broken, "double")(1)
    assert double(1) == 3


def test_remat_carries_values_and_keeps_gradients():
    def function(x):
        return remat(lambda v: tap("square", v * v) * 3)(x).sum()

    (value, seen), gradient = jax.value_and_grad(observe(function, "square"), has_aux=True)(jnp.arange(3.0))
    assert float(value) == 15
    np.testing.assert_array_equal(seen["square"], [0, 1, 4])
    np.testing.assert_array_equal(gradient, [0, 6, 12])


class Block(Linear):
    def __call__(self, x, *, key=None, train=False):
        return self.tap("output", relu(super().__call__(x)))


def make_stack(unroll: bool) -> Stack:
    return Stack(lambda key: Block(3, 3, key=key), depth=4, unroll=unroll, key=0)


@pytest.mark.parametrize("unroll", [False, True])
def test_scan_stacks_what_it_saw(unroll):
    x = jnp.ones((2, 3))
    y, seen = jax.jit(observe(make_stack(unroll), "*output"))(x)
    assert seen["blocks.output"].shape == (4, 2, 3)
    np.testing.assert_allclose(np.asarray(seen["blocks.output"])[-1], y)
    np.testing.assert_allclose(make_stack(unroll)(x), y, rtol=1e-6)


def test_scan_inside_remat_inside_jit_inside_grad():
    stack = make_stack(False)

    def loss(stack, x):
        return remat(stack)(x).sum()

    def plain(stack, x):
        return stack(x).sum()

    x = jnp.ones((2, 3))
    gradient, seen = jax.jit(jax.grad(observe(loss, "*output"), has_aux=True))(stack, x)
    assert seen["blocks.output"].shape == (4, 2, 3)
    expected = jax.jit(jax.grad(plain))(stack, x)
    for a, b in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_intervention_reaches_into_a_scan():
    y = intervene(make_stack(False), {"blocks.output": jnp.zeros_like})(jnp.ones((2, 3)))
    np.testing.assert_array_equal(y, np.zeros((2, 3)))


def test_vmap_inside_the_observed_function():
    def mapped(x):
        inner, hand_on = carried(double)
        y, values = jax.vmap(inner)(x)
        hand_on(values)
        return y

    _, seen = observe(mapped, "double")(jnp.arange(3.0))
    np.testing.assert_array_equal(seen["double"], [0, 2, 4])


def test_sequential_gives_each_layer_its_own_key():
    from lamina.nn import Dropout

    net = Sequential([Dropout(0.5), lambda x: tap("middle", x), Dropout(0.5)])
    observed = jax.jit(lambda x, key: observe(net, "middle")(x, key=key, train=True))
    y, seen = observed(np.ones(1000, np.float32), make_key(0))
    kept = np.asarray(seen["middle"]) != 0
    assert 0.4 < (np.asarray(y)[kept] != 0).mean() < 0.6


def test_a_tap_is_heard_by_those_who_watch_or_replace_it():
    def formed(x):
        return tap("double", 2 * x) + 1 if is_heard("double") else x * 0

    assert formed(3) == 0
    assert observe(formed, "single", strict=False)(3) == (0, {})
    assert observe(formed, "dou*")(3) == (7, {"double": 6})
    assert intervene(formed, {"double": lambda v: 0 * v})(3) == 1
    with pytest.raises(ConfigError, match=r"no tap matches 'dubble' \(did you mean 'double'"):
        observe(formed, "dubble")(3)
