"""Tables from what is in memory already: arrays, dicts of columns, Polars and pandas frames."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.array_table import ArrayTable
from lamina.data.images.arrays import are_images, as_images
from lamina.data.images.column import IMAGE
from lamina.data.images.paths import are_paths
from lamina.data.images.store import ArrayImages
from lamina.data.images.table import image_table
from lamina.data.table import AbstractTable, free_name


def from_memory(data: Any, *, y: Any, weight: Any, names: Sequence[str] | None) -> AbstractTable:
    """Return the table that ``data`` and the columns beside it make; see :func:`lamina.data.read`."""
    polars, pandas = sys.modules.get("polars"), sys.modules.get("pandas")  # a frame's library is loaded
    if polars and isinstance(data, polars.LazyFrame):
        data = data.collect()
    if polars and isinstance(data, polars.DataFrame):
        return _frame(data, _beside(y, weight, data.columns, data.height))
    if pandas and isinstance(data, pandas.DataFrame):
        return _frame(pandas_columns(data), _beside(y, weight, list(map(str, data.columns)), len(data)))
    if isinstance(data, Mapping):
        return _columns({str(k): v for k, v in data.items()}, y, weight)
    return _matrix(data, y, weight, names)


def _matrix(data: Any, y: Any, weight: Any, names: Sequence[str] | None) -> AbstractTable:
    """Return the table of a two-dimensional array."""
    if hasattr(data, "toarray"):
        raise DataError("X is a sparse matrix", where="X", fix="give X.toarray(), or fewer columns")
    matrix = _as_array(data, "X")
    if are_images(matrix):
        images = as_images(matrix, "X")
        extra = _beside(y, weight, [IMAGE], len(images))
        return image_table(ArrayImages(images), extra, "<arrays>")
    if matrix.ndim == 1 and are_paths(matrix):
        from lamina.data.images.files import FileImages  # and with it Pillow

        paths = [os.fsdecode(path) for path in matrix.tolist()]
        extra = _beside(y, weight, [IMAGE], len(paths))
        return image_table(FileImages(paths), extra, "<paths>")
    if matrix.ndim == 1 and _are_texts(matrix):
        name = "x0" if names is None or len(names) != 1 else str(names[0])
        return _columns({name: matrix} | _beside(y, weight, [name], len(matrix)), None, None)
    if matrix.ndim != 2:
        fixes = {
            0: "give a path, a frame, a dict of columns or a matrix",
            1: "reshape a single column with X.reshape(-1, 1)",
        }
        fix = fixes.get(matrix.ndim, "flatten all axes but the first")
        shape = f"shape {matrix.shape}"
        raise DataError(
            "X is not a table", where="X", expected="shape (rows, columns)", received=shape, fix=fix
        )
    names = [f"x{i}" for i in range(matrix.shape[1])] if names is None else list(map(str, names))
    if len(names) != matrix.shape[1] or len(set(names)) != len(names):
        raise DataError("names do not fit X", expected=f"{matrix.shape[1]} different names", received=names)
    extra = _beside(y, weight, names, len(matrix))
    if matrix.dtype.kind in "biuf":
        return ArrayTable(matrix, names, extra)
    if matrix.dtype.kind == "c":
        raise DataError(
            "complex numbers cannot be learned from",
            where="X",
            fix="give the real and imaginary part as columns",
        )
    return _columns({name: matrix[:, i] for i, name in enumerate(names)} | extra, None, None)


def _are_texts(array: np.ndarray) -> bool:
    """Return whether a one-dimensional array holds texts, perhaps with gaps."""
    values = array.tolist() if array.dtype.kind in "UO" else []
    return any(isinstance(v, str) for v in values) and all(v is None or isinstance(v, str) for v in values)


def _as_array(data: Any, what: str) -> np.ndarray:
    """Return a NumPy array, or raise DataError for ragged lists."""
    try:
        return np.asarray(data)
    except ValueError as error:
        raise DataError("rows are of unequal length", where=what, fix="make every row as long") from error


def _beside(y: Any, weight: Any, names: Sequence[str], height: int) -> dict[str, np.ndarray]:
    """Return targets and weights as named columns."""
    extra: dict[str, np.ndarray] = {}
    if y is not None:
        targets = _plain(y, "y")
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = targets[:, 0]
        if targets.ndim == 1:
            extra[free_name("target", names)] = targets
        elif targets.ndim == 2:
            extra |= {free_name(f"target_{i}", names): targets[:, i] for i in range(targets.shape[1])}
        else:
            raise DataError(
                "y has the wrong shape", expected="(rows,) or (rows, targets)", received=targets.shape
            )
    if weight is not None:
        extra[free_name("weight", names)] = _plain(weight, "sample_weight")
    for name, column in extra.items():
        if len(column) != height:
            what, one = ("sample_weight", "weight") if name.startswith("weight") else ("y", "target")
            raise DataError(
                f"X and {what} are of unequal length",
                expected=f"{height} rows",
                received=f"{len(column)} in {what}",
                fix=f"give one {one} for each row of X",
            )
    return extra


def _plain(values: Any, what: str) -> np.ndarray:
    """Return an array of a series, list or array, with nullable integers left as integers."""
    polars, pandas = sys.modules.get("polars"), sys.modules.get("pandas")
    if polars and isinstance(values, polars.Series):
        return np.array(values.to_list(), object) if values.dtype == polars.String else values.to_numpy()
    if pandas and isinstance(values, pandas.Series | pandas.DataFrame):
        return values.to_numpy()
    return _as_array(values, what)


def _columns(columns: dict[str, Any], y: Any, weight: Any) -> AbstractTable:
    """Return the table of a dict of columns: arrays if all are numbers, otherwise a frame."""
    if not columns:
        raise DataError("there is no column", fix="give at least one")
    arrays = {name: _plain(values, f"column '{name}'") for name, values in columns.items()}
    heights = {name: len(a) if a.ndim else -1 for name, a in arrays.items()}
    first = next(iter(heights))
    for name, array in arrays.items():
        if array.ndim != 1 or heights[name] != heights[first]:
            raise DataError(
                f"column '{name}' does not fit column '{first}'",
                expected=f"shape ({heights[first]},)",
                received=f"shape {array.shape}",
                fix="give columns of equal length",
            )
    extra = _beside(y, weight, list(arrays), heights[first])
    if all(a.dtype.kind in "biuf" for a in arrays.values()):
        return ArrayTable(np.empty((heights[first], 0)), [], arrays | extra)
    import polars as pl

    return _frame(pl.DataFrame([_series(name, a) for name, a in arrays.items()]), extra)


def _series(name: str, array: np.ndarray) -> Any:
    """Return a Polars series of an array, whatever mixture an object array holds."""
    import polars as pl

    if array.dtype.kind not in "OU":
        return pl.Series(name, array)
    values = [None if v is None or v != v else v for v in array.tolist()]
    types = {type(v) for v in values} - {type(None)}
    if len(types) > 1 and str in types:
        values = [None if v is None else str(v) for v in values]
    try:
        return pl.Series(name, values, strict=False)
    except UnicodeEncodeError as error:
        fix = 'replace it: text.encode("utf-8", "replace").decode()'
        message = "a text holds half of a character (a lone surrogate)"
        raise DataError(message, where=f"column '{name}'", fix=fix) from error
    except (TypeError, pl.exceptions.PolarsError) as error:
        words = ", ".join(sorted(t.__name__ for t in types))
        raise DataError(f"values of type {words} cannot be learned from", where=f"column '{name}'") from error


def pandas_columns(data: Any) -> Any:
    """Return a pandas frame as a Polars one; categories stay categories, mixed columns become texts."""
    import polars as pl

    names = list(map(str, data.columns))
    series = []
    for i, name in enumerate(names):
        column = data.iloc[:, i]
        kind = str(column.dtype)
        if kind == "category":
            texts = [None if v != v or v is None else str(v) for v in column.astype(object)]
            series.append(pl.Series(name, texts).cast(pl.Categorical))
        elif column.dtype.kind in "biuf" and isinstance(column.dtype, np.dtype):
            series.append(pl.Series(name, column.to_numpy()))
        elif kind == "object" or kind in ("str", "string"):
            series.append(_series(name, column.to_numpy(dtype=object, na_value=None)))
        else:
            series.append(pl.from_pandas(column).alias(name))
    return _assembled(names, series)


def _assembled(names: list[str], series: list[Any]) -> Any:
    """Return the frame of the series, or raise DataError if two have one name."""
    import polars as pl

    from lamina.data.frame import check_names

    check_names(names, "<frame>")
    return pl.DataFrame(series)


def _frame(frame: Any, extra: dict[str, np.ndarray]) -> AbstractTable:
    """Return the table of a Polars frame and the columns beside it."""
    from lamina.data.frame import FrameTable

    beside = [_series(name, array) for name, array in extra.items()]
    return FrameTable(frame.with_columns(beside) if beside else frame)
