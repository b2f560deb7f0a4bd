"""Lamina: the whole neural network in one small, fast, honest library."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# public name -> module that defines it; nothing is imported before it is asked for
_WHERE = {
    "Network": "lamina.network.network",
    "NeuralClassifier": "lamina.estimators",
    "NeuralRegressor": "lamina.estimators",
    "build": "lamina.models",
    "check": "lamina.tasks.audit",
    "fit": "lamina.runs.fit",
    "list_models": "lamina.models",
    "load": "lamina.network.load",
}
_ROOMS = (
    "core",
    "data",
    "modalities",
    "models",
    "network",
    "nn",
    "objectives",
    "ops",
    "report",
    "tasks",
    "train",
)

__all__ = ["__version__", *_WHERE, *_ROOMS]

if TYPE_CHECKING:
    from lamina import core, data, modalities, models, network, nn, objectives, ops, report, tasks, train
    from lamina.estimators import NeuralClassifier, NeuralRegressor
    from lamina.models import build, list_models
    from lamina.network.load import load
    from lamina.network.network import Network
    from lamina.runs.fit import fit
    from lamina.tasks.audit import check


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"lamina.{name}")
    raise AttributeError(f"module 'lamina' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
