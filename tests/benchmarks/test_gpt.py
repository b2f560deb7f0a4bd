"""Both sides of the rows "GPT step" and "causal attention" compute the same."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from benchmarks.contenders import lamina_attention, lamina_gpt, lamina_losses
from benchmarks.rows import causal_attention, gpt_step

from lamina.core.tree import named_arrays, parameter_count
from lamina.train import TrainConfig, train

torch = pytest.importorskip("torch")
from benchmarks.contenders import torch_attention, torch_gpt  # noqa: E402

SHAPE = {"symbols": 256, "time": 12, "width": 16, "depth": 2, "heads": 2}
RECIPE = {**gpt_step.RECIPE, "batch_size": 4}
STEPS = 3


def test_the_first_steps_have_the_same_losses():
    tokens = gpt_step.texts(4)[:, :13]
    model, losses = lamina_gpt.make(SHAPE, 0), lamina_losses.LossesOfEpochs()
    config = TrainConfig(epochs=STEPS, early_stopping=False, schedule="constant", **RECIPE)
    objective = lamina_gpt.NextSymbol(256)
    train(model, objective, lamina_gpt.rows(tokens), config=config, callbacks=[losses])
    network = torch_gpt.GPT(SHAPE)
    network.take(named_arrays(model))
    assert sum(p.numel() for p in network.parameters()) == parameter_count(model)
    trainer = torch_gpt.Trainer(network, RECIPE, "eager", autocast=False)
    theirs = [trainer.epoch(torch.from_numpy(tokens).long()) for _ in range(STEPS)]
    np.testing.assert_allclose(losses.found, theirs, rtol=1e-4)


def test_attention_and_its_gradients():
    shape = [1, 33, 2, 8]
    ours = jax.device_get(lamina_attention.gradients(*lamina_attention.sides(shape)))
    sides = [torch.from_numpy(array) for array in torch_attention.sides(shape)]
    for side in sides[:3]:
        side.requires_grad_()
    for mine, theirs in zip(ours, torch_attention.gradients(*sides), strict=True):
        np.testing.assert_allclose(mine, theirs.numpy().swapaxes(1, 2), rtol=1e-4, atol=1e-5)


def test_flops_count_the_causal_half_of_attention():
    assert causal_attention.flops(4) == 7 * 16 * 64 * 8
    shape = gpt_step.SHAPE
    products = 12 * shape["time"] * shape["width"] ** 2 + shape["time"] ** 2 * shape["width"]
    head = shape["time"] * shape["width"] * shape["symbols"]
    assert gpt_step.forward_flops() == 2 * (shape["depth"] * products + head)
