"""The U-Net of diffusion: sides that are no multiples, folded pixels, and what a folded one costs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs
from lamina.core.tree import named_arrays
from lamina.models import build

SPACE = ImageSampleInputs(10, 7, 2, 3)


def multiplications(fold: int, depth: int, size: int = 8) -> float:
    """Of the compiled network, by the compiler's own count."""
    space = ImageSampleInputs(16, 16, 1, 0)
    model = build("denoising-unet", inputs=space, outputs=1, size=size, depth=depth, fold=fold, seed=0)
    shapes = jnp.zeros((1, 16, 16, 1)), jnp.zeros(1), jnp.full(1, -1, jnp.int32)
    found = jax.jit(lambda model, *x: model(*x)).lower(model, *shapes).compile().cost_analysis()
    return float(found["flops"])


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_images_of_any_size_keep_it(fold: int):
    model = build("denoising-unet", inputs=SPACE, outputs=1, size=8, fold=fold, seed=0)
    arrays = named_arrays(model)
    assert arrays["stem.weight"].size == 8 * 9 * 2 * fold**2
    random = np.random.default_rng(0)
    moved = jax.tree.map(lambda a: (a + 0.1 * random.normal(size=np.shape(a))).astype(np.float32), model)
    x = random.normal(size=(2, 10, 7, 2)).astype(np.float32)
    label = np.array([0, -1], np.int32)
    found = jax.jit(lambda model, x: model(x, jnp.full(2, 0.5), label))(moved, x)
    assert found.shape == x.shape and np.isfinite(found).all() and np.ptp(found) > 0
    changed = x.copy()
    changed[0, -1, -1] += 1.0  # the last pixel is seen, and is no other image's
    other = jax.jit(lambda model, x: model(x, jnp.full(2, 0.5), label))(moved, changed)
    assert not np.allclose(other[0], found[0]) and np.allclose(other[1], found[1], atol=1e-5)


def test_folded_it_costs_a_quarter():
    assert multiplications(2, depth=1) < 0.35 * multiplications(1, depth=1)


def test_a_fold_out_of_range_is_refused():
    with pytest.raises(ConfigError, match="fold is out of range"):
        build("denoising-unet", inputs=SPACE, outputs=1, size=8, fold=0, seed=0)
