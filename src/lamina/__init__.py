"""Lamina: the whole neural network in one small, fast, honest library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.core.lazy import lazy

__version__ = "0.1.0"

# Where the public names are defined; nothing is imported before it is asked for.
_PLACES = {
    "lamina.estimators": "NeuralClassifier NeuralRegressor",
    "lamina.models": "build list_models",
    "lamina.network.load": "load",
    "lamina.network.network": "Network",
    "lamina.runs.fit": "fit",
    "lamina.tasks.audit": "check",
}
__getattr__, _ = lazy(
    __name__, _PLACES, modules="core data modalities models network nn objectives ops report tasks train"
)

__all__ = [
    "Network",
    "NeuralClassifier",
    "NeuralRegressor",
    "__version__",
    "build",
    "check",
    "core",
    "data",
    "fit",
    "list_models",
    "load",
    "modalities",
    "models",
    "network",
    "nn",
    "objectives",
    "ops",
    "report",
    "tasks",
    "train",
]

if TYPE_CHECKING:
    from lamina import core, data, modalities, models, network, nn, objectives, ops, report, tasks, train
    from lamina.estimators import NeuralClassifier, NeuralRegressor
    from lamina.models import build, list_models
    from lamina.network.load import load
    from lamina.network.network import Network
    from lamina.runs.fit import fit
    from lamina.tasks.audit import check


def __dir__() -> list[str]:
    return sorted(__all__)
