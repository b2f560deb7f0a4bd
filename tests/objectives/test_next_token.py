"""The surprise at the next symbol: windows, losses, sums, metrics and intervals, against plain NumPy."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.random import make_key
from lamina.objectives import next_token
from lamina.objectives.next_token import NO_TARGET, NextTokenObjective

SYMBOLS, CONTEXT, WINDOWS = 5, 3, 6
RANDOM = np.random.default_rng(0)
TABLE = RANDOM.normal(size=(SYMBOLS, SYMBOLS)).astype(np.float32)
OBJECTIVE = NextTokenObjective(SYMBOLS, CONTEXT)


def bigram(x: Any, *, key: Any = None, train: bool = False) -> Any:
    """A network that knows pairs: the logits behind a symbol are a row of a table."""
    return jnp.asarray(TABLE)[jnp.maximum(x["ids"], 0)]


def tokens(seed: int = 0) -> np.ndarray:
    """Windows, the last of which ends early."""
    found = np.random.default_rng(seed).integers(0, SYMBOLS, (WINDOWS, 2 * CONTEXT + 1)).astype(np.int32)
    found[-1, 3:] = -1
    return found


def surprise(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    logits = TABLE.astype(np.float64)
    stated = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return np.where(after >= 0, -stated[np.maximum(before, 0), np.maximum(after, 0)], 0.0)


def test_the_window_of_a_place():
    found = OBJECTIVE.window(jnp.asarray(tokens()), jnp.array([0, 1, 2, 0, 1, 2]))
    for row, start in enumerate([0, 1, 2, 0, 1, 2]):
        own = tokens()[row, start : start + CONTEXT + 1]
        np.testing.assert_array_equal(found["x"]["ids"][row], own[:-1])
        np.testing.assert_array_equal(found["y"][row], own[1:])
    np.testing.assert_array_equal(found["x"]["scale"], found["x"]["ids"] >= 0)


def test_training_begins_at_every_place_of_the_first_half_equally_often():
    row = np.arange(2 * CONTEXT + 1, dtype=np.int32)[None].repeat(900, 0) % SYMBOLS
    arrays = {"x": jnp.asarray(row), "weight": jnp.ones(900)}
    pick = jax.jit(lambda key: OBJECTIVE.pick(arrays, jnp.arange(900), key=key))
    first, second = (pick(make_key(seed)) for seed in (0, 1))
    counts = np.bincount(np.asarray(first["x"]["ids"][:, 0]), minlength=SYMBOLS)
    assert (np.abs(counts[:CONTEXT] - 300) < 75).all() and not counts[CONTEXT:].any()
    assert (first["x"]["ids"] != second["x"]["ids"]).any()
    assert set(first) == {"x", "y", "weight"}


def test_the_loss_is_the_mean_surprise_of_the_symbols_that_are_there():
    window = OBJECTIVE.window(jnp.asarray(tokens()), jnp.zeros(WINDOWS, jnp.int32))
    weight = np.array([1, 2, 1, 0, 1, 1], np.float32)
    loss, _ = OBJECTIVE.losses(bigram, {**window, "weight": jnp.asarray(weight)}, key=make_key(0))["all"]
    before, after = tokens()[:, :CONTEXT], tokens()[:, 1 : CONTEXT + 1]
    counted = (after >= 0) * weight[:, None]
    expected = (surprise(before, after) * counted).sum() / counted.sum()
    assert float(loss) == pytest.approx(expected, rel=1e-6)


def test_a_batch_without_weight_has_no_loss():
    window = OBJECTIVE.window(jnp.asarray(tokens()), jnp.zeros(WINDOWS, jnp.int32))
    loss, _ = OBJECTIVE.losses(bigram, {**window, "weight": jnp.zeros(WINDOWS)}, key=make_key(0))["all"]
    assert float(loss) == 0.0


@pytest.mark.parametrize("most", [1, 2 * CONTEXT * SYMBOLS, 1 << 24], ids=["one", "two", "all"])
def test_sums_of_evaluation_and_answers_are_the_same_in_groups(most: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(next_token, "MOST_LOGITS", most)
    batch = {"x": jnp.asarray(tokens()), "weight": jnp.array([1.0, 1, 1, 1, 0, 1])}
    sums = OBJECTIVE.evaluate(bigram, batch, key=make_key(0))
    before, after = tokens()[:, :CONTEXT], tokens()[:, 1 : CONTEXT + 1]
    counted = (after >= 0) * np.array([1, 1, 1, 1, 0, 1])[:, None]
    assert float(sums["loss"]) == pytest.approx((surprise(before, after) * counted).sum(), rel=1e-6)
    assert float(sums["weight"]) == counted.sum()
    answers = np.asarray(OBJECTIVE.answer(bigram, jnp.asarray(tokens())))
    assert answers.shape == (WINDOWS, CONTEXT, 3)
    known = after >= 0
    np.testing.assert_allclose(-answers[..., 0][known], surprise(before, after)[known], rtol=1e-5)
    p = np.exp(TABLE) / np.exp(TABLE).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers[..., 1][known], p.max(axis=1)[before][known], rtol=1e-5)
    right = p.argmax(axis=1)[np.maximum(before, 0)] == after
    np.testing.assert_array_equal(answers[..., 2][known], right[known])


def measured() -> tuple[np.ndarray, np.ndarray]:
    """Answers, and the bytes of the symbols that came."""
    decoded = np.asarray(OBJECTIVE.answer(bigram, jnp.asarray(tokens())))
    after = tokens()[:, 1 : CONTEXT + 1]
    return decoded, np.where(after >= 0, after % 3, NO_TARGET).astype(np.int32)


def test_metrics():
    decoded, targets = measured()
    found = OBJECTIVE.metrics(decoded, targets)
    known = targets >= 0
    loss = -decoded[..., 0][known].mean(dtype=np.float64)
    assert found["loss"] == pytest.approx(loss, rel=1e-6)
    assert found["perplexity"] == pytest.approx(math.exp(loss), rel=1e-6)
    bits = -decoded[..., 0][known].sum(dtype=np.float64) / math.log(2)
    assert found["bits_per_byte"] == pytest.approx(bits / targets[known].sum(), rel=1e-6)
    assert found["accuracy"] == decoded[..., 2][known].mean()
    assert OBJECTIVE.score.measure(targets, decoded, None) == found["loss"]


def test_a_network_that_knows_nothing_has_a_perplexity_of_the_number_of_symbols():
    answers = OBJECTIVE.answer(lambda x: jnp.zeros((*x["ids"].shape, SYMBOLS)), jnp.asarray(tokens()))
    found = OBJECTIVE.metrics(np.asarray(answers), measured()[1])
    assert found["perplexity"] == pytest.approx(SYMBOLS, rel=1e-5)


def test_intervals_hold_the_metrics_and_shrink_with_more_windows():
    decoded, targets = measured()
    metrics, found = OBJECTIVE.metrics(decoded, targets), OBJECTIVE.intervals(decoded, targets)
    assert set(found) == set(metrics)
    assert all(low < metrics[name] < high for name, (low, high) in found.items())
    more = OBJECTIVE.intervals(np.tile(decoded, (16, 1, 1)), np.tile(targets, (16, 1)))
    for name, (low, high) in more.items():
        assert (high - low) < 0.3 * (found[name][1] - found[name][0])


def test_an_interval_covers_the_mean_of_all_text_as_often_as_it_says():
    random, hits = np.random.default_rng(3), 0
    for _ in range(300):
        values = random.gamma(2.0, 0.5, (40, 8)) + random.normal(0, 0.3, (40, 1))  # windows differ
        decoded = np.stack([-values, values, values > 1], axis=-1)
        low, high = OBJECTIVE.intervals(decoded, np.ones((40, 8), np.int32))["loss"]
        hits += low <= 1.0 <= high
    assert 0.90 <= hits / 300 <= 0.985


def test_one_window_has_no_interval_and_no_symbol_no_metric():
    decoded, targets = measured()
    assert OBJECTIVE.intervals(decoded[:1], targets[:1]) == {}
    found = OBJECTIVE.metrics(decoded[:1], np.full_like(targets[:1], NO_TARGET))
    assert set(found) == {"loss", "perplexity", "bits_per_byte", "accuracy"}
    assert all(math.isnan(value) for value in found.values())


def test_decoded_outputs_are_probabilities():
    found = np.asarray(OBJECTIVE.decode(jnp.asarray(TABLE)))
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-6)
    assert OBJECTIVE.out_features == SYMBOLS and OBJECTIVE == NextTokenObjective(SYMBOLS, CONTEXT)


def test_a_perplexity_that_no_number_can_hold_is_finite():
    decoded = np.full((2, 3, 3), -1e4, np.float32)
    assert math.isfinite(OBJECTIVE.metrics(decoded, np.ones((2, 3), np.int32))["perplexity"])
    assert OBJECTIVE.shown.show(1e4, 1.0) == math.exp(700)
