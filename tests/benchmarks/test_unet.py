"""Both sides of the row "U-Net diffusion step" are one network."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from benchmarks.contenders import lamina_unet
from benchmarks.rows import unet_diffusion_step

from lamina.core.tree import named_arrays, parameter_count, with_arrays

torch = pytest.importorskip("torch")
from benchmarks.contenders import torch_unet  # noqa: E402

pytestmark = pytest.mark.slow  # each compiles several networks

SHAPE = {"side": 8, "colors": 1, "labels": 3, "width": 8, "depth": 1}


def test_the_same_weights_give_the_same_outputs():
    random = np.random.default_rng(0)
    model = lamina_unet.make(SHAPE, 0)
    arrays = {name: np.asarray(array) for name, array in named_arrays(model).items()}
    arrays = {
        name: (array + 0.1 * random.normal(size=array.shape)).astype(np.float32)
        for name, array in arrays.items()
    }
    model = with_arrays(model, arrays)
    network = torch_unet.UNet(SHAPE)
    network.take(arrays)
    x = random.normal(size=(4, 8, 8, 1)).astype(np.float32)
    level, label = np.array([0.0, 0.3, 0.7, 1.0], np.float32), np.array([0, 2, -1, 1], np.int32)
    with torch.no_grad():
        theirs = torch_unet.last(
            network(
                torch_unet.first(torch.from_numpy(x)), torch.from_numpy(level), torch.from_numpy(label).long()
            )
        )
    np.testing.assert_allclose(jax.jit(model)(x, level, label), theirs.numpy(), rtol=2e-3, atol=2e-3)
    assert sum(p.numel() for p in network.parameters()) == parameter_count(model)


def test_the_work_is_counted_for_the_whole_network():
    """1.3 million weights: 0.29 GF an image, almost all of it 3 x 3 convolutions."""
    assert 0.25e9 < unet_diffusion_step.forward_flops() < 0.35e9
