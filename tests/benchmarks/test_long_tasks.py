"""The synthetic tasks over long sequences ask for what stands in them, and a network can learn."""

from __future__ import annotations

import jax
import numpy as np
from benchmarks.contenders import long_tasks
from benchmarks.rows import mamba_length, selective_copying

from lamina.core.inputs.text import TextInputs
from lamina.models import build


def test_selective_copying_asks_for_the_symbols_in_their_order():
    ids, symbols = long_tasks.selective_copying(jax.random.key(0), 3, 40)
    assert ids.shape == (3, 56) and symbols.shape == (3, 16)
    assert (np.asarray(ids[:, 40:]) == long_tasks.MARKER).all()
    for row, wanted in zip(np.asarray(ids[:, :40]), np.asarray(symbols), strict=True):
        np.testing.assert_array_equal(row[row != long_tasks.BLANK], wanted)
    assert 1 <= symbols.min() and symbols.max() < long_tasks.MARKER


def test_induction_heads_ask_for_the_symbol_behind_the_marker():
    ids, wanted = (np.asarray(array) for array in long_tasks.induction_heads(jax.random.key(0), 20, 12))
    assert (ids[:, -1] == long_tasks.MARKER).all()
    for row, symbol in zip(ids, wanted[:, 0], strict=True):
        (place,) = np.flatnonzero(row[:-1] == long_tasks.MARKER)
        assert row[place + 1] == symbol


def test_a_learner_trains_and_tests():
    texts = TextInputs(long_tasks.SYMBOLS, 64)
    model = build("lru", inputs=texts, outputs=long_tasks.SYMBOLS, size=8, depth=1, wants="next")
    learner = long_tasks.Learner(model, "induction heads", rate=1e-2, steps=6, seed=0)
    before = np.array(learner.model.embedding.weight)
    with jax.numpy_dtype_promotion("standard"):  # optax relies on it
        loss, accuracy = learner.learn(length=8, batch=4, steps=3)
    assert np.isfinite(loss) and 0 <= accuracy <= 1
    assert np.abs(np.asarray(learner.model.embedding.weight) - before).max() > 0
    assert 0 <= learner.test(length=8, examples=4) <= 1


def test_stages_are_written_as_three_numbers():
    assert selective_copying.stage("256:32:1000") == (256, 32, 1000)


def test_attention_ends_at_its_length():
    arguments = mamba_length.argparse.Namespace(
        models=("mamba", "gpt"), lengths=(2048, 1024), attention_up_to=1024
    )
    assert mamba_length.cases(arguments) == [("mamba", 1024), ("mamba", 2048), ("gpt", 1024)]
