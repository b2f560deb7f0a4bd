"""The parts of tabular models, and what each architecture has of its own."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError, ShapeError
from lamina.core.inputs import ImageInputs, TableInputs
from lamina.core.module import replace
from lamina.core.taps import observe
from lamina.core.tree import parameter_count
from lamina.models import MODELS, TableFeatures, build, list_models
from lamina.models.mlp import MLPBody

TABLE = TableInputs(2, (3, 4), ((0.0, 1.0), (-1.0, 0.0, 1.0)))
X = {
    "numeric": jax.device_put(np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)),
    "category": jax.device_put(np.array([[0, 3], [2, 0], [1, 1], [0, 0], [2, 3]], np.int32)),
}


def test_features_are_numbers_then_embedded_categories():
    features = TableFeatures(TABLE, width=4, key=0)
    found = np.asarray(features(X))
    assert features.features == found.shape[1] == 2 + 2 * 4
    np.testing.assert_array_equal(found[:, :2], X["numeric"])
    table = np.asarray(features.category.weight)
    np.testing.assert_array_equal(found[:, 2:6], table[np.asarray(X["category"])[:, 0]])
    np.testing.assert_array_equal(found[:, 6:], table[3 + np.asarray(X["category"])[:, 1]])


def test_no_two_columns_share_a_category():
    features = TableFeatures(TABLE, width=4, key=0)
    gradient = jax.device_get(jax.jit(jax.grad(lambda features: features(X)[:, 2:6].sum()))(features))
    assert np.abs(gradient.category.weight[:3]).min() > 0
    np.testing.assert_array_equal(gradient.category.weight[3:], 0)


@pytest.mark.parametrize("embedding", ["linear", "piecewise", "periodic"])
def test_tokens_are_one_vector_a_column(embedding: Any):
    features = TableFeatures(TABLE, embedding=embedding, width=4, key=0)
    vectors, tokens = jax.jit(lambda features: (features(X), features.tokens(X)))(features)
    assert tokens.shape == (5, 4, 4)
    np.testing.assert_allclose(vectors, np.asarray(tokens).reshape(5, -1), rtol=1e-6)


def test_tokens_need_embedded_numbers():
    with pytest.raises(ConfigError, match="tokens need an embedding of numbers"):
        TableFeatures(TABLE, key=0).tokens(X)


def test_wrong_columns_are_said_with_the_path():
    model = build("mlp", inputs=TABLE, outputs=1, size=4)
    wrong = {**X, "category": np.asarray(X["category"])[:, :1]}
    expected = "features: wrong shape; expected 2 numeric and 2 category columns, got 2 and 1"
    with pytest.raises(ShapeError, match=expected):
        model(wrong)


def test_unknown_names_and_options_are_said():
    with pytest.raises(ConfigError, match=r"unknown model 'mpl' .did you mean 'mlp'"):
        build("mpl", inputs=(2,), outputs=1)
    with pytest.raises(ConfigError, match=r"model 'mlp' has no option 'dept' .did you mean 'depth'"):
        build("mlp", inputs=(2,), outputs=1, dept=2)
    with pytest.raises(ConfigError, match="size of 'mlp' is out of range; expected >= 1, got 0"):
        build("mlp", inputs=(2,), outputs=1, size=0)
    with pytest.raises(ConfigError, match=r"unknown activation 'rellu' .did you mean 'relu'"):
        build("mlp", inputs=(2,), outputs=1, activation="rellu")


def test_every_architecture_says_what_it_is():
    for name, spec in MODELS.items():
        assert name == spec.name == spec.name.lower()
        assert spec.summary.endswith((".", "record.")) and spec.dial and spec.reference
    assert list_models("tabm*") == ["tabm", "tabm-mini"]


def test_the_dial_makes_a_model_larger():
    for name, spec in MODELS.items():
        if spec.size > 1 and "table" in spec.takes:
            small, large = (parameter_count(build(name, inputs=TABLE, outputs=2, size=s)) for s in (8, 32))
            assert large > 2 * small, name


@pytest.mark.parametrize("name", ["linear", "mlp", "tabm", "ft-transformer"])
def test_images_are_refused(name: str):
    inputs = ImageInputs(8, 8, 1, (0.0,), (1.0,))
    with pytest.raises(ConfigError, match="the inputs are no table; expected TableInputs, or the shape"):
        build(name, inputs=inputs, outputs=2)


def test_linear_model_is_a_sum_of_effects():
    model = build("linear", inputs=TABLE, outputs=2)
    np.testing.assert_array_equal(model(X), 0)
    draw = np.random.default_rng(0).normal
    weight, effects = draw(size=(2, 2)).astype(np.float32), draw(size=(7, 2)).astype(np.float32)
    category = replace(model.effects.category, weight=effects)
    model = replace(
        model,
        numeric=replace(model.numeric, weight=weight),
        effects=replace(model.effects, category=category),
    )
    codes = np.asarray(X["category"])
    expected = np.asarray(X["numeric"]) @ weight.T + effects[codes[:, 0]] + effects[3 + codes[:, 1]]
    np.testing.assert_allclose(model(X), expected, rtol=1e-5, atol=1e-6)


def test_depth_zero_is_a_linear_model():
    body = MLPBody(4, width=9, depth=0, key=0)
    x = jnp.ones((2, 4))
    assert body(x) is x
    model = build("mlp", inputs=(4,), outputs=3, size=9, depth=0)
    assert parameter_count(model) == 4 * 3 + 3


@pytest.mark.parametrize("name", ["tabm", "tabm-mini"])
def test_members_of_tabm_begin_apart_and_share_most_weights(name: str):
    sizes = {"size": 64, "embedding_width": 4}
    model = build(name, inputs=TABLE, outputs=1, members=4, **sizes)
    y = np.asarray(jax.jit(model)(X))
    assert y.shape == (5, 4, 1)
    assert min(np.abs(y[:, i] - y[:, j]).max() for i in range(4) for j in range(i)) > 1e-3
    assert set(np.unique(model.scale.weight)) == {-1.0, 1.0}
    other = build(name, inputs=TABLE, outputs=1, members=4, seed=1, **sizes)
    assert not np.array_equal(model.scale.weight, other.scale.weight)
    one, four = (parameter_count(build(name, inputs=TABLE, outputs=1, members=m, **sizes)) for m in (1, 4))
    assert four < 1.5 * one


def test_ft_transformer_asks_with_its_own_token():
    model = build("ft-transformer", inputs=TABLE, outputs=1, size=8, depth=2)
    _, seen = jax.eval_shape(observe(model, "*attention.weights"), X)
    assert seen["blocks.blocks.attention.weights"].shape == (2, 5, 8, 5, 5)  # depth, batch, heads, tokens²


def test_order_of_categories_in_the_batch_does_not_matter():
    model = build("resnet-tabular", inputs=TABLE, outputs=2, size=8)
    order, forward = np.array([4, 2, 0, 1, 3]), jax.jit(model)
    shuffled = {name: np.asarray(array)[order] for name, array in X.items()}
    np.testing.assert_allclose(forward(shuffled), np.asarray(forward(X))[order], rtol=1e-5, atol=1e-6)
