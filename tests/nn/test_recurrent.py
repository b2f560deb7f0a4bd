"""Recurrent layers: both directions, lengths, pieces of a sequence, stacks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError, ShapeError
from lamina.core.random import make_key
from lamina.nn import GRU, LSTM, RNN, Bidirectional, RecurrentStack

RANDOM = np.random.default_rng(0)
LENGTHS = np.array([6, 1, 4])
PRESENT = np.arange(6) < LENGTHS[:, None]
every = pytest.mark.parametrize("kind", [RNN, LSTM, GRU])


def x_of(*shape: int) -> jax.Array:
    return jnp.asarray(RANDOM.normal(size=shape).astype(np.float32))


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def stack(kind: Any) -> RecurrentStack:
    return RecurrentStack([kind(3, 5, key=0), kind(5, 4, key=1)], dropout=0.3)


@functools.partial(jax.jit, static_argnames="train")
def run(net: Any, x: Any, present: Any = None, key: Any = None, *, train: bool = False) -> Any:
    return net(x, present=present, key=key, train=train)


extend = jax.jit(lambda net, x, cache: net.extend(x, cache))

MAKERS: list[Callable[[Any], Any]] = [lambda kind: kind(3, 4, key=0), stack]


@every
@pytest.mark.parametrize("make", MAKERS, ids=["layer", "stack"])
def test_pieces_are_the_whole(kind: Any, make: Callable[[Any], Any]):
    layer, x = make(kind), x_of(3, 6, 3)
    cache, found = layer.init_cache(3, 6, x.dtype), []
    for piece in (x[:, :2], x[:, 2:4], x[:, 4:5], x[:, 5:]):
        y, cache = extend(layer, piece, cache)
        found.append(y)
    close(jnp.concatenate(found, axis=1), run(layer, x))
    assert all(leaf.shape[0] == 3 for leaf in jax.tree.leaves(cache))


@every
def test_outputs_depend_on_what_was_read_alone(kind: Any):
    x = x_of(1, 6, 3)
    for reverse, unread in ((False, slice(4, 6)), (True, slice(0, 2))):
        layer = kind(3, 4, reverse=reverse, key=0)
        changed = run(layer, x.at[:, unread].add(1.0)) != run(layer, x)
        expected = np.zeros(6, bool)
        expected[unread] = True
        np.testing.assert_array_equal(changed.all(-1)[0], expected)


@every
def test_reverse_is_the_flipped_sequence(kind: Any):
    x = x_of(3, 6, 3)
    layers = [kind(3, 4, reverse=reverse, key=0) for reverse in (True, False)]
    backward, forward = run(layers[0], x, PRESENT), run(layers[1], x[:, ::-1], PRESENT[:, ::-1])
    close(backward, forward[:, ::-1])


@every
def test_a_filled_up_sequence_is_the_short_one(kind: Any):
    """Whatever fills it up: outputs, and gradients, which what is absent does not have."""
    net = RecurrentStack([Bidirectional(functools.partial(kind, 3, 4), key=0), kind(8, 2, key=1)])
    x = x_of(3, 6, 3)

    @jax.jit
    def slope_and_outputs(x: Any) -> Any:
        def loss(x: Any) -> Any:
            y = net(x, present=PRESENT)
            return jnp.where(PRESENT[..., None], y, 0).sum(), y

        return jax.grad(loss, has_aux=True)(x)

    slope, y = slope_and_outputs(x)
    close(y[2:, :4], run(net, x[2:, :4]))
    np.testing.assert_array_equal((slope != 0).all(-1), PRESENT)


def test_bidirectional_is_both_side_by_side_or_their_sum():
    x, make = x_of(2, 5, 3), functools.partial(LSTM, 3, 4)
    plain, projected = Bidirectional(make, key=0), Bidirectional(make, outputs=2, key=0)
    y = run(plain, x)
    close(y, jnp.concatenate([run(plain.forward, x), run(plain.backward, x)], axis=-1))
    assert projected.out_proj is not None
    close(run(projected, x), projected.out_proj(y))


def test_dropout_stands_between_layers():
    x, key = x_of(2, 5, 3), make_key(3)
    net = stack(GRU)
    whole = run(net, x)
    close(run(net, x, key=key), whole)
    first, second = net.layers
    dropped = run(net, x, key=key, train=True)
    assert not np.allclose(dropped, whole)
    assert (dropped != 0).all()  # the last layer's outputs are whole
    alone = RecurrentStack([first], dropout=0.9)
    close(run(alone, x, key=key, train=True), run(first, x))
    close(run(RecurrentStack([first, second]), x, key=key, train=True), whole)


def test_bfloat16_cache_is_float32():
    layer, x = LSTM(3, 4, key=0), x_of(2, 5, 3).astype(jnp.bfloat16)
    cache = layer.init_cache(2, 5, x.dtype)
    y, cache = extend(layer, x[:, :3], cache)
    later, _ = extend(layer, x[:, 3:], cache)
    assert y.dtype == later.dtype == jnp.bfloat16
    np.testing.assert_array_equal(jnp.concatenate([y, later], axis=1), run(layer, x))


def test_refusals():
    x = x_of(2, 5, 3)
    with pytest.raises(ConfigError, match="cannot go on behind it"):
        LSTM(3, 4, reverse=True, key=0).extend(x, LSTM(3, 4, key=0).init_cache(2, 5, x.dtype))
    both = Bidirectional(functools.partial(RNN, 3, 4), key=0)
    for call in (lambda: both.init_cache(2, 5, x.dtype), lambda: both.extend(x, ())):
        with pytest.raises(ConfigError, match="both directions"):
            call()
    with pytest.raises(ConfigError, match="no layers"):
        RecurrentStack([])
    with pytest.raises(ShapeError, match="last axis 4"):
        GRU(4, 3, key=0)(x)
