"""The texts that are to be written, as symbols and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import json_checks
from lamina.core.json_checks import record
from lamina.data.table import AbstractTable
from lamina.modalities.text.bags import Bags, bags_of_lengths
from lamina.modalities.text.encoder import TextEncoder, texts_of
from lamina.modalities.text.modality import TEXT
from lamina.modalities.text.stored import check_encoder
from lamina.tasks.base import AbstractTarget

# One text that was written, and how surprising its reference was: nats, over so many symbols.
WRITTEN = np.dtype([("output", object), ("surprise", np.float64), ("tokens", np.float64)])
# What was read, and what should be written.
GIVEN = np.dtype([("source", object), ("reference", object)])
NO_SURPRISE = -1.0


@dataclass(frozen=True)
class TranslationTarget(AbstractTarget):
    """Texts of one column, each followed by the end symbol.

    Args:
        source: the column that is read.
        encoder: of the column that is written, verbatim, with an end symbol.
    """

    source: str
    encoder: TextEncoder

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The column that is written."""
        return (self.encoder.name,)

    @property
    def end(self) -> int:
        """The symbol that ends a text, and begins one."""
        return self.encoder.tokens.symbols

    def bags(self, table: AbstractTable, rows: np.ndarray | None = None) -> Bags:
        """Return the symbols of each text with the end symbol behind it, however long.

        Args:
            table: the data.
            rows: indices; all without.

        Raises:
            DataError: the column is absent.
        """
        name = self.encoder.name
        table.require(name, "target column", fix="add the column; predict works without it")
        bags = self.encoder.tokens.encode(self.encoder.texts(table, rows))
        return bags_of_lengths(np.insert(bags.ids, bags.ends, self.end).astype(np.int32), bags.lengths + 1)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the symbols of the texts, filled up by -1; what is too long is cut off, without an end."""
        return self.bags(table, rows).padded(self.encoder.length)["ids"]

    def measured(self, table: AbstractTable) -> np.ndarray:
        """Return what is read and what should be written, as texts of the type `GIVEN`."""
        found = np.zeros(table.height, GIVEN)
        table.require(self.encoder.name, "target column", fix="add the column; predict works without it")
        for field, name in (("source", self.source), ("reference", self.encoder.name)):
            found[field] = texts_of(table, name, verbatim=True)
        return found

    def in_unit(self, decoded: np.ndarray) -> np.ndarray:
        """Return texts of the type `WRITTEN` for what the objective answered; NaN without a reference."""
        found = np.zeros(len(decoded), WRITTEN)
        rows = decoded[:, 0].astype(np.int64)
        tokens: Any = self.encoder.tokens
        found["output"] = [tokens.decode(row[row >= 0].tolist()) for row in self._known(rows)]
        if decoded.shape[1] == 1:
            found["surprise"] = found["tokens"] = np.nan
            return found
        each = decoded[:, 1].astype(np.float64)
        found["surprise"] = np.where(each > NO_SURPRISE, each, 0.0).sum(axis=1)
        found["tokens"] = (each > NO_SURPRISE).sum(axis=1)
        return found

    def _known(self, rows: np.ndarray) -> np.ndarray:
        """Return rows of symbols up to the first end."""
        ended = np.maximum.accumulate(rows == self.end, axis=1)
        return np.where(ended, -1, rows)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return the texts that were written."""
        return decoded

    def caption(self, value: Any) -> str:
        """Return the reference."""
        return str(value["reference"])

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {"source": self.source, "written": {"modality": TEXT, **self.encoder.to_json()}}


def restore_target(stored: Mapping[str, Any], place: str) -> TranslationTarget:
    """Return the target in an artifact's JSON, each field checked.

    Args:
        stored: from `TranslationTarget.to_json`.
        place: where it stands.

    Raises:
        ArtifactError: it is no such target.
    """
    record(source=json_checks.text, written=check_encoder)(stored, place)
    written = stored["written"]
    json_checks.one_of(TEXT)(written["modality"], f"{place}.written.modality")
    encoder = TextEncoder.from_json(written)
    if not (encoder.ends and encoder.tokens.is_ordered):
        raise json_checks.wrong(f"{place}.written.ends", "symbols in their order, with an end", encoder.ends)
    return TranslationTarget(stored["source"], encoder)
