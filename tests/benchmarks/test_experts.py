"""Both sides of the row "MoE layer" compute the same."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from benchmarks.contenders import lamina_experts
from benchmarks.rows import moe_layer

SIZES = {"rows": 96, "width": 8, "hidden": 12, "experts": 4, "top_k": 2}


def test_values_and_gradients_are_those_of_torch_where_all_have_places():
    torch = pytest.importorskip("torch")
    from benchmarks.contenders import torch_experts

    arrays, theirs = lamina_experts.arrays_of(SIZES), torch_experts.arrays_of(SIZES)
    layer = lamina_experts.layer_of(arrays, SIZES)
    y, slope_x, *_ = jax.device_get(lamina_experts.gradients(layer, arrays["x"], arrays["goal"]))
    for form in torch_experts.FORMS.values():
        given = {name: array.clone().requires_grad_(name == "x") for name, array in theirs.items()}
        other = form(given, SIZES)
        (other * given["goal"]).sum().backward()
        kept = np.abs(other.detach().numpy() - y).max(1) < 1e-4
        assert kept.all() if form is torch_experts.batched else kept.mean() > 0.8, "a loop drops nothing"
        np.testing.assert_allclose(slope_x[kept], given["x"].grad[torch.tensor(kept)], rtol=1e-3, atol=1e-3)


def test_work_is_counted_without_empty_places():
    assert moe_layer.flops(SIZES, "forward") == 2 * 2 * 96 * 2 * 8 * 12
    assert moe_layer.flops(SIZES, "forward and backward") == 3 * moe_layer.flops(SIZES, "forward")
