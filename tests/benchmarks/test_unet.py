"""Both sides of the row "U-Net diffusion step" are one network."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.contenders import lamina_unet

from lamina.core.tree import named_arrays

torch = pytest.importorskip("torch")

SHAPE = {"side": 8, "colors": 1, "labels": 3, "width": 8, "depth": 1}


def test_the_same_weights_give_the_same_outputs():
    random = np.random.default_rng(0)
    model = lamina_unet.make(SHAPE, 0)
    arrays = {
        name: array + 0.1 * random.normal(size=array.shape) for name, array in named_arrays(model).items()
    }
