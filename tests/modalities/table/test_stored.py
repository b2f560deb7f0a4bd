"""The form of a table's encoder in an artifact: what is wrong is named with its place."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from lamina.core.errors import ArtifactError
from lamina.data import ColumnSchema, read
from lamina.modalities.table.encoder import TableEncoder
from lamina.modalities.table.stored import check_encoder

ROWS = 30
FRAME = pl.DataFrame(
    {
        "size": np.random.default_rng(0).lognormal(size=ROWS),
        "age": [None if i % 6 == 0 else float(i * 11 % 17) for i in range(ROWS)],
        "flat": [i % 4 == 0 for i in range(ROWS)],
        "sold": [f"{i % 12 + 1}/{i % 28 + 1}/{2020 + i % 3}" for i in range(ROWS)],
        "town": [["Ulm", "Köln", "Bonn"][i % 3] for i in range(ROWS)],
    }
)
KINDS = {"size": "numeric", "age": "numeric", "flat": "boolean", "sold": "datetime", "town": "category"}


def stored(scale: str = "quantile") -> dict[str, Any]:
    columns = [ColumnSchema(n, kind, "%m/%d/%Y" if n == "sold" else "") for n, kind in KINDS.items()]
    encoder = TableEncoder.fit(read(FRAME), columns, numeric=scale)
    return {"modality": "table", **json.loads(json.dumps(encoder.to_json()))}


WHOLE = {scale: stored(scale) for scale in ("quantile", "standard")}
SIZE, AGE, FLAT, SOLD, TOWN = range(5)
Change = Callable[[list[dict[str, Any]]], object]


@pytest.mark.parametrize("scale", WHOLE)
def test_what_was_stored_has_the_right_form(scale):
    assert [column["name"] for column in WHOLE[scale]["columns"]] == list(KINDS)
    check_encoder(WHOLE[scale], "blocks.table")
    assert TableEncoder.from_json(WHOLE[scale]).to_json()["columns"] == WHOLE[scale]["columns"]


WRONG: dict[str, tuple[str, Change, str]] = {
    "a kind that is none": (
        "quantile",
        lambda c: c[SIZE].update(kind="text"),
        "columns.0.kind: has the wrong form; expected one of numeric, boolean, datetime, category",
    ),
    "a field away": ("quantile", lambda c: c[FLAT].pop("marks_missing"), "columns.2: has the wrong form"),
    "a field too many": ("quantile", lambda c: c[TOWN].update(more=1), "columns.4: has the wrong form"),
    "a name that is none": (
        "quantile",
        lambda c: c[TOWN].update(name=3),
        "columns.4.name: has the wrong form",
    ),
    "a switch that is none": (
        "quantile",
        lambda c: c[AGE].update(marks_missing=1),
        "columns.1.marks_missing: has the wrong form",
    ),
    "knots that fall": (
        "quantile",
        lambda c: c[SIZE]["scaler"]["knots"].reverse(),
        "columns.0.scaler.knots: has the wrong form; expected",
    ),
    "knots without levels": (
        "quantile",
        lambda c: c[SIZE]["scaler"]["levels"].pop(),
        "columns.0.scaler.knots: has the wrong form; expected",
    ),
    "no knots": (
        "quantile",
        lambda c: c[SIZE]["scaler"].update(knots=[], levels=[]),
        "columns.0.scaler.knots: has the wrong form; expected 0 numbers that never fall",
    ),
    "a deviation of 0": (
        "standard",
        lambda c: c[SIZE]["scaler"].update(std=0.0),
        "columns.0.scaler.std: has the wrong form",
    ),
    "a mean that is no number": (
        "standard",
        lambda c: c[SIZE]["scaler"].update(mean="a"),
        "columns.0.scaler.mean: has the wrong form",
    ),
    "bins that do not rise": (
        "quantile",
        lambda c: c[SIZE]["bins"][0].reverse(),
        "columns.0.bins.0: has the wrong form",
    ),
    "bins of another feature": (
        "quantile",
        lambda c: c[SIZE]["bins"].append([0.0, 1.0]),
        "columns.0.bins: has the wrong form; expected edges of 1 features",
    ),
    "bins that lack the missing": (
        "quantile",
        lambda c: c[AGE]["bins"].pop(),
        "columns.1.bins: has the wrong form; expected edges of 2 features",
    ),
    "a cycle that is none": (
        "quantile",
        lambda c: c[SOLD]["cycles"].append("decade"),
        "columns.3.cycles",
    ),
    "a scale that is none": (
        "quantile",
        lambda c: c[SOLD]["scales"].update(decade=c[SOLD]["scales"]["year"]),
        "columns.3.scales: has the wrong form; expected elapsed and perhaps year",
    ),
    "no format of dates": (
        "quantile",
        lambda c: c[SOLD].update(form="%Y-%M"),
        "columns.3.form: has the wrong form; expected a format of dates, got '%Y-%M'",
    ),
    "a category that is no text": (
        "quantile",
        lambda c: c[TOWN]["values"].append(3),
        "columns.4.values",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_fault_is_named_with_its_place(case):
    scale, change, message = WRONG[case]
    document = copy.deepcopy(WHOLE[scale])
    change(document["columns"])
    with pytest.raises(ArtifactError) as caught:
        check_encoder(document, "blocks.table")
    assert str(caught.value).startswith(f"blocks.table.{message}")


@pytest.mark.parametrize(
    "other", [{}, {"columns": []}, {"modality": "table"}, {"modality": 3, "columns": []}, {"columns": 3}]
)
def test_documents_of_another_form(other):
    with pytest.raises(ArtifactError, match=r"^blocks\.table"):
        check_encoder(other, "blocks.table")
