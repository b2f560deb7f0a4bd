"""Networks that nobody trained, so that an artifact to be damaged is made in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from lamina.core.keys import flat
from lamina.core.random import make_key
from lamina.data import AbstractTable, read
from lamina.modalities import Learned
from lamina.modalities.blocks import Encoders
from lamina.modalities.image.encoder import ImageEncoder
from lamina.modalities.table.encoder import TableEncoder
from lamina.network.build import build_model
from lamina.network.info import RunInfo
from lamina.network.network import Network
from lamina.tasks.audit import Cast, ask, cast_roles

ROWS = 60
INPUTS = ("number", "gap", "word", "flag", "when", "same")
TARGETS = {"binary": "yes", "multiclass": "kind", "regression": "price", "quantile": "price"}
KEYS = {"quantile": {"quantiles": (0.1, 0.5, 0.9)}}  # of the task, where they are not its own


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
    task = "regression" if name == "quantile" else name
    table = read(frame().head(rows).select(*columns, *targets))
    cast = cast_roles(table, targets, ask({"task": task}))
    encoder = TableEncoder.fit(table, cast.schema.inputs, numeric=scale)
    return _untrained(cast, encoder, cast.task.keys(**KEYS.get(name, {})), model, options)


def images(model: str = "lenet", *, side: int = 12, **options: Any) -> Network:
    """Return an untrained network of gray images of two classes.

    Args:
        model: architecture.
        side: of an image, in pixels.
        **options: of the architecture.
    """
    cast = cast_roles(drawn(side), "target", ask({}))
    encoder = ImageEncoder.fit(cast.claims.table, cast.schema.inputs[0].name)
    return _untrained(cast, encoder, cast.task.keys(), model, options)


def drawn(side: int = 12) -> AbstractTable:
    """Return a table of six gray images."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, side, side), np.uint8)
    return read(pixels, y=[0, 1] * 3)


def _untrained(cast: Cast, encoder: Any, keys: Any, model: str, options: dict[str, Any]) -> Network:
    table, schema, task = cast.claims.table, cast.schema, cast.task
    encoders = Encoders(cast.blocks, {cast.blocks[0].name: encoder})
    target = task.fit(Learned(table, schema, encoders, np.arange(table.height)), keys)
    objective = task.objective(encoders.inputs, target, keys)
    return Network(
        model=build_model(model, encoders.inputs, objective.out_features, options, make_key(0), wants="one"),
        model_name=model,
        options=options,
        task=task,
        schema=schema,
        encoder=encoders,
        target=target,
        objective=objective,
        config={"seed": 0, "lr": 0.01, "keep": [], **flat(keys)},
        info=RunInfo(
            rows={"train": table.height, "valid": 0, "test": 0},
            valid={"accuracy": 0.5, "auc": None},
            source="table.csv",
            versions={"lamina": "0.1.0"},
            epochs=1,
            best_epoch=1,
            device="cpu",
        ),
        history={"epoch": [1.0], "valid_loss": [0.7], "auc": [None]},
    )
