"""Both sides of a row of images are one network: parameters, outputs, losses of the first steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.contenders import lamina_networks
from benchmarks.contenders.lamina_turns import rows
from benchmarks.rows import cnn_step, vit_step

from lamina.core.tree import parameter_count
from lamina.objectives import MulticlassObjective
from lamina.train import Callback, TrainConfig, train

torch = pytest.importorskip("torch")
from benchmarks.contenders import torch_images, torch_networks  # noqa: E402

SHAPES = {
    "cnn": {"kind": "cnn", "side": 16, "colors": 3, "channels": [4, 6, 8]},
    "cnn, every place": {"kind": "cnn", "side": 8, "colors": 3, "channels": [4, 6], "places": 4 * 4},
    "vit": {"kind": "vit", "side": 8, "colors": 3, "width": 64, "depth": 2, "heads": 1, "patch": 4},
}
RECIPES: dict[str, dict[str, Any]] = {
    "cnn": {"optimizer": "momentum", "lr": 0.05, "batch_size": 8},
    "cnn, every place": {"optimizer": "momentum", "lr": 0.05, "batch_size": 8},
    "vit": {"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.05, "batch_size": 8},
}
STEPS = 4
RANDOM = np.random.default_rng(0)


class Losses(Callback):
    """Keeps the loss of every epoch."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any, run: Any) -> None:
        self.found.append(logs["train_loss"])


@pytest.mark.parametrize("kind", SHAPES)
def test_the_first_steps_have_the_same_losses(kind: str):
    shape, recipe = SHAPES[kind], RECIPES[kind]
    x = RANDOM.normal(size=(8, shape["side"], shape["side"], 3)).astype(np.float32)
    y = RANDOM.integers(0, 10, 8)
    model, losses = lamina_networks.make(shape, 0), Losses()
    config = TrainConfig(epochs=STEPS, early_stopping=False, **recipe)
    train(model, MulticlassObjective(10), rows(x, y), config=config, callbacks=[losses])
    network = torch_networks.make(shape, lamina_networks.weights(model))
    assert sum(p.numel() for p in network.parameters()) == parameter_count(model)
    trainer = torch_images.Trainer(network, recipe, "fused", autocast=False)
    placed = trainer.placed(torch.from_numpy(x))
    theirs = [trainer.step(placed, torch.from_numpy(y)).item() for _ in range(STEPS)]
    np.testing.assert_allclose(losses.found, theirs, rtol=1e-4)


def test_flops_of_the_convolutions_count_every_place():
    assert cnn_step.forward_flops(4, 3, (2,)) == 2 * 16 * 9 * 3 * 2
    assert cnn_step.forward_flops(4, 3, (2, 5)) == 2 * (16 * 9 * 3 * 2 + 4 * 9 * 2 * 5)


def test_flops_of_a_transformer_count_tokens_twice_in_attention():
    one = vit_step.forward_flops(width=2, depth=1, patch=4, side=8, colors=3)
    assert one == 2 * (12 * 5 * 4 + 2 * 25 * 2 + 4 * 16 * 3 * 2)
