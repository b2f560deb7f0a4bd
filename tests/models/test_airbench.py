"""The small fast network of pictures."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from lamina.core.inputs import ImageInputs
from lamina.core.tree import parameter_count, trainable
from lamina.data import read
from lamina.data.encoders import ImageEncoder
from lamina.data.schema import infer_schema
from lamina.models import build
from lamina.models.airbench import Whitening
from lamina.network.pictures import work


def smooth_pictures() -> np.ndarray:
    """Neighboring pixels alike, as in photographs."""
    noise = np.random.default_rng(0).normal(size=(300, 14, 14, 3)).cumsum(1).cumsum(2)
    noise = noise + noise[..., :1]
    return np.clip(128 + 12 * noise, 0, 255).astype(np.uint8)


def test_whitening_makes_patches_uncorrelated():
    pictures = smooth_pictures()
    table = read(pictures, y=[0, 1] * 150)
    encoder = ImageEncoder().fit(table, infer_schema(table, target="target"))
    inputs = encoder.inputs
    layer = Whitening(3, patches=inputs.patches)
    standard = (pictures - np.array(inputs.mean)) / np.array(inputs.deviation)
    y = np.asarray(layer(jnp.asarray(standard, jnp.float32))).reshape(-1, 24)
    covariance = y[:, :12].T @ y[:, :12] / len(y)
    assert np.allclose(covariance - np.diag(np.diag(covariance)), 0, atol=2e-3)
    assert np.diag(covariance).max() < 1.001 and np.median(np.diag(covariance)) > 0.8
    assert np.allclose(y[:, :12], -y[:, 12:], atol=1e-4), "each with both signs"


def test_the_encoder_keeps_the_patches():
    table = read(smooth_pictures(), y=[0, 1] * 150)
    encoder = ImageEncoder().fit(table, infer_schema(table, target="target"))
    assert ImageEncoder.from_json(encoder.to_json()).inputs == encoder.inputs
    assert len(encoder.inputs.patches) == 12 * 12


def test_parameters_are_those_of_the_paper():
    model = build("airbench", inputs=(32, 32, 3), outputs=10)
    convolutions = 9 * (24 * 64 + 64 * 64 + 64 * 256 + 256 * 256 * 3)
    norms = 2 * (2 * 64 + 4 * 256)
    # the published network has no gains in its normalizations, so 1,152 less
    assert parameter_count(model) == convolutions + norms + 24 + 256 * 10
    assert not trainable(model).whitening.weight and trainable(model).whitening.bias


def test_work_counts_the_convolutions():
    inputs = ImageInputs(32, 32, 3, (0.0,) * 3, (1.0,) * 3)
    sides = {31: 24 * 64, 15: 64 * 64 + 64 * 256, 7: 2 * 256 * 256, 3: 256 * 256}
    products = sum(side**2 * 9 * pairs for side, pairs in sides.items()) + 31**2 * 4 * 3 * 24
    assert abs(6 * products / work(inputs, 64) - 1) < 0.01
