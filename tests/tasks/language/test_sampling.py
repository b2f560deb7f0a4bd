"""Which tokens may be drawn, and how often each is, against plain NumPy."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.random import make_key
from lamina.tasks.language.sampling import Sampling, position_key
from lamina.tasks.language.verbs import GenerateKeys

LOGITS = np.array([2.0, 1.5, 1.0, 0.0, -1.0, -3.0, 0.5], np.float32)
SEEN = np.array([1, 0, 0, 1, 0, 0, 0], bool)
DRAWS = 4_000


def softmax(logits: np.ndarray) -> np.ndarray:
    found = np.exp(logits.astype(np.float64) - logits.max())
    return found / found.sum()


def stated(keys: GenerateKeys) -> np.ndarray:
    """The probabilities of the tokens, written down as the papers do."""
    logits = LOGITS.astype(np.float64)
    penalty = keys.repetition_penalty
    logits = np.where(SEEN, np.where(logits > 0, logits / penalty, logits * penalty), logits)
    p = softmax(logits / keys.temperature)
    order = np.argsort(-p)
    kept = np.zeros(len(p), bool)
    total = 0.0
    for rank, token in enumerate(order.tolist()):
        few = keys.top_k is None or rank < keys.top_k
        within = keys.top_p is None or total < keys.top_p
        likely = keys.min_p is None or p[token] >= keys.min_p * p.max()
        kept[token] = few and within and likely
        total += p[token]
    p = np.where(kept, p, 0)
    return p / p.sum()


def drawn(keys: GenerateKeys, draws: int = DRAWS) -> np.ndarray:
    sampling, numbers = Sampling.of(keys)
    logits = jnp.broadcast_to(jnp.asarray(LOGITS), (draws, len(LOGITS)))
    seen = jnp.broadcast_to(jnp.asarray(SEEN), logits.shape)
    draw = jax.jit(sampling.draw)
    return np.asarray(draw(logits, seen, numbers, make_key(keys.seed)))


CASES: dict[str, dict[str, Any]] = {
    "plain": {"temperature": 1.0},
    "cold": {"temperature": 0.5},
    "hot": {"temperature": 2.0},
    "top_k": {"top_k": 3, "temperature": 1.0},
    "top_p": {"top_p": 0.7, "temperature": 1.0},
    "min_p": {"min_p": 0.3, "temperature": 1.0},
    "all": {"top_k": 4, "top_p": 0.9, "min_p": 0.1, "temperature": 1.3},
    "penalty": {"repetition_penalty": 1.8, "temperature": 1.0},
    "penalty and top_k": {"repetition_penalty": 1.8, "top_k": 2},
    "top_k of more than there are": {"top_k": 1_000},
    "tiny top_p": {"top_p": 1e-6},
}


@pytest.mark.parametrize("case", CASES)
def test_tokens_are_drawn_as_often_as_the_formula_says(case: str):
    keys = GenerateKeys(**CASES[case])
    expected = stated(keys)
    counts = np.bincount(drawn(keys), minlength=len(LOGITS))
    assert not counts[expected == 0].any()
    error = np.abs(counts / DRAWS - expected)
    assert (error <= 4.5 * np.sqrt(expected * (1 - expected) / DRAWS)).all()


def test_without_temperature_the_likeliest_is_taken():
    keys = GenerateKeys(temperature=0.0, top_k=5)
    assert set(drawn(keys, 8).tolist()) == {0}
    penalized = GenerateKeys(temperature=0.0, repetition_penalty=3.0)
    assert set(drawn(penalized, 8).tolist()) == {1}


def test_limits_change_without_compiling_anew():
    first, second = (Sampling.of(GenerateKeys(top_k=k, temperature=t)) for k, t in ((3, 0.5), (9, 1.5)))
    assert first[0] == second[0] and hash(first[0]) == hash(second[0])
    assert Sampling.of(GenerateKeys(temperature=0.0))[0] != first[0]


def test_positions_and_seeds_draw_different_numbers():
    keys = [position_key(make_key(seed), jnp.int32(place)) for seed in (0, 1) for place in (0, 1)]
    assert len({tuple(np.asarray(key).tolist()) for key in keys}) == 4


def test_the_first_text_of_a_batch_is_drawn_like_a_single_one():
    sampling, numbers = Sampling.of(GenerateKeys(temperature=1.0))
    logits, seen = jnp.asarray(LOGITS)[None].repeat(3, 0), jnp.asarray(SEEN)[None].repeat(3, 0)
    draw = jax.jit(sampling.draw)
    for seed in range(5):
        one = draw(logits[:1], seen[:1], numbers, make_key(seed))
        assert one[0] == draw(logits, seen, numbers, make_key(seed))[0]


def test_what_training_never_saw_is_never_drawn():
    sampling, numbers = Sampling.of(GenerateKeys(temperature=1.0), has_unknown=True)
    logits, seen = jnp.broadcast_to(jnp.asarray(LOGITS), (500, 7)), jnp.zeros((500, 7), bool)
    found = np.asarray(jax.jit(sampling.draw)(logits, seen, numbers, make_key(0)))
    assert LOGITS.argmax() == 0 and 0 not in found and len(set(found.tolist())) > 3
