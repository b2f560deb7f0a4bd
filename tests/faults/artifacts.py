"""Networks that nobody trained, so that an artifact to be damaged is made in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from lamina.core.random import make_key
from lamina.data import (
    AbstractTable,
    ImageEncoder,
    Schema,
    TableEncoder,
    TargetEncoder,
    infer_schema,
    read,
)
from lamina.network.artifact import build_model
from lamina.network.network import Network
from lamina.objectives import (
    BinaryObjective,
    MulticlassObjective,
    MultilabelObjective,
    QuantileObjective,
    RegressionObjective,
)

ROWS = 60
INPUTS = ("number", "gap", "word", "flag", "when", "same")
TARGETS = {"binary": "yes", "multiclass": "kind", "regression": "price", "quantile": "price"}


def frame() -> pl.DataFrame:
    """Return a table with a column of each kind, and a target for each task."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=ROWS).round(3)
    return pl.DataFrame(
        {
            "number": numbers,
            "gap": [None if i % 7 == 0 else i % 13 + 0.25 for i in range(ROWS)],
            "word": random.choice(["a", "b", "ü"], ROWS),
            "flag": random.random(ROWS) < 0.5,
            "when": [f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}" for i in range(ROWS)],
            "same": [1] * ROWS,  # left out
            "yes": np.where(numbers > 0, "yes", "no"),
            "kind": random.integers(0, 3, ROWS),
            "first": random.integers(0, 2, ROWS),
            "second": random.integers(0, 2, ROWS),
            "price": numbers * 3 + random.normal(size=ROWS),
        }
    )


def _task(name: str) -> Any:
    return {
        "binary": BinaryObjective(),
        "multiclass": MulticlassObjective(3),
        "multilabel": MultilabelObjective(2),
        "regression": RegressionObjective(1),
        "quantile": QuantileObjective(1, (0.1, 0.5, 0.9)),
    }[name]


def network(
    name: str = "binary",
    *,
    model: str = "mlp",
    scale: str = "quantile",
    rows: int = ROWS,
    columns: Sequence[str] = INPUTS,
    **options: Any,
) -> Network:
    """Return an untrained network.

    Args:
        name: ``binary``, ``multiclass``, ``multilabel``, ``regression`` or ``quantile``.
        model: architecture.
        scale: how numbers are scaled.
        rows: of the table; fewer make a shorter schema.
        columns: of the table.
        **options: of the architecture.
    """
    targets = [TARGETS[name]] if name in TARGETS else ["first", "second"]
    task = _task(name)
    table = read(frame().head(rows).select(*columns, *targets))
    schema = infer_schema(table, target=targets, task=task.kind)
    encoder = TableEncoder().fit(table, schema, numeric=scale)
    return _untrained(table, schema, encoder, task, model, options)


def images(model: str = "lenet", *, side: int = 12, **options: Any) -> Network:
    """Return an untrained network of gray images of two classes.

    Args:
        model: architecture.
        side: of an image, in pixels.
        **options: of the architecture.
    """
    table = drawn(side)
    schema = infer_schema(table, target="target")
    return _untrained(table, schema, ImageEncoder().fit(table, schema), BinaryObjective(), model, options)


def drawn(side: int = 12) -> AbstractTable:
    """Return a table of six gray images."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, side, side), np.uint8)
    return read(pixels, y=[0, 1] * 3)


def _untrained(
    table: AbstractTable, schema: Schema, encoder: Any, task: Any, model: str, options: dict[str, Any]
) -> Network:
    return Network(
        model=build_model(model, encoder.inputs, task.out_features, options, make_key(0)),
        model_name=model,
        options=options,
        task=task,
        schema=schema,
        encoder=encoder,
        target_encoder=TargetEncoder().fit(table, schema),
        config={"seed": 0, "lr": 0.01, "keep": []},
        info={
            "rows": {"train": table.height, "valid": 0, "test": 0},
            "valid": {"accuracy": 0.5, "auc": None},
            "test": None,
            "source": "table.csv",
            "versions": {"lamina": "0.1.0"},
            "seed": 0,
            "epochs": 1,
            "best_epoch": 1,
            "device": "cpu",
        },
        history={"epoch": [1.0], "valid_loss": [0.7], "auc": [None]},
    )
