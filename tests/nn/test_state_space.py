"""State-space layers: causal, in pieces as a whole, and what they begin as."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina import nn
from lamina.core.errors import ConfigError
from lamina.core.random import Blank
from lamina.core.tree import named_arrays
from lamina.train.optimizers.registry import DECAY, MUON

WIDTH, TIME = 6, 11
LAYERS: dict[str, Any] = {
    "CausalConv": nn.CausalConv,
    "S4D": functools.partial(nn.S4D, state=3),
    "LRU": functools.partial(nn.LRU, state=5),
    "Mamba": functools.partial(nn.Mamba, state=3),
    "Mamba2": functools.partial(nn.Mamba2, state=4, head_width=3, groups=2),
}
every = pytest.mark.parametrize("name", LAYERS)


@functools.cache
def make(name: str) -> Any:
    return LAYERS[name](WIDTH, key=0)


def sequence(seed: int = 0) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=(2, TIME, WIDTH)), jnp.float32)


whole = jax.jit(lambda layer, x: layer(x))


@jax.jit
def in_pieces(layer: Any, x: jax.Array) -> jax.Array:
    cache, pieces = layer.init_cache(x.shape[0], x.shape[1], x.dtype), []
    for begin, end in [(0, 5), (5, 6), (6, TIME)]:
        y, cache = layer.extend(x[:, begin:end], cache)
        pieces.append(y)
    return jnp.concatenate(pieces, axis=1)


@every
def test_in_pieces_is_as_a_whole(name: str):
    layer, x = make(name), sequence()
    np.testing.assert_allclose(in_pieces(layer, x), whole(layer, x), rtol=1e-5, atol=1e-5)


@every
def test_the_leading_axis_of_the_cache_is_the_batch(name: str):
    shapes = [leaf.shape for leaf in jax.tree.leaves(make(name).init_cache(7, 3, jnp.float32))]
    assert all(shape[0] == 7 for shape in shapes)


@every
def test_what_comes_later_does_not_matter(name: str):
    layer, x = make(name), sequence()
    changed = jnp.concatenate([x[:, :6], sequence(1)[:, 6:]], axis=1)
    np.testing.assert_allclose(whole(layer, changed)[:, :6], whole(layer, x)[:, :6], rtol=1e-5, atol=1e-5)
    assert np.abs(whole(layer, changed)[:, 6:] - whole(layer, x)[:, 6:]).max() > 1e-2


@every
def test_a_blank_key_draws_nothing(name: str):
    blank = named_arrays(LAYERS[name](WIDTH, key=Blank(10_000)))
    assert {path: array.shape for path, array in blank.items()} == {
        path: array.shape for path, array in named_arrays(make(name)).items()
    }


def test_s4d_is_the_zero_order_hold_of_its_equation():
    layer, x = make("S4D"), sequence()
    eigenvalues = -np.exp(layer.A_real_log) + 1j * layer.A_imag
    np.testing.assert_allclose(eigenvalues, np.tile(-0.5 + 1j * np.pi * np.arange(3), (WIDTH, 1)), rtol=1e-6)
    decay = np.exp(np.exp(layer.step_log)[:, None] * eigenvalues)
    output = layer.C[..., 0] + 1j * layer.C[..., 1]
    state, wanted = np.zeros((2, WIDTH, 3), complex), []
    for time in range(TIME):
        state = decay * state + (decay - 1) / eigenvalues * np.asarray(x)[:, time, :, None]
        wanted.append(2 * (output * state).sum(-1).real + layer.D * np.asarray(x)[:, time])
    mixed = layer.mix(nn.gelu(jnp.asarray(np.stack(wanted, 1), jnp.float32)))
    wanted_y = mixed[..., :WIDTH] * jax.nn.sigmoid(mixed[..., WIDTH:])
    np.testing.assert_allclose(whole(layer, x), wanted_y, rtol=1e-4, atol=1e-5)


def test_lru_begins_on_its_ring_and_keeps_the_scale_of_the_state():
    layer = nn.LRU(64, state=64, least=0.8, most=0.9, phase=0.5, key=0)
    radius, phase = np.exp(-np.exp(layer.nu_log)), np.exp(layer.theta_log)
    assert 0.8 <= radius.min() < radius.max() <= 0.9
    assert 0 < phase.min() < phase.max() <= 0.501
    np.testing.assert_allclose(np.exp(layer.gamma_log), np.sqrt(1 - radius**2), rtol=1e-5)


def test_mamba2_refuses_heads_that_do_not_divide():
    with pytest.raises(ConfigError, match="heads do not divide the features"):
        nn.Mamba2(6, head_width=5, key=0)
    with pytest.raises(ConfigError, match="groups"):
        nn.Mamba2(6, head_width=3, groups=3, key=0)


def test_rates_and_feedthrough_are_not_decayed():
    decayed = {path for path in named_arrays(make("Mamba")) if DECAY[path]}
    assert decayed == {f"{name}.weight" for name in ("in_proj", "conv1d", "x_proj", "dt_proj", "out_proj")}
    assert {path for path in named_arrays(make("S4D")) if DECAY[path]} == {"C", "mix.weight"}
    assert not MUON["blocks.A_log"]
