"""New rows of a table."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.wording import counted, plain
from lamina.tasks.samples.space import AbstractSamples

if TYPE_CHECKING:
    import polars as pl

SHOWN_ROWS, SHOWN_WIDTH = 10, 20


@dataclass(frozen=True, eq=False)
class RowSamples(AbstractSamples):
    """New rows.

    Args:
        columns: name → values (n,): integers, floats, booleans, datetime64, or objects such as texts, among
            which None is a missing value, as NaN is among floats.

    Example:
        >>> rows = RowSamples({"age": np.array([31, 58]), "city": np.array(["Bern", None], object)})
        >>> print(rows.csv().decode(), end="")
        age,city
        31,Bern
        58,
    """

    columns: Mapping[str, np.ndarray]
    endings = {".csv": "csv", ".parquet": "parquet"}  # noqa: RUF012

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def frame(self) -> pl.DataFrame:
        """Return the rows as a frame of Polars, null where a value is missing."""
        import polars

        return polars.DataFrame([_series(name, values) for name, values in self.columns.items()])

    def csv(self) -> bytes:
        """Return a CSV file in UTF-8, with a header."""
        return self.frame().write_csv(None).encode()

    def parquet(self) -> bytes:
        """Return a Parquet file."""
        buffer = io.BytesIO()
        self.frame().write_parquet(buffer)
        return buffer.getvalue()

    def shown(self) -> Iterator[str]:
        """Yield the first rows as lines of texts."""
        names = list(self.columns)
        cells = [[_cell(value) for value in values[:SHOWN_ROWS].tolist()] for values in self.columns.values()]
        widths = [
            min(max(map(len, [name, *cell])), SHOWN_WIDTH) for name, cell in zip(names, cells, strict=True)
        ]
        for row in (names, *zip(*cells, strict=True)):
            line = "  ".join(plain(cell, w).ljust(w) for cell, w in zip(row, widths, strict=True))
            yield line.rstrip() + "\n"
        if len(self) > SHOWN_ROWS:
            yield f"… {counted(len(self), 'row')} in all; to keep them: --out rows.csv\n"

    def told(self) -> dict[str, Any]:
        """Return the number of rows and the names of the columns."""
        return {"samples": len(self), "columns": list(self.columns)}


def _series(name: str, values: np.ndarray) -> pl.Series:
    import polars

    if values.dtype == object:
        return polars.Series(name, values.tolist(), strict=False)
    return polars.Series(name, values, nan_to_null=True)


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
