"""Predictions as columns or files, and where they are written."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.cli.trained import read_for
from lamina.cli.unlike import say
from lamina.core import storage
from lamina.core.errors import ConfigError, RunError
from lamina.data.schema import CLASSES, FLAGS

if TYPE_CHECKING:
    import numpy as np

    from lamina.network.network import Network
    from lamina.network.unlike import Unlike
    from lamina.tasks.base import Prediction

LIST = "predictions.csv"  # in a folder of predictions
ENDINGS = (".csv", ".parquet", ".jsonl")
Columns = Mapping[str, "np.ndarray"]


def predicted(
    network: Network,
    source: str,
    path: str | None,
    *,
    proba: bool,
    keys: Mapping[str, str],
    strict: bool = False,
) -> tuple[Prediction, Unlike]:
    """Return the predictions for every row of a source, and what is unlike the training data, which is said.

    Args:
        network: the trained network.
        source: whatever `lamina.data.read` reads.
        path: where they are to be written; standard output without.
        proba: whether probabilities are asked for.
        keys: of the reader of the source.
        strict: whether rows unlike those of training are refused.

    Raises:
        ConfigError: the task has no probabilities, or its predictions cannot be written there.
        DataError: the data do not fit the network.
    """
    from lamina.network.network import check_predicts, inputs_of

    task = network.task
    check_predicts(network)
    if proba and network.schema.target_kind not in (CLASSES, FLAGS):
        fix = "leave --proba out"
        fix += ", or fit with quantiles=" if network.schema.has_numbers else ""
        raise ConfigError(f"--proba: {task.name} has no probabilities", fix=fix)
    ending = None if path is None else Path(path).suffix.lower()
    if task.writes_files and (ending is None or ending in ENDINGS):
        message = f"{task.name} {task.summary}, and the predictions are files"
        raise ConfigError(message, fix="give a new folder for them: --out predictions")
    if not task.writes_files and ending is not None and ending not in ENDINGS:
        raise ConfigError("unknown type of file", where=path, expected="one of " + " ".join(ENDINGS))
    from lamina.network.unlike import compared

    table = read_for(network, source, keys)
    x = network.encoder.transform(table)
    unlike = compared(network, table, x)
    say(unlike, table.source, strict=strict)
    return network.prediction(table, network.decoded(inputs_of(network, table, x))), unlike


def columns_of(found: Prediction, *, proba: bool) -> dict[str, np.ndarray]:
    """Return predictions as columns by name, probabilities beside them where they are asked for."""
    return {**found.columns, **(found.probabilities if proba else {})}


def check_place(path: str | None) -> None:
    """Refuse a place that is taken or cannot be, before anything is computed.

    Raises:
        ConfigError: it exists, or the folder it is to lie in does not.
    """
    if path is None:
        return
    if os.path.lexists(path):
        raise ConfigError(
            "already exists, and nothing is overwritten", where=path, fix="remove it, or choose another name"
        )
    if not Path(path).resolve().parent.is_dir():
        raise ConfigError("its folder does not exist", where=path, fix=f"mkdir -p {Path(path).parent}")


def write_files(found: Prediction, path: str) -> None:
    """Write predictions that are files to a new folder, beside a CSV that lists them.

    Raises:
        RunError: the folder has come to exist meanwhile, or the disk refused.
    """
    storage.write_folder(path, {**found.files, LIST: _csv(found.columns)})


def write_columns(columns: Columns, path: str | None) -> None:
    """Write columns to a new file by the ending of its name, or as CSV to standard output.

    Raises:
        ConfigError: the file has come to exist meanwhile.
        RunError: the disk refused.
    """
    if path is None:
        for part in _csv_parts(columns):
            sys.stdout.write(part)
        return
    write_new(
        path, {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}[Path(path).suffix.lower()](columns)
    )


def write_new(path: str, content: bytes) -> None:
    """Write a new file.

    Args:
        path: of the file.
        content: its bytes.

    Raises:
        ConfigError: the file has come to exist meanwhile.
        RunError: the disk refused.
    """
    try:
        storage.disk.write(Path(path), content)
    except FileExistsError as error:
        raise ConfigError("already exists, and nothing is overwritten", where=path) from error
    except OSError as error:
        raise RunError(f"could not be written ({error.strerror or error})", where=path) from error


def _rows(columns: Columns) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.tolist() for column in columns.values()), strict=True)


def _csv_parts(columns: Columns, *, at_once: int = 4096) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for number, row in enumerate(_rows(columns)):
        writer.writerow(row)
        if number % at_once == at_once - 1:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _csv(columns: Columns) -> bytes:
    return "".join(_csv_parts(columns)).encode()


def _jsonl(columns: Columns) -> bytes:
    lines = (json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in _rows(columns))
    return "".join(f"{line}\n" for line in lines).encode()


def _parquet(columns: Columns) -> bytes:
    import polars as pl

    buffer = io.BytesIO()
    pl.DataFrame({name: column.tolist() for name, column in columns.items()}).write_parquet(buffer)
    return buffer.getvalue()
