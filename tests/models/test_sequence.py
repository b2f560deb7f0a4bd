"""The model of sequences: outputs for one, each and the next position, and the same in pieces."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs.text import TextInputs
from lamina.core.wanted import EACH, NEXT, ONE
from lamina.models.registry import MODELS
from lamina.models.sequence import SequenceModel, heads_of
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.nn.stack import Stack

INPUTS = TextInputs(7, 6, True)


class Sum(AbstractSequenceLayer):
    """The sum of all vectors so far times a factor, added."""

    factor: Any

    def __init__(self, factor: float):
        self.factor = jnp.asarray(factor, jnp.float32)

    def __call__(self, x: Any, *, present: Any = None, key: Any = None, train: bool = False) -> Any:
        there = x if present is None else jnp.where(present[..., None], x, 0)
        return x + self.factor * jnp.cumsum(there, axis=1)

    def init_cache(self, batch: int, length: int, dtype: Any) -> Any:
        return jnp.zeros((batch, 4), dtype)

    def extend(self, x: Any, cache: Any) -> Any:
        sums = cache[:, None] + jnp.cumsum(x, axis=1)
        return x + self.factor * sums, sums[:, -1]


def stack(depth: int = 3) -> Stack:
    factors = iter(np.linspace(0.2, 0.5, max(1, depth)).tolist())
    return Stack(lambda key: Sum(next(factors)), depth=depth, key=0)


def model(wants: str, outputs: int = 7, **keys: Any) -> SequenceModel:
    return SequenceModel(
        INPUTS,
        outputs,
        width=4,
        body=stack(),
        wants=wants,
        positions=LearnedPositions(6, 4, key=3),
        norm=LayerNorm(4),
        key=1,
        **keys,
    )


def batch() -> dict[str, Any]:
    ids = np.array([[1, 2, 3, 4, 5, 6], [6, 5, 4, -1, -1, -1]], np.int32)
    return {"ids": jnp.asarray(ids), "scale": jnp.asarray(ids >= 0, jnp.float32)}


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("pieces", [(6,), (1, 2, 3), (1,) * 6], ids=str)
def test_a_stack_extends_in_pieces_as_it_does_whole(pieces: tuple[int, ...], depth: int):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 6, 4)), jnp.float32)
    own = stack(depth)
    whole, cache, found, at = own(x), own.init_cache(2, 6, jnp.float32), [], 0
    for piece in pieces:
        y, cache = own.extend(x[:, at : at + piece], cache)
        found.append(y)
        at += piece
    np.testing.assert_allclose(np.concatenate(found, axis=1), whole, rtol=1e-5, atol=1e-6)


def test_the_caches_of_a_stack_are_stacked():
    assert stack(3).init_cache(2, 6, jnp.float32).shape == (3, 2, 4)
    assert stack(0).init_cache(2, 6, jnp.float32) is None


@pytest.mark.parametrize(("wants", "shape"), [(ONE, (2, 5)), (EACH, (2, 6, 5)), (NEXT, (2, 6, 5))])
def test_outputs_have_the_shape_that_is_wanted(wants: str, shape: tuple[int, ...]):
    assert model(wants, 5)(batch()).shape == shape


@pytest.mark.parametrize("tied", [False, True])
def test_pieces_and_steps_give_what_one_call_gives(tied: bool):
    own = model(NEXT, is_tied=tied)
    assert (own.head is None) == tied
    ids = batch()["ids"][:1]
    whole = own({"ids": ids, "scale": jnp.ones(ids.shape, jnp.float32)})
    first, cache = own.extend(ids[:, :4], own.init_cache(1, 6))
    second, cache = own.step(ids[:, 4], cache)
    third, cache = own.step(ids[:, 5], cache)
    found = np.concatenate([first, second[:, None], third[:, None]], axis=1)
    np.testing.assert_allclose(found, whole, rtol=1e-5, atol=1e-6)
    assert int(cache["position"]) == 6


def test_the_next_output_does_not_see_what_comes_later():
    own, given = model(NEXT), batch()
    changed = {**given, "ids": given["ids"].at[:, 3:].set(2)}
    np.testing.assert_array_equal(own(given)[:, :3], own(changed)[:, :3])


def test_one_output_passes_over_what_is_not_there():
    own, given = model(ONE, 5), batch()
    shorter = {name: array[1:, :3] for name, array in given.items()}
    np.testing.assert_allclose(own(given)[1], own(shorter)[0], rtol=1e-5, atol=1e-6)
    empty = {"ids": jnp.full((1, 6), -1, jnp.int32), "scale": jnp.zeros((1, 6), jnp.float32)}
    assert np.isfinite(own(empty)).all()


def test_a_head_is_tied_only_where_outputs_are_the_symbols():
    assert model(NEXT, 5, is_tied=True).head is not None
    assert model(ONE, 7, is_tied=True).head is not None


def test_a_bag_is_refused():
    with pytest.raises(ConfigError, match="needs the symbols of a text in their order"):
        SequenceModel(TextInputs(7, 6, False), 2, width=4, body=stack(), wants=ONE, key=0)


def test_heads():
    assert [heads_of(width, head_width=32) for width in (8, 32, 96, 100, 128)] == [1, 1, 3, 2, 4]


def test_dropout_needs_a_key_and_draws_by_it():
    own, given = model(NEXT, dropout=0.5), batch()
    drop = jax.jit(lambda key: own(given, key=key, train=True))
    keys = [jnp.array([0, seed], jnp.uint32) for seed in (1, 2)]
    first, again, other = drop(keys[0]), drop(keys[0]), drop(keys[1])
    np.testing.assert_array_equal(first, again)
    assert (np.asarray(first) != np.asarray(other)).any()
    np.testing.assert_array_equal(own(given), own(given, key=keys[0]))


def test_every_writer_of_the_registry_gives_what_comes_next():
    assert {"gpt"} <= {name for name in MODELS if NEXT in MODELS[name].gives}
