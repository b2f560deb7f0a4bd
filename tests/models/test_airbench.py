"""The small fast network of images."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs
from lamina.core.tree import parameter_count, trainable
from lamina.data import read
from lamina.modalities.image.choose import work
from lamina.modalities.image.encoder import ImageEncoder
from lamina.models import build
from lamina.models.airbench import ConvGroup, Whitening
from lamina.nn import gelu


def smooth_images() -> np.ndarray:
    """Neighboring pixels alike, as in photographs."""
    noise = np.random.default_rng(0).normal(size=(300, 14, 14, 3)).cumsum(1).cumsum(2)
    noise = noise + noise[..., :1]
    return np.clip(128 + 12 * noise, 0, 255).astype(np.uint8)


def test_whitening_makes_patches_uncorrelated():
    images = smooth_images()
    table = read(images, y=[0, 1] * 150)
    encoder = ImageEncoder.fit(table, "image")
    inputs = encoder.inputs
    layer = Whitening(3, patches=inputs.patches)
    standard = (images - np.array(inputs.mean)) / np.array(inputs.std)
    y = np.asarray(layer(jnp.asarray(standard, jnp.float32))).reshape(-1, 24)
    covariance = y[:, :12].T @ y[:, :12] / len(y)
    assert np.allclose(covariance - np.diag(np.diag(covariance)), 0, atol=2e-3)
    assert np.diag(covariance).max() < 1.001 and np.median(np.diag(covariance)) > 0.8
    assert np.allclose(y[:, :12], -y[:, 12:], atol=1e-4), "each with both signs"


def test_the_encoder_keeps_the_patches():
    table = read(smooth_images(), y=[0, 1] * 150)
    encoder = ImageEncoder.fit(table, "image")
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


def test_the_first_outputs_of_a_convolution_pass_their_inputs_at_first():
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype(np.float32)
    y = ConvGroup(3, 5, key=0).conv1(x)
    assert np.allclose(y[..., :3], x, atol=1e-6) and not np.allclose(y[..., 3:], 0)


def test_a_third_convolution_is_added_to_the_first():
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype(np.float32)
    group = ConvGroup(3, 4, depth=3, key=0)
    assert group.conv3 is not None
    object.__setattr__(group.conv3, "weight", np.zeros_like(group.conv3.weight))
    first = gelu(group.norm1(group.pool(group.conv1(x))))
    assert np.allclose(group(x), gelu(first), atol=1e-6)


def test_depth_adds_parameters_and_is_two_or_three():
    shallow, deep = (build("airbench", inputs=(32, 32, 3), outputs=10, size=8, depth=d) for d in (2, 3))
    third = sum(9 * c * c + 2 * c for c in (8, 32, 32))
    assert parameter_count(deep) - parameter_count(shallow) == third
    with pytest.raises(ConfigError, match="depth of 'airbench' is out of range; expected 2 or 3"):
        build("airbench", inputs=(32, 32, 3), outputs=10, depth=4)
