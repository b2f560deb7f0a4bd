"""Recurrent networks over texts: what they give, and in which direction they read."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs.text import TextInputs
from lamina.core.wanted import EACH, NEXT, ONE
from lamina.models import build

TEXTS = TextInputs(11, 6)
IDS = np.random.default_rng(0).integers(0, 11, (3, 6), dtype=np.int32)
every = pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
run = jax.jit(lambda model, x: model(x))


@functools.cache
def make(name: str, wants: str, outputs: int = 11) -> Any:
    return build(name, inputs=TEXTS, outputs=outputs, size=6, depth=2, wants=wants, seed=0)


def texts(ids: np.ndarray) -> dict[str, Any]:
    return {"ids": jnp.asarray(ids), "scale": jnp.asarray((ids >= 0).astype(np.float32))}


@every
def test_step_by_step_is_the_whole(name: str):
    model, step = make(name, NEXT), jax.jit(lambda model, ids, cache: model.step(ids, cache))
    cache, found = model.init_cache(3, 6), []
    for t in range(6):
        y, cache = step(model, IDS[:, t], cache)
        found.append(y)
    np.testing.assert_allclose(jnp.stack(found, 1), run(model, texts(IDS)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("wants", [NEXT, EACH])
def test_what_comes_next_sees_what_was_alone(wants: str):
    changed = IDS.copy()
    changed[:, 4] = (IDS[:, 4] + 1) % 11
    model = make("gru", wants)
    is_other = (run(model, texts(changed)) != run(model, texts(IDS))).any((0, 2))
    assert is_other.tolist() == [wants == EACH] * 4 + [True] * 2


@every
def test_one_output_does_not_depend_on_what_fills_a_text_up(name: str):
    model = make(name, ONE, 2)
    filled = np.concatenate([IDS[:, :4], np.full((3, 2), -1, np.int32)], axis=1)
    y = run(model, texts(filled))
    assert y.shape == (3, 2)
    np.testing.assert_allclose(y, run(model, texts(IDS[:, :4])), rtol=1e-5, atol=1e-6)
