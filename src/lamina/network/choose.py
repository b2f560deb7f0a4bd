"""What is chosen where the user leaves it open: model, size and training keys, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs, TableInputs
from lamina.models import MODELS, ModelSpec
from lamina.network import images
from lamina.train.loop.plan import default_batch_size

# Measured on the validation rows of the tables in benchmarks/; see docs/log.md.
# The cosine falls to the end: stopping at the first plateau costs more than the epochs do.
_FAST: dict[str, Any] = {"patience": 8, "schedule": "cosine", "lr": 3e-3}
_BALANCED: dict[str, Any] = {"patience": 60, "schedule": "cosine", "lr": 6e-3, "optimizer": "muon"}
_BEST: dict[str, Any] = {**_BALANCED, "folds": 5}
_KEYS = {"fast": _FAST, "balanced": _BALANCED, "best": _BEST}
_OPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    (name, preset): {"size": 192, "members": 8, "depth": 3}
    for name in ("tabm", "tabm-mini")
    for preset in ("balanced", "best")
} | {("mlp", "fast"): {"size": 128}}
FEW_ROWS = 15_000  # below this dropout helps the regressions we measured, above it harms them
SOME_ROWS = 10_000  # from here Muon gains by moving embeddings and heads too
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


def choose(
    name: str,
    preset: str,
    *,
    task: str,
    inputs: TableInputs | ImageInputs,
    rows: int,
    seconds: float | None = None,
) -> Choice:
    """Choose the model for ``auto``, and size and training keys for any model.

    Args:
        name: a registered model, or ``auto``.
        preset: ``fast``, ``balanced`` or ``best``.
        task: kind of the task.
        inputs: the encoded columns, or the size of images.
        rows: training rows.
        seconds: the run's time limit, for which a network for images is made small enough.

    Raises:
        ConfigError: the name is unknown, or the model is not for such inputs.

    Example:
        >>> choose("auto", "fast", task="regression", inputs=TableInputs(4), rows=1000).spec.name
        'mlp'
    """
    reason = "you asked for it"
    if isinstance(inputs, ImageInputs):
        budget = images.budget_of(preset, seconds)
        return _choose_for_images(name, budget, task=task, inputs=inputs, rows=rows)
    if name == "auto":
        name, reason = _model_for(preset, inputs, rows)
    spec = _suitable(MODELS[name], "table")
    options, keys = dict(_OPTIONS.get((name, preset), {})), preset_keys(preset, task=task, rows=rows)
    if name.startswith("tabm") and preset != "fast":
        options["dropout"] = 0.1 if rows < FEW_ROWS or task != "regression" else 0.0
        if preset == "balanced" and rows >= SOME_ROWS:
            keys["optimizer"] = "muon-all"
    return Choice(spec, reason, options, {**keys, **spec.defaults})


def _choose_for_images(name: str, budget: float, *, task: str, inputs: ImageInputs, rows: int) -> Choice:
    reason, options = "you asked for it", {}
    if name == "auto":
        name, reason, options = images.model_for(budget, inputs, rows)
    spec = _suitable(MODELS[name], "image")
    keys = images.keys_for(budget, inputs, rows, size=options.get("size", 64), task=task)
    return Choice(spec, reason, options, {**keys, **spec.defaults})


def _suitable(spec: ModelSpec, kind: str) -> ModelSpec:
    """Return the architecture if it takes such inputs.

    Raises:
        ConfigError: naming those that do.
    """
    if kind not in spec.takes:
        known = [other for other, entry in MODELS.items() if kind in entry.takes]
        noun = {"table": "tables", "image": "images"}[kind]
        raise ConfigError(
            f"model '{spec.name}' is not for {noun}", expected="one of " + ", ".join(sorted(known))
        )
    return spec


def preset_keys(preset: str, *, task: str, rows: int) -> dict[str, Any]:
    """Return the training keys of a preset for a kind of task and a number of training rows."""
    return {**_KEYS[preset], **_for_rows(preset, rows, task)}


def variants(name: str, preset: str, *, task: str) -> tuple[dict[str, Any], ...]:
    """Return the options worth trying on the data before the rest of a run uses the best.

    Dropout helps some regressions and ruins others (decision 0008). Classification is
    steadier.

    Args:
        name: the architecture.
        preset: only ``best`` takes the time to try.
        task: kind of the task.

    Example:
        >>> variants("tabm-mini", "best", task="regression")
        ({'dropout': 0.0}, {'dropout': 0.1})
    """
    if preset != "best" or task != "regression" or not name.startswith("tabm"):
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


def _for_rows(preset: str, rows: int, task: str) -> dict[str, Any]:
    """Return the epochs that give about as many steps whatever the rows are."""
    if rows > MANY_ROWS:
        return {"epochs": {"fast": 3, "balanced": 8, "best": 20}[preset], "folds": 1}
    batch = default_batch_size(rows)
    middling = 2000 if batch <= 128 else 1700  # longer steps; with fewer of them losses were a tie (log)
    steps = {"fast": 1000, "balanced": middling, "best": 2400}[preset] * (1 if task == "regression" else 0.6)
    per_epoch = -(-rows // batch)
    return {"epochs": int(min(60, max(10, round(steps / per_epoch))))}
