"""Vectors: what a network makes of each row before its head, to compare rows or to learn from."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.keys import key
from lamina.data.source import owned_by_reader
from lamina.tasks.base import Verb

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

READING = {"lines": True}  # a file of plain text: a vector for each of its lines


@dataclass(frozen=True)
class EmbedKeys:
    """The keys of embedding."""

    data: Any = key(None, "rows or texts: a file, a folder, or - for CSV on standard input")  # noqa: RUF009


def embed_verb(vectors_of: Callable[[Any, AbstractTable], np.ndarray]) -> dict[str, Verb]:
    """Return the verb ``embed`` by its name, for the verbs of a task.

    Args:
        vectors_of: network and table → a vector for each row, (rows, features).
    """

    def run(network: Any, keys: EmbedKeys) -> np.ndarray:
        if keys.data is None:
            expected = "a path, a frame, a list of texts"
            raise ConfigError("there is nothing to embed", expected=expected, fix="embed(data)")
        return vectors_of(network, network.read(keys.data, **owned_by_reader(keys.data, READING)))

    verb = Verb(
        "a vector for each row or text, as the network sees it",
        EmbedKeys,
        run,
        "DATA --out vectors.npz",
        asked="data",
        reads=True,
        reading=READING,
        shown=shown,
        told=_told,
        saved={".npz": _npz, ".npy": _npy, ".csv": _csv},
    )
    return {"embed": verb}


def vectors_of_rows(network: Any, table: AbstractTable) -> np.ndarray:
    """Return the vector of each row: what the model's head reads, or the mean of that over positions.

    Args:
        network: trained.
        table: from `lamina.network.network.Network.read`.

    Raises:
        ConfigError: the model marks no such vector.
        DataError: the data do not fit the network.
    """
    from lamina.objectives.vectors import Vectors

    return network.decoded(network.encoder.transform(table), by=Vectors())


def shown(vectors: np.ndarray) -> Iterator[str]:
    """Yield vectors as CSV, a line a row.

    Args:
        vectors: (rows, features).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([f"v{number + 1}" for number in range(vectors.shape[1])])
    for row in vectors:
        writer.writerow([f"{value:.7g}" for value in row.tolist()])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _told(vectors: np.ndarray) -> dict[str, Any]:
    return {"rows": len(vectors), "width": vectors.shape[1]}


def _csv(vectors: np.ndarray) -> bytes:
    return "".join(shown(vectors)).encode()


def _npy(vectors: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, vectors)
    return buffer.getvalue()


def _npz(vectors: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, vectors=vectors)
    return buffer.getvalue()


EMBED = embed_verb(vectors_of_rows)
