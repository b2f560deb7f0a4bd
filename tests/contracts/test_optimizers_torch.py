"""Optimizers against PyTorch's of the same name: ten steps on one problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamina.models import build
from lamina.objectives import RegressionObjective
from lamina.train import TrainConfig, train

torch = pytest.importorskip("torch")

X = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 1).astype(np.float32)
LR, STEPS = 0.03, 10

TWINS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda p: torch.optim.SGD(p, LR),
    "momentum": lambda p: torch.optim.SGD(p, LR, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, LR, momentum=0.9, nesterov=True),
    "adagrad": lambda p: torch.optim.Adagrad(p, LR, initial_accumulator_value=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, LR, alpha=0.999),
    "adam": lambda p: torch.optim.Adam(p, LR),
    "adamw": lambda p: torch.optim.AdamW([{"params": p[:1]}, {"params": p[1:], "weight_decay": 0.0}], LR),
}


def theirs(name: str) -> np.ndarray:
    layer = torch.nn.Linear(3, 1)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = TWINS[name](list(layer.parameters()))
    for _ in range(STEPS):
        optimizer.zero_grad()
        ((layer(torch.tensor(X)) - torch.tensor(Y)) ** 2).mean().backward()
        optimizer.step()
    return np.concatenate([layer.weight.detach().numpy().ravel(), layer.bias.detach().numpy()])


def ours(name: str) -> np.ndarray:
    rows = {"x": X, "y": Y, "weight": np.ones(16, np.float32)}
    decay = 0.01 if name == "adamw" else 0.0  # PyTorch's default
    config = TrainConfig(epochs=STEPS, lr=LR, batch_size=16, optimizer=name, weight_decay=decay)
    model = build("linear", inputs=(3,), outputs=1)
    layer = train(model, RegressionObjective(), rows, config=config).model.numeric
    return np.concatenate([layer.weight.ravel(), layer.bias])


@pytest.mark.parametrize("name", TWINS)
def test_ten_steps_end_where_pytorchs_do(name: str):
    np.testing.assert_allclose(ours(name), theirs(name), rtol=2e-3, atol=1e-5)
