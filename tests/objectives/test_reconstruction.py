"""Reconstruction, whole and masked: errors, corruption, what is hidden."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.core.random import make_key
from lamina.models import build
from lamina.objectives.masked_reconstruction import MaskedReconstructionObjective
from lamina.objectives.reconstruction import ReconstructionObjective
from lamina.train import TrainConfig, train

ROWS, IMAGES, KEY = RowSampleInputs((1, 3, 1, 2)), ImageSampleInputs(4, 6, 2), make_key(0)
RANDOM = np.random.default_rng(0)


def rows(count: int = 5) -> np.ndarray:
    parts = [
        RANDOM.normal(size=(count, 1)),
        np.eye(3)[RANDOM.integers(0, 3, count)],
        RANDOM.normal(size=(count, 1)),
        np.eye(2)[RANDOM.integers(0, 2, count)],
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def images(count: int = 5) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, *IMAGES.shape)).astype(np.uint8)


def batch_of(x: np.ndarray, weight: Any = None) -> dict[str, Any]:
    weight = np.ones(len(x), np.float32) if weight is None else weight
    return {"x": jnp.asarray(x), "y": jnp.full(len(x), -1), "weight": jnp.asarray(weight)}


def halved(x: Any, *, key: Any = None, train: bool = False) -> Any:
    """A network that gives half of what it gets."""
    return 0.5 * x


def asked(x: np.ndarray) -> dict[str, Any]:
    return {"sample": jnp.asarray(x), "label": jnp.full(len(x), -1)}


def test_the_error_of_a_row_is_the_mean_over_its_columns():
    x, objective = rows(), ReconstructionObjective(ROWS)
    z = 0.5 * x
    softmax = [np.exp(z[:, a:b]) / np.exp(z[:, a:b]).sum(1, keepdims=True) for a, b in ((1, 4), (5, 7))]
    entropy = [-(x[:, a:b] * np.log(p)).sum(1) for (a, b), p in zip(((1, 4), (5, 7)), softmax, strict=True)]
    expected = np.stack([(x[:, 0] / 2) ** 2, entropy[0], (x[:, 4] / 2) ** 2, entropy[1]], 1)
    np.testing.assert_allclose(objective.errors(halved, asked(x)), expected, rtol=1e-5)
    np.testing.assert_allclose(objective.answer(halved, asked(x))[:, 0], expected.mean(1), rtol=1e-5)
    back = objective.reconstruct(halved, asked(x))
    np.testing.assert_allclose(back[:, 1:4], softmax[0], rtol=1e-5)
    weight = np.array([1, 0, 2, 1, 0], np.float32)
    loss = objective.losses(halved, batch_of(x, weight), key=KEY)["all"][0]
    assert float(loss) == pytest.approx(np.average(expected.mean(1), weights=weight), rel=1e-5)
    sums = objective.evaluate(halved, batch_of(x, weight), key=KEY)
    assert float(sums["loss"] / sums["weight"]) == pytest.approx(float(loss), rel=1e-5)


def test_the_error_of_an_image_is_that_of_its_pixels_in_units():
    x, objective = images(), ReconstructionObjective(IMAGES)
    units = x.astype(np.float32) / 127.5 - 1
    errors = objective.errors(halved, asked(x))
    assert errors.shape == (5, 4, 6)
    np.testing.assert_allclose(errors, ((units / 2) ** 2).mean(-1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(objective.answer(halved, asked(x))[:, 0], errors.mean((1, 2)), rtol=1e-5)


def test_noise_is_on_numbers_and_columns_are_hidden_as_wholes():
    x = jnp.asarray(np.tile(rows(1), (4000, 1)))
    noisy = np.asarray(ReconstructionObjective(ROWS, noise=0.3).corrupted(x, key=KEY) - x)
    np.testing.assert_allclose(noisy.std(0), [0.3, 0, 0, 0, 0.3, 0, 0], atol=0.02)
    hidden = np.asarray(ReconstructionObjective(ROWS, hidden=0.25).corrupted(x, key=KEY)) == 0
    gone = np.stack([hidden[:, 0], hidden[:, 1:4].all(1), hidden[:, 4], hidden[:, 5:].all(1)], 1)
    np.testing.assert_allclose(gone.mean(0), 0.25, atol=0.03)
    assert np.abs(np.corrcoef(gone.T) - np.eye(4)).max() < 0.06
    pixels = jnp.ones((300, *IMAGES.shape))
    hidden = np.asarray(ReconstructionObjective(IMAGES, hidden=0.25).corrupted(pixels, key=KEY)) == 0
    assert abs(hidden.mean() - 0.25) < 0.02 and (hidden[..., 0] == hidden[..., 1]).all()


def test_clean_samples_are_measured_whatever_the_noise():
    x, objective = rows(), ReconstructionObjective(ROWS, noise=0.5)
    clean = ReconstructionObjective(ROWS)
    np.testing.assert_allclose(objective.answer(halved, asked(x)), clean.answer(halved, asked(x)))
    sums = objective.evaluate(halved, batch_of(x), key=KEY)
    expected = clean.evaluate(halved, batch_of(x), key=KEY)
    assert float(sums["error"]) == pytest.approx(float(expected["loss"]), rel=1e-6)
    assert float(sums["loss"]) > float(sums["error"])


@pytest.mark.parametrize(("hidden", "seen"), [(0.75, 1), (0.5, 2), (0.2, 3), (0.99, 1), (0.01, 3)])
def test_at_least_one_piece_is_seen_and_one_hidden(hidden: float, seen: int):
    objective = MaskedReconstructionObjective(ROWS, hidden=hidden)
    assert objective.seen(4) == seen
    with pytest.raises(ConfigError, match="one piece cannot be masked"):
        objective.seen(1)


@pytest.mark.parametrize("name", ["noise", "hidden"])
def test_numbers_out_of_range_are_refused(name: str):
    with pytest.raises(ConfigError, match=f"{name} is out of range"):
        ReconstructionObjective(ROWS, **{name: -0.1})
    with pytest.raises(ConfigError, match="hidden is out of range"):
        MaskedReconstructionObjective(ROWS, hidden=1.0)


def test_an_autoencoder_learns_what_few_numbers_decide():
    """Rows of five numbers that two decide, and a category that a third decides, through a code of three."""
    random = np.random.default_rng(0)
    hidden = random.normal(size=(256, 2))
    numbers = hidden @ random.normal(size=(2, 5))
    kind = (hidden[:, 0] > 0).astype(int) + (hidden[:, 1] > 0)
    x = np.concatenate([numbers, np.eye(3)[kind]], axis=1).astype(np.float32)
    space = RowSampleInputs((1, 1, 1, 1, 1, 3))
    data = {"x": x, "y": np.full(256, -1, np.int32), "weight": np.ones(256, np.float32)}
    config = TrainConfig(epochs=60, lr=0.01, batch_size=64, early_stopping=False)
    model = build("autoencoder", inputs=space, outputs=8, size=8, latent=3)
    losses = train(model, ReconstructionObjective(space), data, config=config).history["train_loss"]
    assert losses[0] > 0.8 and losses[-1] < 0.1


@pytest.mark.slow
def test_sparsity_makes_codes_of_zeros_and_is_part_of_the_loss():
    x, space = rows(64), ROWS
    data = {"x": x, "y": np.full(64, -1, np.int32), "weight": np.ones(64, np.float32)}
    config = TrainConfig(epochs=40, lr=0.01, batch_size=64, early_stopping=False)
    zeros = {}
    for sparsity in (1e-6, 0.3):
        model = build("autoencoder", inputs=space, outputs=7, size=4, latent=16, sparsity=sparsity)
        result = train(model, ReconstructionObjective(space), data, config=config)
        assert result.history["train_penalty"][-1] >= 0
        zeros[sparsity] = float((result.model.encode(jnp.asarray(x)) < 1e-3).mean())
    assert zeros[0.3] > zeros[1e-6] + 0.1


def masked_model(space: Any) -> Any:
    small = {"size": 16, "depth": 1, "decoder_depth": 1}
    extra = {"patch": 2} if isinstance(space, ImageSampleInputs) else {}
    return build("masked-autoencoder", inputs=space, outputs=1, **small, **extra)


@pytest.mark.parametrize(("space", "x"), [(ROWS, rows()), (IMAGES, images())], ids=["rows", "images"])
def test_only_what_was_hidden_counts_and_every_piece_is_hidden_once_at_least(space: Any, x: Any):
    model, objective = masked_model(space), MaskedReconstructionObjective(space, hidden=0.6)
    found = jax.jit(
        lambda model, x: (
            objective.answer(model, x),
            objective.errors(model, x),
            objective.reconstruct(model, x),
            objective._measured(model, x["sample"].astype(jnp.float32))[1],
        )
    )(model, asked(x))
    answer, errors, back, counted = jax.device_get(found)
    assert back.shape == x.shape and np.isfinite(back).all()
    assert counted.min() >= 1
    rounds = -(-model.pieces.count // objective.seen(model.pieces.count))
    assert counted.max() <= rounds and abs(counted.mean() / rounds - 0.6) < 0.2
    weighed = (errors * counted).reshape(len(x), -1).sum(1) / counted.reshape(len(x), -1).sum(1)
    np.testing.assert_allclose(answer[:, 0], weighed, rtol=1e-4)


def test_what_is_hidden_has_no_part_in_what_is_given_for_it():
    model, x = masked_model(IMAGES), jnp.asarray(images().astype(np.float32) / 127.5 - 1)
    seen = jnp.asarray(np.tile([[0, 3]], (5, 1)).astype(np.int32))
    changed = jnp.asarray(x).at[:, 2:, :2].set(0.0)  # patch 3 stands in the second row of patches
    fill = jax.jit(lambda x: model.fill(x, seen))
    assert np.abs(fill(x) - fill(changed)).max() > 1e-6
    other = jnp.asarray(x).at[:, 2:, 4:].set(0.0)  # patch 5 is hidden
    np.testing.assert_array_equal(fill(x), fill(other))


@pytest.mark.slow
def test_a_masked_autoencoder_learns_columns_from_one_another():
    random = np.random.default_rng(0)
    first = random.normal(size=(256, 1))
    x = np.concatenate([first, -first, first, np.eye(2)[(first[:, 0] > 0).astype(int)]], 1).astype(np.float32)
    space = RowSampleInputs((1, 1, 1, 2))
    data = {"x": x, "y": np.full(256, -1, np.int32), "weight": np.ones(256, np.float32)}
    config = TrainConfig(epochs=30, lr=0.005, batch_size=64, early_stopping=False)
    objective = MaskedReconstructionObjective(space, hidden=0.5)
    losses = train(masked_model(space), objective, data, config=config).history["train_loss"]
    assert losses[-1] < 0.35 * losses[0]
