"""Categories as codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.data.table import AbstractTable

UNSEEN, MISSING, FIRST = 0, 1, 2
MOST_CATEGORIES = 10_000
MOST_RARE = 10_000  # rare values that are kept by name, so that they are told from those never seen


class CategoryEncoder:
    """One code per row: 0 unseen or rare in training, 1 missing, 2 and up the known values by frequency.

    Rare values share the code 0 with those never seen, so that its embedding is trained.

    Args:
        name: the column.
        values: known values as texts, most frequent first.
        knows_missing: whether a value was missing in training; if not, missing counts as unseen.
        rare: values that training saw without learning them; None where nobody knows.
    """

    kind = "category"

    def __init__(
        self,
        name: str,
        values: tuple[str, ...],
        knows_missing: bool,
        rare: tuple[str, ...] | None = None,
    ):
        self.name, self.values, self.knows_missing, self.rare = name, values, knows_missing, rare
        self.cardinality = FIRST + len(values)
        self._codes = {value: FIRST + i for i, value in enumerate(values)}

    @staticmethod
    def fit(table: AbstractTable, name: str, rows: np.ndarray) -> CategoryEncoder:
        """Return the encoder fitted to the given rows of a column."""
        found = table.scalar(name).take(rows).distinct()
        counts, words = found.counts(), found.spellings()
        fewest = 2 if rows.size < 1000 else 3
        ranked = sorted((-int(count), word) for count, word in zip(counts, words, strict=True) if count)
        known = sum(-count >= fewest for count, _ in ranked[:MOST_CATEGORIES])
        names = tuple(word for _, word in ranked)
        rare = names[known:] if len(names) - known <= MOST_RARE else None
        return CategoryEncoder(name, names[:known], bool((found.codes < 0).any()), rare)

    def codes(self, table: AbstractTable) -> np.ndarray:
        """Return the int32 code of every row of a table."""
        found = table.scalar(self.name).distinct()
        table_of_codes = [self._codes.get(word, UNSEEN) for word in found.spellings()]
        table_of_codes.append(MISSING if self.knows_missing else UNSEEN)
        return np.array(table_of_codes, np.int32)[found.codes]

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {
            "kind": self.kind,
            "name": self.name,
            "values": list(self.values),
            "knows_missing": self.knows_missing,
            "rare": None if self.rare is None else list(self.rare),
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> CategoryEncoder:
        """Return the encoder that :meth:`to_json` stored."""
        rare = stored.get("rare")  # networks of before do not say
        values, rare = tuple(stored["values"]), None if rare is None else tuple(rare)
        return CategoryEncoder(stored["name"], values, stored["knows_missing"], rare)
