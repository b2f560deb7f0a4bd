"""A small linear problem on which each part of training is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamina.models import build
from lamina.objectives import RegressionObjective
from lamina.train import TrainConfig, TrainResult, train

ROWS = 24


@pytest.fixture(scope="package")
def line() -> dict[str, np.ndarray]:
    """Rows of y = 2a - b."""
    x = np.random.default_rng(0).normal(size=(ROWS, 3)).astype(np.float32)
    return {"x": x, "y": x[:, :1] * 2 - x[:, 1:2], "weight": np.ones(ROWS, np.float32)}


@pytest.fixture(scope="package")
def fitted(line: dict[str, np.ndarray]) -> Callable[..., TrainResult]:
    """Train the linear model by plain gradient descent, with other keys where they are given."""

    def fit(*, data: Any = None, valid: Any = None, callbacks: Any = (), **keys: Any) -> TrainResult:
        plain = {"epochs": 3, "lr": 0.05, "batch_size": 8, "optimizer": "sgd", "weight_decay": 0.0}
        config = TrainConfig(**{**plain, **keys})
        model = build("linear", inputs=(3,), outputs=1)
        return train(model, RegressionObjective(), data or line, valid, config=config, callbacks=callbacks)

    return fit
