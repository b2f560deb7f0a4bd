"""What a column of a table is taken to hold, and why some are left out."""

from __future__ import annotations

import uuid

import numpy as np
import polars as pl
import pytest
from tests import casting

from lamina.data import read
from lamina.modalities.table.claim import named_like_identifier

ROWS = 60
NOISE = np.random.default_rng(0).normal(size=ROWS)
TARGET = [i % 2 for i in range(ROWS)]


def kind_of(values, *, name: str = "a", **keys) -> str:
    """The kind of the column, or the reason why it was left out."""
    frame = pl.DataFrame({name: values, "noise": NOISE, "y": TARGET}, strict=False)
    schema = casting.schema_of(read(frame), "y", **keys)
    return ({column.name: column.kind for column in schema.inputs} | dict(schema.dropped))[name]


WORDS = ["red", "green", "blue"] * 20
LONG_NAMES = ["this is a long category name", "and this is another of them", "one more of these names"]
KINDS = {
    "floats": (list(NOISE), "numeric"),
    "few integers": ([i % 5 for i in range(ROWS)], "numeric"),
    "shuffled integers that skip some": ([i * 7 % 1000 for i in range(ROWS)], "numeric"),
    "booleans": ([i % 3 == 0 for i in range(ROWS)], "boolean"),
    "words": (WORDS, "category"),
    "categories of numbers": (pl.Series(["1", "2", "3"] * 20).cast(pl.Categorical), "category"),
    "numbers as text": ([str(i % 7) for i in range(ROWS)], "numeric"),
    "numbers and a few words": (["n/a", "abc", *(str(i % 7) for i in range(2, ROWS))], "numeric"),
    "too many words among numbers": (["abc" if i % 10 == 0 else str(i % 7) for i in range(ROWS)], "category"),
    "dates": ([f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)], "datetime"),
    "one value": ([7] * ROWS, "every row holds the same value"),
    "one word": (["x"] * ROWS, "every row holds the same value"),
    "one value or none": ([7, None] * 30, "numeric"),
    "one word or none": (["x", None] * 30, "category"),
    "nothing": ([None] * ROWS, "every value is missing"),
    "words for nothing": (["NA"] * ROWS, "every value is missing"),
    "from 0": (list(range(ROWS)), "identifier (counts the rows)"),
    "from 1, shuffled": ([(i * 7) % ROWS + 1 for i in range(ROWS)], "identifier (counts the rows)"),
    "huge integers": ([2**60 + i * 977 for i in range(ROWS)], "identifier (every value is different)"),
    "UUIDs": ([str(uuid.UUID(int=i * 2**90)) for i in range(ROWS)], "identifier (every value is different)"),
    "serial numbers": ([f"AB-{i:05d}" for i in range(ROWS)], "identifier (every value is different)"),
    "sentences": ([f"this is sentence number {i} of many" for i in range(ROWS)], "text"),
    "repeated sentences": (LONG_NAMES * 20, "category"),
    "two words, nearly all different": ([f"Mr. {max(i, 1)}" for i in range(ROWS)],
                                        "free text (almost every value is different)"),
    "the target in other words": (["no", "yes"] * 30, "equals the target"),
    "the target, negated": ([1 - i % 2 for i in range(ROWS)], "equals the target"),
    "nearly the target": (["yes", *["no", "yes"] * 29, "yes"], "category"),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS)
def test_kinds(case):
    values, kind = KINDS[case]
    assert kind_of(values) == kind


@pytest.mark.parametrize(
    "name", ["id", "user_id", "PassengerId", "uuid", "customer key", "Unnamed: 0", "row", "index"]
)
def test_integers_that_are_all_different_and_named_like_identifiers(name):
    values = [i * 7 + 1000 for i in range(ROWS)]
    assert kind_of(values, name=name) == "identifier (every value is different)"
    assert kind_of([*values[:-1], values[0]], name=name) == "numeric"


@pytest.mark.parametrize(
    "name", ["width", "humidity", "monkey", "grid", "paid", "period", "Arrow", "turkey", "valid"]
)
def test_names_that_only_contain_such_a_word(name):
    assert not named_like_identifier(name)
