"""What is chosen for tables where the user leaves it open: model, size and training keys, with the reason."""

from __future__ import annotations

from typing import Any

from lamina.data.schema import NUMBERS
from lamina.modalities.base import Choice, Situation

# Measured on the validation rows of the tables in benchmarks/; see docs/log.md.
# The cosine falls to the end: stopping at the first plateau costs more than the epochs do.
_FAST: dict[str, Any] = {"patience": 8, "schedule": "cosine", "lr": 3e-3}
_BALANCED: dict[str, Any] = {"patience": 60, "schedule": "cosine", "lr": 6e-3, "optimizer": "muon"}
_KEYS = {"fast": _FAST, "balanced": _BALANCED, "best": _BALANCED}
_OPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    (name, preset): {"size": 192, "members": 8, "depth": 3}
    for name in ("tabm", "tabm-mini")
    for preset in ("balanced", "best")
} | {("mlp", "fast"): {"size": 128}}
FEW_EXAMPLES = 15_000  # below this dropout helps the regressions we measured, above it harms them
SOME_EXAMPLES = 10_000  # from here Muon gains by moving embeddings and heads too
MANY_EXAMPLES = 300_000  # beyond this an ensemble's epoch costs minutes on two cores


def choose(situation: Situation) -> Choice:
    """Return the model for ``auto``, and size and training keys for any model.

    Args:
        situation: what the model is chosen for.

    Example:
        >>> from lamina.core.inputs import TableInputs
        >>> choose(Situation(TableInputs(4), 1000, NUMBERS, preset="fast")).model
        'mlp'
    """
    name, reason = situation.model, "you asked for it"
    if name == "auto":
        name, reason = _model_for(situation.preset, situation.inputs, situation.examples)
    options, keys = dict(_OPTIONS.get((name, situation.preset), {})), preset_keys(situation)
    if name.startswith("tabm") and situation.preset != "fast":
        few = situation.examples < FEW_EXAMPLES or situation.target_kind != NUMBERS
        options["dropout"] = 0.1 if few else 0.0
        if situation.preset == "balanced" and situation.examples >= SOME_EXAMPLES:
            keys["optimizer"] = "muon-all"
    return Choice(name, options, keys, reason, variants(name, situation))


def preset_keys(situation: Situation) -> dict[str, Any]:
    """Return the training keys of a preset for a kind of target and a number of training examples.

    Args:
        situation: what the model is chosen for.
    """
    return {**_KEYS[situation.preset], "epochs": _epochs(situation)}


def variants(name: str, situation: Situation) -> tuple[dict[str, Any], ...]:
    """Return the options worth trying on the data before the rest of a run uses the best.

    Dropout helps some regressions and ruins others (decision 0008). Classification is
    steadier. Only the preset ``best`` takes the time to try.

    Args:
        name: the architecture.
        situation: what the model is chosen for.

    Example:
        >>> from lamina.core.inputs import TableInputs
        >>> variants("tabm-mini", Situation(TableInputs(4), 1000, NUMBERS, preset="best"))
        ({'dropout': 0.0}, {'dropout': 0.1})
    """
    if situation.preset != "best" or situation.target_kind != NUMBERS or not name.startswith("tabm"):
        return ({},)
    return ({"dropout": 0.0}, {"dropout": 0.1})


def _model_for(preset: str, inputs: Any, rows: int) -> tuple[str, str]:
    if preset == "fast":
        return "mlp", "preset fast: one small network, trained in seconds"
    if rows > MANY_EXAMPLES:
        return "mlp", f"{rows:,} rows: with so many a single network learns as well as an ensemble"
    columns = inputs.numeric + len(inputs.cardinalities)
    if columns > 500:
        return "mlp", f"{columns} columns: an embedding for each would not fit the time"
    return "tabm-mini", "a shared-weight ensemble with embedded numbers is the strongest start on tables"


def _epochs(situation: Situation) -> int:
    """Return the epochs that give about as many steps whatever the rows are."""
    from lamina.train.loop.plan import default_batch_size  # and with it JAX

    preset, examples = situation.preset, situation.examples
    if examples > MANY_EXAMPLES:
        return {"fast": 3, "balanced": 8, "best": 20}[preset]
    batch = default_batch_size(examples)
    middling = 2000 if batch <= 128 else 1700  # longer steps; with fewer of them losses were a tie (log)
    shorter = 1 if situation.target_kind == NUMBERS else 0.6
    steps = {"fast": 1000, "balanced": middling, "best": 2400}[preset] * shorter
    per_epoch = -(-examples // batch)
    return int(min(60, max(10, round(steps / per_epoch))))
