"""Which series are neighbors: a file beside the series, as a matrix or as a list of edges."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.core.errors import suggest as suggested
from lamina.data.spellings import is_number

MOST_SERIES = 20_000  # of a dense matrix


def read_links(path: str, names: Sequence[str]) -> np.ndarray:
    """Return the weights of edges between series, float32 (series, series), zero without an edge.

    A file of as many rows of as many numbers as there are series is their adjacency matrix, in the order of
    the series, with or without a header of their names; two or three columns are edges, with a header: from,
    to, and the weight if there are three.

    Args:
        path: of the file, delimited by commas; gzip and Zstandard are unpacked.
        names: of the series.

    Raises:
        DataError: the file cannot be read, or does not fit the series.
    """
    cells = _cells(path)
    count = len(names)
    if cells.shape == (count, count) and is_number(cells[0, 0].strip()):
        return _weights(cells, path, 1)
    if cells.shape == (count + 1, count) and set(cells[0].tolist()) == set(names):
        place = {name: at for at, name in enumerate(cells[0].tolist())}
        order = [place[name] for name in names]
        return _weights(cells[1:], path, 2)[np.ix_(order, order)]
    if cells.shape[1] in (2, 3) and len(cells) > 1:
        return _of_edges(cells, path, names)
    raise DataError(
        "the graph does not fit the series",
        where=path,
        expected=f"{count} rows of {count} weights, or edges in two or three columns with a header",
        received=f"{len(cells)} rows of {cells.shape[1]}",
    )


def _cells(path: str) -> np.ndarray:
    """Return the cells of a file as texts, (rows, columns)."""
    import polars as pl

    if not os.path.isfile(path):
        raise DataError("there is no such file", where=path, fix="name the file of the graph: graph=PATH")
    try:
        frame = pl.read_csv(path, has_header=False, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(f"the graph cannot be read: {said}", where=path, fix="write it as CSV") from None
    if frame.width > MOST_SERIES:
        raise DataError("too many columns", where=path, expected=f"up to {MOST_SERIES}", received=frame.width)
    return np.array([[cell or "" for cell in row] for row in frame.rows()], object)


def _weights(cells: np.ndarray, path: str, line: int) -> np.ndarray:
    """Return texts as weights; the first of ``cells`` stands in a line of the file."""
    found = np.empty(cells.shape, np.float32)
    for row, texts in enumerate(cells):
        for column, text in enumerate(texts):
            try:
                found[row, column] = float(text)
            except ValueError:
                found[row, column] = np.nan
    bad = np.argwhere(~np.isfinite(found) | (found < 0))
    if len(bad):
        row, column = bad[0].tolist()
        raise DataError(
            "a weight of an edge is a number, 0 or more",
            where=f"{path}, line {row + line}, column {column + 1}",
            received=repr(str(cells[row, column])),
        )
    return found


def _of_edges(cells: np.ndarray, path: str, names: Sequence[str]) -> np.ndarray:
    """Return the weights of edges that are listed, both ways."""
    place = {name: at for at, name in enumerate(names)}
    for row, text in ((row, text) for row, pair in enumerate(cells[1:, :2]) for text in pair):
        if text not in place:
            raise DataError(
                f"there is no series '{text}'{suggested(text, names)}",
                where=f"{path}, line {row + 2}",
                expected="names of columns that are forecast",
            )
    weights = _weights(cells[1:, 2:], path, 2)[:, 0] if cells.shape[1] == 3 else np.ones(len(cells) - 1)
    found = np.zeros((len(names), len(names)), np.float32)
    ends = [[place[text] for text in pair] for pair in cells[1:, :2].tolist()]
    for (start, end), weight in zip(ends, weights, strict=True):
        found[start, end] = found[end, start] = weight
    return found


def neighbor_weights(weights: np.ndarray) -> np.ndarray:
    """Return weights of edges as those of a mean over neighbors, rows that sum to one.

    A series without neighbors has itself.

    Args:
        weights: (series, series).

    Example:
        >>> neighbor_weights(np.array([[0, 3, 1], [0, 0, 0], [1, 0, 0]], np.float32)).tolist()
        [[0.0, 0.75, 0.25], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    alone = weights.sum(axis=1) == 0
    weights = weights + np.diag(alone).astype(weights.dtype)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
