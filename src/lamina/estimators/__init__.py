"""scikit-learn's interface: a classifier and a regressor that go wherever its own go."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.estimators.classifier import NeuralClassifier
    from lamina.estimators.regressor import NeuralRegressor

__all__ = ["NeuralClassifier", "NeuralRegressor"]

_WHERE = {"NeuralClassifier": "classifier", "NeuralRegressor": "regressor"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'lamina.estimators' has no attribute '{name}'")
    from lamina.core.errors import require

    require("sklearn", extra="sklearn", purpose=f"for {name}")
    return getattr(importlib.import_module(f"lamina.estimators.{_WHERE[name]}"), name)
