"""Pairs of texts as arrays: for training, and to measure a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data.ragged import Ragged, length_classes
from lamina.data.sample import sample_indices
from lamina.modalities.text.bags import FILL
from lamina.tasks.examiner import AbstractExaminer, Asked, weights_of
from lamina.tasks.translation.target import TranslationTarget

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable

MOST_MEASURED = 2_000  # texts that are written to measure a network


def pairs_of(
    encoder: Any, target: TranslationTarget, table: AbstractTable, rows: np.ndarray
) -> tuple[dict[str, Any], Any]:
    """Return sources and targets, of many rows in the same length classes: those of the longer side.

    Args:
        encoder: of the sources.
        target: of the targets.
        table: the data.
        rows: indices.
    """
    source = encoder.transform(table, rows)
    if not isinstance(source["ids"], Ragged):
        return source, target.transform(table, rows)
    written = target.bags(table, rows).ragged(target.encoder.length)["ids"]
    length = max(source["ids"].shape[1], written.shape[1])
    classes = length_classes(np.maximum(source["ids"].lengths, written.lengths), length)

    def alike(one: Ragged, fill: float) -> Ragged:
        return Ragged(one.values, one.ends, length=length, fill=fill, classes=classes)

    return {"ids": alike(source["ids"], FILL), "scale": alike(source["scale"], 0.0)}, alike(written, FILL)


class Pairs(AbstractExaminer):
    """Some of the pairs: the texts are written, and the references judged."""

    def asked(self, table: AbstractTable, schema: Schema, encoder: Any, target: Any) -> Asked:
        """Return sources with the symbols of their references, at most 2,000 of them."""
        rows = np.asarray(sample_indices(table.height, MOST_MEASURED))
        x = {"source": encoder.transform(table, rows), "target": target.transform(table, rows)}
        some = table.take(rows)
        return Asked(x, target.measured(some), weights_of(some, schema), is_by_row=False)
