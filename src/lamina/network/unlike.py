"""How new data differ from those that a network was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.wording import count, counted, plain
from lamina.data.audit.findings import Audit, Finding, note, of_error, warning
from lamina.modalities.base import Strange
from lamina.modalities.registry import MODALITIES

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable
    from lamina.network.network import Network

NAMED_COLUMNS = 5  # so many columns are named in a line before the list is cut


@dataclass(frozen=True)
class Unlike:
    """What is unlike the training data in a table.

    Args:
        rows: how many there are.
        strange: rows unlike those of training, by column and kind.
        ignored: columns that training did not have.
    """

    rows: int
    strange: tuple[Strange, ...]
    ignored: tuple[str, ...]

    @property
    def strange_rows(self) -> int:
        """How many rows are unlike those of training."""
        return _union(self.strange)

    def __str__(self) -> str:
        """Return one line that counts rows by column, empty where there is nothing to say.

        Example:
            >>> age = Strange("age", "out-of-range", "numbers out of range", np.array([1, 4]))
            >>> print(Unlike(9, (age,), ("id",)))
            2 of 9 rows hold numbers out of range: age 2; 1 column that training did not have is ignored: id
        """
        parts = []
        for words in dict.fromkeys(one.words for one in self.strange):
            own = [one for one in self.strange if one.words == words]
            affected = _union(own)
            of = "" if parts else f" of {count(self.rows)}"
            noun = "row" if affected == 1 and parts else "rows"
            columns = _listed([f"{plain(one.column, 40)} {count(one.rows.size)}" for one in own])
            verb = "holds" if affected == 1 else "hold"
            parts.append(f"{count(affected)}{of} {noun} {verb} {words}: {columns}")
        if self.ignored:
            verb = "is" if len(self.ignored) == 1 else "are"
            columns = _listed([plain(name, 40) for name in self.ignored])
            new = counted(len(self.ignored), "column")
            parts.append(f"{new} that training did not have {verb} ignored: {columns}")
        return "; ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        columns = [{"column": s.column, "code": s.code, "rows": s.rows.size} for s in self.strange]
        return {"rows": self.strange_rows, "columns": columns, "ignored": list(self.ignored)}


def _union(strange: Sequence[Strange]) -> int:
    """Return how many rows are named at least once."""
    return np.unique(np.concatenate([one.rows for one in strange])).size if strange else 0


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - NAMED_COLUMNS} more" if len(words) > NAMED_COLUMNS else ""
    return ", ".join(words[:NAMED_COLUMNS]) + more


def compared(network: Network, table: AbstractTable, arrays: Any) -> Unlike:
    """Return how a table differs from the training data.

    Cost: one pass over each column, most of it over what is encoded already.

    Args:
        network: the trained network.
        table: from `Network.read`.
        arrays: its inputs, encoded.
    """
    strange = tuple(network.encoder.strange(table, arrays))
    return Unlike(table.height, strange, _ignored(network.schema, table))


def _ignored(schema: Schema, table: AbstractTable) -> tuple[str, ...]:
    """Return the columns that training did not have; beside cells, as beside images, nothing is asked for."""
    if not any(MODALITIES[column.modality].shares_block for column in schema.inputs):
        return ()
    known = {*(column.name for column in schema.read), *(name for name, _ in schema.dropped)}
    known |= {*schema.targets, schema.weight, schema.group, schema.time, schema.split}
    return tuple(name for name in table.names if name not in known)


def audit_of(network: Network, table: AbstractTable) -> Audit:
    """Return the findings about a table that is to be predicted or evaluated.

    Args:
        network: the trained network.
        table: from `Network.read`.
    """
    try:
        found = list(_findings(compared(network, table, network.encoder.transform(table)), table))
    except DataError as fault:
        found = [of_error(fault, "does-not-fit")]
    return Audit(tuple(found), network.schema, table.source, table.height, len(table.names))


def _findings(unlike: Unlike, table: AbstractTable) -> Iterator[Finding]:
    """Yield a warning for each column and kind, and a note of the columns that are ignored."""
    for one in unlike.strange:
        verb = "holds" if one.rows.size == 1 else "hold"
        first = f", the first one {plain(one.example, 80)!r}" if one.example else ""
        message = f"{counted(one.rows.size, 'row')} {verb} {one.words}{first}"
        fix = "correct them, or train on data that have such rows"
        yield warning(one.code, table.where(int(one.rows[0]), one.column), message, fix)
    if unlike.ignored:
        names = ", ".join(f"'{plain(name, 40)}'" for name in unlike.ignored)
        yield note("ignored", table.source, f"ignored, as training did not have them: {names}")
