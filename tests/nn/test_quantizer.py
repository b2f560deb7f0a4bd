"""Vector quantization: nearest codes, straight gradients, what the codebook learns."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.module import replace
from lamina.core.taps import observe
from lamina.nn.quantizer import MovingAverageQuantizer, VectorQuantizer, straight_through

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 5, 2)).astype(np.float32)
BOOK = RANDOM.normal(size=(4, 2)).astype(np.float32)


def by_loss(commitment: float = 0.25) -> VectorQuantizer:
    return replace(VectorQuantizer(4, 2, commitment=commitment, key=0), codebook=jnp.asarray(BOOK))


def by_average(**options: float) -> MovingAverageQuantizer:
    layer = MovingAverageQuantizer(4, 2, key=0, **options)
    return replace(layer, running_count=jnp.full(4, 2.0), running_sum=jnp.asarray(2 * BOOK))


def nearest() -> np.ndarray:
    return ((X[..., None, :] - BOOK) ** 2).sum(-1).argmin(-1)


@pytest.mark.parametrize("layer", [by_loss(), by_average()], ids=["loss", "average"])
def test_each_vector_becomes_the_nearest_code(layer):
    np.testing.assert_array_equal(layer.codes(jnp.asarray(X)), nearest())
    np.testing.assert_allclose(layer(jnp.asarray(X)), BOOK[nearest()], rtol=1e-5)
    np.testing.assert_allclose(layer.of(jnp.array([[1, 0]])), BOOK[[[1, 0]]], rtol=1e-6)


@pytest.mark.parametrize("layer", [by_loss(), by_average()], ids=["loss", "average"])
def test_the_gradient_passes_straight_through(layer):
    goal = np.cos(np.arange(X.size, dtype=np.float32)).reshape(X.shape)
    slope = jax.grad(lambda x: (layer(x) * goal).sum())(jnp.asarray(X))
    np.testing.assert_allclose(slope, goal, rtol=1e-6)


def test_straight_through_gives_the_value_of_one_and_the_gradient_of_the_other():
    value, slope = jax.value_and_grad(lambda x: straight_through(x, x**3).sum())(jnp.array([2.0]))
    assert (float(value), slope.tolist()) == (8.0, [1.0])


def test_the_penalty_of_a_learned_codebook_draws_codes_and_vectors_together():
    def penalty(layer, x):
        return observe(lambda: layer(x, train=True), "penalty")()[1]["penalty"]

    value, (of_layer, of_x) = jax.value_and_grad(penalty, argnums=(0, 1))(by_loss(0.5), jnp.asarray(X))
    apart = X - BOOK[nearest()]
    assert float(value) == pytest.approx(1.5 * (apart**2).sum(-1).mean(), rel=1e-5)
    np.testing.assert_allclose(of_x, 0.5 * 2 * apart / 15, rtol=1e-4, atol=1e-6)
    expected = np.zeros_like(BOOK)
    np.add.at(expected, nearest().ravel(), (-2 * apart / 15).reshape(-1, 2))
    np.testing.assert_allclose(of_layer.codebook, expected, rtol=1e-4, atol=1e-6)


def test_averages_of_codes_are_those_of_their_vectors():
    _, seen = observe(by_average(decay=0.8, least=0.0), "*")(jnp.asarray(X), train=True)
    chosen, count, total = nearest().ravel(), np.full(4, 1.6), 1.6 * BOOK
    np.add.at(count, chosen, 0.2)
    np.add.at(total, chosen, 0.2 * X.reshape(-1, 2))
    np.testing.assert_allclose(seen["running_count"], count, rtol=1e-5)
    np.testing.assert_allclose(seen["running_sum"], total, rtol=1e-4, atol=1e-6)
    usage = np.bincount(chosen, minlength=4) / 15
    np.testing.assert_allclose(seen["usage"], usage, rtol=1e-5)
    used = usage[usage > 0]
    assert float(seen["perplexity"]) == pytest.approx(np.exp(-(used * np.log(used)).sum()), rel=1e-5)


def test_a_code_that_stands_for_nothing_begins_anew_at_a_vector():
    far = replace(by_average(least=0.1), running_count=jnp.full(4, 0.01), running_sum=jnp.full((4, 2), 1.0))
    _, seen = observe(far, "running_*")(jnp.asarray(X), train=True)
    found = np.asarray(seen["running_sum"] / seen["running_count"][:, None])
    rows = X.reshape(-1, 2)
    begun = [bool((np.abs(rows - code).max(1) < 1e-6).any()) for code in found]
    dead = np.bincount(np.asarray(far.codes(jnp.asarray(X))).ravel(), minlength=4) * 0.01 + 0.0099 < 0.1
    assert dead.any() and np.all(np.array(begun)[dead])


def test_averages_follow_clusters():
    """Batch by batch it is k-means: each code ends at the middle of a cluster."""
    centers = np.array([[-4.0, 0.0], [4.0, 0.0], [0.0, 4.0]], np.float32)
    layer, random = MovingAverageQuantizer(3, 2, decay=0.7, key=0), np.random.default_rng(0)
    step = jax.jit(lambda layer, x: observe(lambda: layer(x, train=True), "running_*")()[1])
    for _ in range(30):
        x = centers[random.integers(0, 3, 60)] + 0.1 * random.normal(size=(60, 2))
        layer = replace(layer, **step(layer, jnp.asarray(x.astype(np.float32))))
    found = np.asarray(layer.vectors)
    assert max(np.abs(found - center).max(1).min() for center in centers) < 0.1


@pytest.mark.parametrize("options", [{"codes": 1}, {"commitment": -1.0}, {"decay": 1.0}, {"least": -1.0}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=f"{next(iter(options))} is out of range"):
        MovingAverageQuantizer(**{"codes": 4, "width": 2, "key": 0, **options})
