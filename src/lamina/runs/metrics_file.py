"""``metrics.csv``: a row per epoch, there as soon as the epoch is over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lamina.core import storage
from lamina.train.loop.callbacks import Callback, RunView


class MetricsFile(Callback):
    """A row per epoch in a CSV file, there as soon as the epoch is over.

    A resumed run writes the file anew from its history, then goes on.

    Args:
        path: the file.
        networks: how many are trained one after another; if several, each row says which.
    """

    def __init__(self, path: Path, *, networks: int = 1):
        self.path, self.networks = path, networks
        self.network = 0
        self.rows: list[str] = []

    def on_train_begin(self, run: RunView) -> None:
        """Write what the history holds already."""
        self.network += 1
        columns = list(run.history)
        if not columns and self.network > 1:
            return
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*run.history.values(), strict=True)]
        self.rows += [self._row(row) for row in rows]
        head = [self._head(columns)] if columns else []
        storage.write_file(self.path, "".join([*head, *self.rows]).encode())

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Add the row, the first time with its header."""
        row = self._row({"epoch": epoch, **logs})
        head = "" if self.rows else self._head(["epoch", *logs])
        self.rows.append(row)
        storage.append_file(self.path, (head + row).encode())

    def _head(self, columns: list[str]) -> str:
        return ",".join([*(["network"] if self.networks > 1 else []), *columns]) + "\n"

    def _row(self, values: Mapping[str, float]) -> str:
        cells = [str(self.network)] if self.networks > 1 else []
        for name, value in values.items():
            cells.append(str(int(value)) if name == "epoch" else repr(float(value)))
        return ",".join(cells) + "\n"
