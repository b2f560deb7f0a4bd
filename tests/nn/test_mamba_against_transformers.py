"""Mamba and Mamba-2 against the reference code of `transformers`: values and gradients."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina import nn
from lamina.core.tree import named_arrays, with_arrays

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WIDTH, STATE, TIME = 12, 5, 19


def theirs_mamba() -> Any:
    from transformers.models.mamba.modeling_mamba import MambaMixer

    config = transformers.MambaConfig(
        vocab_size=7, hidden_size=WIDTH, state_size=STATE, num_hidden_layers=1, time_step_rank=3
    )
    return MambaMixer(config, layer_idx=0)


def theirs_mamba2() -> Any:
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    config = transformers.Mamba2Config(
        vocab_size=7, hidden_size=WIDTH, state_size=STATE, num_hidden_layers=1, head_dim=6, num_heads=4,
        n_groups=2, chunk_size=8,
    )  # fmt: skip
    return Mamba2Mixer(config, layer_idx=0)


PAIRS = {
    "Mamba": (lambda: nn.Mamba(WIDTH, state=STATE, rank=3, key=0), theirs_mamba),
    "Mamba2": (lambda: nn.Mamba2(WIDTH, state=STATE, head_width=6, groups=2, key=0), theirs_mamba2),
}


@pytest.mark.parametrize("name", PAIRS)
def test_values_and_gradients_are_those_of_transformers(name: str):
    random = np.random.default_rng(0)
    ours, theirs = PAIRS[name][0](), PAIRS[name][1]().eval()
    arrays = {
        path: (random.normal(size=array.shape) * 0.3).astype(np.float32)
        for path, array in named_arrays(ours).items()
    }
    x, goal = (random.normal(size=(2, TIME, WIDTH)).astype(np.float32) for _ in range(2))

    theirs.load_state_dict({path: torch.tensor(array) for path, array in arrays.items()})
    given = torch.tensor(x, requires_grad=True)
    y = theirs(given)
    (y * torch.tensor(goal)).sum().backward()

    @jax.jit
    def values_and_slopes(layer: Any, x: Any) -> Any:
        y, back = jax.vjp(lambda layer, x: layer(x), layer, x)
        return y, *back(jnp.asarray(goal))

    found, slope, slope_x = values_and_slopes(with_arrays(ours, arrays), x)
    np.testing.assert_allclose(found, y.detach(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slope_x, given.grad, rtol=1e-4, atol=1e-4)
    wanted = {path: parameter.grad.numpy() for path, parameter in theirs.named_parameters()}
    for path, array in named_arrays(jax.device_get(slope)).items():
        np.testing.assert_allclose(array, wanted[path], rtol=1e-4, atol=1e-4, err_msg=path)
