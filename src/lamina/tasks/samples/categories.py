"""Categories and booleans of a table as features of samples, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.json_checks import items, record
from lamina.data.table import Distinct
from lamina.tasks.samples.column import AbstractColumnCodec, generator, one_hot

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable, ScalarColumn

CATEGORY = "category"
MOST_CATEGORIES = 100  # with a feature each; the others share one
MOST_RARE = 10_000  # values that share a feature are kept by name, to be drawn again


class CategoryCodec(AbstractColumnCodec):
    """One group of features: each frequent value, "missing", and all rare values together.

    Where the group says "rare", one of the rare values is drawn as often as training had it.

    Args:
        name: the column.
        values: values with a feature of their own, most frequent first.
        rare: values that share a feature, most frequent first.
        counts: how often training had each rare value.
        has_gaps: whether a value was missing in training.
    """

    kind = CATEGORY

    def __init__(
        self,
        name: str,
        values: tuple[Any, ...],
        rare: tuple[Any, ...],
        counts: tuple[int, ...],
        *,
        has_gaps: bool,
    ):
        self.name, self.values, self.rare, self.counts = name, values, rare, counts
        self.has_gaps = has_gaps
        states = len(values) + has_gaps + bool(rare)
        self._codes = {_spelling(value): i for i, value in enumerate(values)}
        self.widths = (states,) if states > 1 else ()

    @staticmethod
    def fit(column: ScalarColumn) -> CategoryCodec:
        """Return the codec fitted to a column."""
        found = column.distinct()
        counts = found.counts()
        ranked = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
        most = MOST_CATEGORIES if len(ranked) > MOST_CATEGORIES + 1 else len(ranked)
        names = [_plain(found.values[i]) for i in ranked]
        own, rare = names[:most], names[most : most + MOST_RARE]
        times = tuple(int(counts[i]) for i in ranked[most : most + MOST_RARE])
        gaps = bool((found.codes < 0).any())
        return CategoryCodec(column.name, tuple(own), tuple(rare), times, has_gaps=gaps)

    def encode(self, table: AbstractTable, *, dither: bool) -> np.ndarray:
        """Return the group of all rows; a value that training never saw is rare, or zeros where none was."""
        found = table.scalar(self.name).distinct()
        rare = self.widths[0] - 1 if self.rare and self.widths else -1
        codes = [self._codes.get(word, rare) for word in found.spellings()]
        codes.append(len(self.values) if self.has_gaps else -1)  # code -1, the last, is that of a gap
        return one_hot(np.array(codes)[found.codes], self.features)

    def decode(self, features: np.ndarray) -> np.ndarray:
        """Return values as the column had them, None where one is missing."""
        codes = features.argmax(axis=1) if self.widths else np.zeros(len(features), np.int64)
        states = np.array([*self.values, *[None] * (self.has_gaps or not self.values)], object)
        values = states[codes.clip(max=len(states) - 1)]
        if self.rare:
            drawn = np.flatnonzero(codes == self.widths[0] - 1)
            share = np.array(self.counts) / sum(self.counts)
            chosen = generator(self.name, len(features)).choice(len(self.rare), drawn.size, p=share)
            values[drawn] = np.array(self.rare, object)[chosen]
        return _typed(values)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {
            "kind": CATEGORY,
            "name": self.name,
            "values": list(self.values),
            "rare": list(self.rare),
            "counts": list(self.counts),
            "has_gaps": self.has_gaps,
        }

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> CategoryCodec:
        """Return the codec in an artifact's JSON, each field checked."""
        _FORM(stored, place)
        values, rare, counts = (tuple(stored[part]) for part in ("values", "rare", "counts"))
        if len(counts) != len(rare):
            raise json_checks.wrong(f"{place}.counts", f"{len(rare)} numbers", counts)
        if rare and len(values) < 2:
            raise json_checks.wrong(f"{place}.values", "two or more values beside rare ones", values)
        return CategoryCodec(stored["name"], values, rare, counts, has_gaps=stored["has_gaps"])


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    return value if isinstance(value, str | int | float | bool) else str(value)


def _spelling(value: Any) -> str:
    return Distinct((value,), np.zeros(0, np.int64)).spellings()[0]


def _typed(values: np.ndarray) -> np.ndarray:
    """Return objects as booleans or numbers where all are such."""
    kinds = set(map(type, values.tolist()))
    if kinds in ({bool}, {int}, {float}):
        return np.array(values.tolist())
    return values


_FORM = record(
    kind=json_checks.one_of(CATEGORY),
    name=json_checks.text,
    values=items(json_checks.label),
    rare=items(json_checks.label),
    counts=items(json_checks.size),
    has_gaps=json_checks.flag,
)
