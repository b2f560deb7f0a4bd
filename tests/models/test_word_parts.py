"""Words told by their parts, in the networks over texts."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs.text import TextInputs
from lamina.core.random import make_key
from lamina.models import build
from lamina.models.word_parts import WordParts

INPUTS = TextInputs(7, 16, parts=5)
X = {
    "ids": jnp.array([[1, 0, -1], [2, 3, 4]]),
    "scale": jnp.array([[0.5, 0.5, 0.0], [1 / 3] * 3]),
    "parts": jnp.array([[[0, 4], [1, -1], [-1, -1]], [[2, 3], [0, -1], [1, 2]]]),
}


def test_the_vectors_of_the_parts_are_added():
    layer = WordParts(5, 4, rate=0.5, key=0)
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    found = np.asarray(layer(jnp.array(x), X["parts"]))
    weight = np.asarray(layer.bag.weight)
    for row in range(2):
        for at in range(3):
            own = [part for part in X["parts"][row, at].tolist() if part >= 0]
            wanted = x[row, at] + weight[own].sum(axis=0) / np.sqrt(2)
            np.testing.assert_allclose(found[row, at], wanted, rtol=1e-5, atol=1e-6)


def test_words_are_left_out_in_training_alone():
    layer = WordParts(5, 4, rate=0.5, key=0)
    x, parts = jnp.ones((40, 50, 4)), jnp.full((40, 50, 2), -1)
    kept = np.asarray(layer(x, parts, key=make_key(1), train=True))
    assert 0.45 < kept.mean() < 0.55 and set(np.unique(kept)) == {0.0, 1.0}
    assert (kept == kept[..., :1]).all()  # a word is left out as a whole
    assert (np.asarray(layer(x, parts, key=make_key(1))) == 1).all()


def test_a_tagger_has_an_output_for_each_word():
    model = build("lstm", inputs=INPUTS, outputs=3, size=8, wants="each")
    found = model(X)
    assert found.shape == (2, 3, 3)
    changed = model({**X, "parts": X["parts"].at[0, 1, 1].set(3)})
    assert float(jnp.abs(changed - found)[0].max()) > 0 and float(jnp.abs(changed - found)[1].max()) == 0


def test_words_cannot_be_written():
    with pytest.raises(ConfigError, match="what comes next in a text is no word of a list"):
        build("lstm", inputs=INPUTS, outputs=7, size=8, wants="next")
