"""The surprise at each symbol of a target, and the two ways of answering."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import PairInputs
from lamina.core.inputs.text import TextInputs
from lamina.core.random import make_key
from lamina.models import build
from lamina.objectives.decoding import Decoding
from lamina.objectives.sequence_to_sequence import SequenceToSequenceObjective
from lamina.objectives.tokens import in_groups

SYMBOLS, LENGTH, END = 6, 5, 5
OBJECTIVE = SequenceToSequenceObjective(SYMBOLS, Decoding(END, LENGTH))
RANDOM = np.random.default_rng(0)


def source_of(lengths: list[int]) -> dict[str, np.ndarray]:
    ids = RANDOM.integers(0, 9, (len(lengths), 4)).astype(np.int32)
    ids = np.where(np.arange(4) < np.array(lengths)[:, None], ids, -1).astype(np.int32)
    return {"ids": ids, "scale": (ids >= 0).astype(np.float32)}


BATCH: dict[str, Any] = {
    "x": source_of([4, 2, 3]),
    "y": np.array([[1, 2, 0, 4, END], [3, END, -1, -1, -1], [1, 1, END, -1, -1]], np.int32),
    "weight": np.array([1.0, 2.0, 0.0], np.float32),
}


@pytest.fixture(scope="module")
def model() -> Any:
    inputs = PairInputs(TextInputs(9, 4), TextInputs(SYMBOLS, LENGTH))
    return build("transformer", inputs=inputs, outputs=SYMBOLS, size=8, depth=1, dropout=0.0)


def each_surprise(model: Any, smoothing: float = 0.0) -> np.ndarray:
    """Symbol by symbol, zero where there is none."""
    logits = np.asarray(model(OBJECTIVE.pair(BATCH["x"], jnp.asarray(BATCH["y"]))), np.float64)
    stated = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    targets = BATCH["y"]
    came = np.take_along_axis(stated, np.maximum(targets, 0)[..., None], axis=-1)[..., 0]
    return -np.where(targets >= 0, (1 - smoothing) * came + smoothing * stated.mean(axis=-1), 0)


def test_the_model_is_given_what_stands_before():
    pair = OBJECTIVE.pair(BATCH["x"], jnp.asarray(BATCH["y"]))
    expected = [[END, 1, 2, 0, 4], [END, 3, -1, -1, -1], [END, 1, 1, -1, -1]]
    assert pair["target"]["ids"].tolist() == expected and pair["source"] is BATCH["x"]
    np.testing.assert_array_equal(pair["target"]["scale"] > 0, BATCH["y"] >= 0)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_is_the_mean_over_symbols_of_some_weight(model: Any, smoothing: float):
    objective = SequenceToSequenceObjective(SYMBOLS, OBJECTIVE.decoding, smoothing)
    loss, _ = objective.losses(model, BATCH, key=make_key(0))["all"]
    each, counted = each_surprise(model, smoothing), BATCH["y"] >= 0
    weight = counted * BATCH["weight"][:, None]
    assert float(loss) == pytest.approx((each * weight).sum() / weight.sum(), rel=1e-5)


def test_evaluation_sums_without_smoothing_in_groups(model: Any, monkeypatch: pytest.MonkeyPatch):
    objective = SequenceToSequenceObjective(SYMBOLS, OBJECTIVE.decoding, 0.2)
    monkeypatch.setattr("lamina.objectives.sequence_to_sequence.MOST_LOGITS", SYMBOLS * LENGTH)
    found = objective.evaluate(model, BATCH, key=make_key(0))
    weight = (BATCH["y"] >= 0) * BATCH["weight"][:, None]
    assert float(found["weight"]) == weight.sum()
    assert float(found["loss"]) == pytest.approx((each_surprise(model) * weight).sum(), rel=1e-5)


def test_answers_are_texts_and_the_surprise_at_references(model: Any):
    answer = jax.jit(OBJECTIVE.answer)
    alone = np.asarray(answer(model, BATCH["x"]))
    both = np.asarray(answer(model, {"source": BATCH["x"], "target": BATCH["y"]}))
    assert alone.shape == (3, 1, LENGTH) and both.shape == (3, 2, LENGTH)
    np.testing.assert_array_equal(both[:, 0], alone[:, 0])
    known = BATCH["y"] >= 0
    np.testing.assert_allclose(both[:, 1][known], each_surprise(model)[known], rtol=1e-4)
    assert (both[:, 1][~known] == -1).all()


def test_decode_gives_the_likeliest_symbols():
    outputs = RANDOM.normal(size=(2, LENGTH, SYMBOLS)).astype(np.float32)
    found = np.asarray(OBJECTIVE.decode(jnp.asarray(outputs)))
    np.testing.assert_array_equal(found[:, 0], outputs.argmax(axis=-1))


def test_groups_divide_the_examples():
    seen = []

    def doubled(own: Any) -> Any:
        seen.append(own["a"].shape[0])
        return {"b": 2 * own["a"]}

    found = in_groups(doubled, {"a": jnp.arange(12.0)}, most=5)
    assert seen[0] == 4 and found["b"].tolist() == [2.0 * n for n in range(12)]
