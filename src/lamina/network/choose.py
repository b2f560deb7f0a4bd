"""What is chosen where the user leaves it open: model, size and training keys, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina.core.inputs import TableInputs
from lamina.models import MODELS, ModelSpec

# Measured on the validation rows of the tables in benchmarks/; see docs/log.md.
_FAST: dict[str, Any] = {"epochs": 40, "patience": 6, "schedule": "cosine", "lr": 3e-3}
_BALANCED: dict[str, Any] = {"epochs": 40, "patience": 12, "schedule": "cosine", "lr": 5e-3, "optimizer": "muon"}
_BEST: dict[str, Any] = {"epochs": 80, "patience": 20, "schedule": "cosine", "lr": 5e-3, "folds": 5, "optimizer": "muon"}
_KEYS = {"fast": _FAST, "balanced": _BALANCED, "best": _BEST}
_OPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("tabm-mini", "balanced"): {"size": 192, "members": 8, "depth": 3},
    ("tabm-mini", "best"): {"size": 256, "members": 16, "depth": 3},
    ("tabm", "balanced"): {"size": 192, "members": 8, "depth": 3},
    ("tabm", "best"): {"size": 256, "members": 16, "depth": 3},
    ("mlp", "fast"): {"size": 128},
}
MANY_ROWS = 300_000  # beyond this an ensemble's epoch costs minutes on two cores


@dataclass(frozen=True)
class Choice:
    """A model and its keys.

    Args:
        spec: the architecture.
        reason: why, one sentence.
        options: options of the architecture, the size dial among them.
        keys: training keys where the user said nothing.
    """

    spec: ModelSpec
    reason: str
    options: Mapping[str, Any]
    keys: Mapping[str, Any]


def choose(name: str, preset: str, *, task: str, inputs: TableInputs, rows: int) -> Choice:
    """Choose the model for ``auto``, and size and training keys for any model.

    Args:
        name: a registered model, or ``auto``.
        preset: ``fast``, ``balanced`` or ``best``.
        task: kind of the task.
        inputs: the encoded columns.
        rows: training rows.

    Raises:
        ConfigError: the name is unknown.

    Example:
        >>> choose("auto", "fast", task="regression", inputs=TableInputs(4), rows=1000).spec.name
        'mlp'
    """
    reason = "you asked for it"
    if name == "auto":
        name, reason = _model_for(preset, inputs, rows)
    spec = MODELS[name]
    options = dict(_OPTIONS.get((name, preset), {}))
    return Choice(spec, reason, options, {**preset_keys(preset, rows=rows), **spec.defaults})


def preset_keys(preset: str, *, rows: int) -> dict[str, Any]:
    """Return the training keys of a preset for a number of training rows."""
    return {**_KEYS[preset], **_for_rows(preset, rows)}


def variants(name: str, preset: str, *, task: str) -> tuple[dict[str, Any], ...]:
    """Return the options worth trying on the data before the rest of a run uses the best.

    Dropout helps some regressions and ruins others: on California housing 0.1 beats 0, on
    diamonds the error grows by a tenth. Classification is steadier.

    Args:
        name: the architecture.
        preset: ``fast`` tries nothing.
        task: kind of the task.

    Example:
        >>> variants("tabm-mini", "best", task="regression")
        ({'dropout': 0.0}, {'dropout': 0.1})
    """
    if preset == "fast" or task != "regression" or not name.startswith("tabm"):
        return ({},)
    return ({"dropout": 0.0}, {"dropout": 0.1})


def _model_for(preset: str, inputs: TableInputs, rows: int) -> tuple[str, str]:
    if preset == "fast":
        return "mlp", "preset fast: one small network, trained in seconds"
    if rows > MANY_ROWS:
        return "mlp", f"{rows:,} rows: with so many a single network learns as well as an ensemble"
    columns = inputs.numeric + len(inputs.cardinalities)
    if columns > 500:
        return "mlp", f"{columns} columns: an embedding for each would not fit the time"
    return "tabm-mini", "a shared-weight ensemble with embedded numbers is the strongest start on tables"


def _for_rows(preset: str, rows: int) -> dict[str, Any]:
    """Return keys that keep the number of steps in proportion to the rows."""
    if rows > MANY_ROWS:
        return {"epochs": {"fast": 3, "balanced": 8, "best": 20}[preset], "folds": 1}
    if rows < 1000:
        return {"epochs": {"fast": 60, "balanced": 100, "best": 200}[preset]}
    return {}
