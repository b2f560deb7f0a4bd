"""The bound on the likelihood, against a model whose likelihood is known exactly."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import make_key
from lamina.models import build
from lamina.objectives.samples import Sampling
from lamina.objectives.variational import VariationalObjective, importance_bound
from lamina.train import TrainConfig, train

KEY, RANDOM = make_key(0), np.random.default_rng(0)
FEATURES, LATENT = 4, 2
ROWS, IMAGES = RowSampleInputs((1,) * FEATURES), ImageSampleInputs(6, 5, 1)
# log s of 0.7 behind the bound from below at -3: log(e^(log s + 3) - 1) - 3
LOG_SCALE = math.log(math.expm1(math.log(0.7) + 3)) - 3


class LinearGaussian(Module):
    """p(x|z) = N(W z + m, s²), whose posterior and marginal likelihood are normal and known."""

    weight: Any
    shift: Any
    log_scale: Any
    spread: Any
    latent: int = static()

    def encode(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        """The exact posterior where W has orthogonal columns, its log-variance moved by ``spread``."""
        scale = 0.7**2
        precision = 1 + (self.weight**2).sum(0) / scale
        mean = (x - self.shift[None]) @ self.weight / scale / precision[None]
        return mean, jnp.broadcast_to((self.spread - jnp.log(precision))[None], mean.shape)

    def decode(self, code: Any, *, key: Any = None, train: bool = False) -> Any:
        return code @ self.weight.T + self.shift[None]


def linear(spread: float = 0.0) -> LinearGaussian:
    weight = np.linalg.qr(RANDOM.normal(size=(FEATURES, LATENT)))[0] * np.array([1.5, 0.8])
    return LinearGaussian(
        jnp.asarray(weight.astype(np.float32)),
        jnp.asarray(np.array([0.3, -0.2, 0.0, 1.0], np.float32)),
        jnp.full(FEATURES, LOG_SCALE),
        jnp.array(spread),
        LATENT,
    )


def exact(model: LinearGaussian, x: np.ndarray) -> np.ndarray:
    weight = np.asarray(model.weight, np.float64)
    covariance = weight @ weight.T + 0.7**2 * np.eye(FEATURES)
    return stats.multivariate_normal(np.asarray(model.shift), covariance).logpdf(x)


X = RANDOM.normal(size=(64, FEATURES)).astype(np.float32)
ASKED = {"sample": jnp.asarray(X), "label": jnp.full(64, -1)}


@pytest.mark.slow
def test_the_bound_is_the_likelihood_where_the_posterior_is_exact():
    """By one draw each, with the noise of one draw; by importance it has none."""
    model, objective = linear(), VariationalObjective(ROWS)
    answer = np.asarray(objective.answer(model, ASKED))
    np.testing.assert_allclose(answer[:, 0], answer[:, 1] + answer[:, 2], rtol=1e-5)
    many = [
        np.asarray(importance_bound(objective, model, jnp.asarray(X), samples=1, key=make_key(n)))
        for n in range(3)
    ]
    for found in many:
        np.testing.assert_allclose(found, exact(model, X), rtol=1e-3, atol=2e-3)
    assert -answer[:, 0].mean() == pytest.approx(exact(model, X).mean(), abs=0.3)


def test_the_bound_rises_with_the_samples_and_tends_to_the_likelihood():
    model, objective = linear(spread=1.0), VariationalObjective(ROWS)
    bound = jax.jit(
        lambda model, count: importance_bound(objective, model, jnp.asarray(X), samples=count, key=KEY),
        static_argnums=1,
    )
    found = [float(bound(model, count).mean()) for count in (1, 5, 25, 1000)]
    likelihood = exact(model, X).mean()
    assert found[0] < found[1] - 0.02 < found[2] - 0.02 < likelihood
    assert found[3] == pytest.approx(likelihood, abs=0.01)
    gap = LATENT * (math.exp(1.0) - 1 - 1.0) / 2  # KL between posteriors whose variances are e apart
    single = jax.jit(
        lambda model, key: importance_bound(objective, model, jnp.asarray(X), samples=1, key=key).mean()
    )
    several = [float(single(model, make_key(n))) for n in range(100)]
    assert np.mean(several) == pytest.approx(likelihood - gap, abs=0.08)


def test_importance_needs_a_multiple():
    with pytest.raises(ConfigError, match="samples does not fit"):
        importance_bound(VariationalObjective(ROWS), linear(), jnp.asarray(X), samples=30, key=KEY)


def test_the_loss_weighs_the_divergence_and_free_bits_cost_nothing():
    model = linear()
    weight = np.resize(np.array([1, 2, 0], np.float32), 64)
    batch = {"x": jnp.asarray(X), "y": jnp.full(64, -1), "weight": jnp.asarray(weight)}

    def terms(**options: float) -> tuple[float, float, float]:
        loss, found = VariationalObjective(ROWS, **options).losses(model, batch, key=KEY)["all"]
        return float(loss), float(found["reconstruction"]), float(found["divergence"])

    loss, nats, divergence = terms()
    assert loss == pytest.approx(nats + divergence, rel=1e-5)
    assert terms(beta=3.0)[0] == pytest.approx(nats + 3 * divergence, rel=1e-5)
    assert terms(free_bits=100.0)[0] == pytest.approx(nats + 200, rel=1e-5)
    mean, log_variance = (np.asarray(a, np.float64) for a in model.encode(jnp.asarray(X)))
    own = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1)
    assert divergence == pytest.approx(np.average(own, weights=weight), rel=1e-4)
    sums = VariationalObjective(ROWS, beta=3.0).evaluate(model, batch, key=KEY)
    assert float(sums["loss"]) == pytest.approx(
        float(sums["reconstruction"] + 3 * sums["divergence"]), rel=1e-5
    )
    assert float(sums["bound"]) == pytest.approx(float(sums["reconstruction"] + sums["divergence"]), rel=1e-5)
    assert float(sums["weight"]) == weight.sum()


@pytest.mark.slow
def test_evaluation_does_not_depend_on_the_batch_an_example_is_in():
    model, objective = linear(), VariationalObjective(ROWS)
    whole = np.asarray(objective.answer(model, ASKED))
    some = np.asarray(objective.answer(model, {"sample": jnp.asarray(X[10:13]), "label": jnp.full(3, -1)}))
    np.testing.assert_allclose(some, whole[10:13], rtol=1e-5)


MIXED = RowSampleInputs((1, 3, 1, 2))


def mixed_rows(count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    kind, number = random.integers(0, 3, count), random.normal(size=(count, 1))
    second = 0.5 * number + 0.1 * random.normal(size=(count, 1))
    parts = [number, np.eye(3)[kind], second, np.eye(2)[(kind == 1).astype(int)]]
    return np.concatenate(parts, axis=1).astype(np.float32)


@pytest.mark.slow
def test_rows_are_learned_and_drawn():
    x = mixed_rows(512)
    data = {"x": x, "y": np.full(512, -1, np.int32), "weight": np.ones(512, np.float32)}
    objective = VariationalObjective(MIXED)
    config = TrainConfig(epochs=50, lr=0.01, batch_size=64, early_stopping=False)
    result = train(build("vae", inputs=MIXED, outputs=7, size=8, latent=4), objective, data, config=config)
    history = result.history
    assert history["train_loss"][-1] < history["train_loss"][0] - 2
    labels = jnp.full(2000, -1)
    drawn = np.asarray(
        jax.jit(lambda model: objective.sample(model, labels, Sampling(), key=KEY))(result.model)
    )
    assert drawn.shape == (2000, 7)
    for start, stop in ((1, 4), (5, 7)):
        np.testing.assert_array_equal(np.sort(drawn[:, start:stop], 1)[:, -2:], [[0, 1]] * 2000)
    assert np.corrcoef(drawn[:, 0], drawn[:, 4])[0, 1] > 0.7
    assert (drawn[:, 2] == drawn[:, 6]).mean() > 0.8, "the second category follows the first"
    np.testing.assert_allclose(drawn[:, 1:4].mean(0), x[:, 1:4].mean(0), atol=0.12)
    asked = {"sample": jnp.asarray(x), "label": jnp.full(512, -1)}
    odd = x[:1].repeat(512, 0)
    odd[0, 4] += 9
    both = jax.jit(lambda model, asked: (objective.errors(model, asked), objective.reconstruct(model, asked)))
    errors, back = both(result.model, {**asked, "sample": jnp.asarray(odd)})
    assert errors.shape == (512, 4) and back.shape == x.shape
    assert errors[0].sum() > errors[1:].sum(1).max() + 100, "an odd row is unlikely"


def images(count: int) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, *IMAGES.shape)).astype(np.uint8)


@pytest.mark.parametrize(
    ("likelihood", "body"),
    [(None, "convolutional"), ("bernoulli", "dense"), ("gaussian", "convolutional")],
)
def test_images_have_a_bound_with_every_likelihood(likelihood: str | None, body: str):
    model = build("vae", inputs=IMAGES, outputs=1, size=4, latent=3, body=body)
    objective = VariationalObjective(IMAGES, likelihood=likelihood)
    asked = {"sample": jnp.asarray(images(3)), "label": jnp.full(3, -1)}

    @jax.jit
    def everything(model: Any) -> Any:
        drawn = objective.sample(model, jnp.full(5, -1), Sampling(temperature=0.5), key=KEY)
        bound = importance_bound(objective, model, asked["sample"], samples=50, key=KEY)
        found = objective.answer(model, asked), objective.errors(model, asked)
        return *found, objective.reconstruct(model, asked), drawn, bound

    answer, errors, back, drawn, bound = jax.device_get(everything(model))
    assert (answer.shape, errors.shape, back.shape) == ((3, 3), (3, 6, 5), (3, 6, 5, 1))
    assert drawn.shape == (5, 6, 5, 1) and np.abs(drawn).max() <= 1
    np.testing.assert_allclose(bound, -answer[:, 0], rtol=0.2, atol=5)
    if likelihood is None:  # 256 levels: no worse than twice the bits of a level, and never below zero
        assert (0 < answer[:, 0]).all() and (answer[:, 0] < 30 * 16 * math.log(2)).all()


def test_pixels_are_binarized_by_threshold_or_draw():
    x = jnp.asarray(np.repeat(np.array([[[[51], [204]]]], np.uint8), 4000, axis=0))
    space = ImageSampleInputs(1, 2, 1)
    base = VariationalObjective(space, likelihood="bernoulli")
    units = x.astype(jnp.float32) / 127.5 - 1
    units = units + 1e-4 * jnp.arange(4000.0).reshape(-1, 1, 1, 1) / 4000  # else all draws are alike
    threshold = dataclasses.replace(base, binarize="threshold")._fixed(units)
    np.testing.assert_array_equal(threshold[:, 0, :, 0], [[-1, 1]] * 4000)
    drawn = dataclasses.replace(base, binarize="drawn")
    found = np.asarray(drawn._fixed(units))
    assert set(np.unique(found)) == {-1.0, 1.0}
    np.testing.assert_allclose((found > 0).mean((0, 2, 3)), [0.5], atol=0.02)
    np.testing.assert_allclose((found[:, 0, :, 0] > 0).mean(0), [0.2, 0.8], atol=0.03)
    np.testing.assert_array_equal(found, drawn._fixed(units))
    np.testing.assert_array_equal(base._fixed(units), units)


@pytest.mark.parametrize(
    "options",
    [{"beta": -1.0}, {"free_bits": -1.0}, {"likelihood": "bernoulli"}, {"binarize": "always"}],
)
def test_what_does_not_suit_is_refused(options: dict[str, Any]):
    with pytest.raises(ConfigError, match=next(iter(options))):
        VariationalObjective(ROWS, **options)
