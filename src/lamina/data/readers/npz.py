"""NumPy archives that hold X and y, perhaps with test rows of their own."""

from __future__ import annotations

import sys
import tokenize
import zlib
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError, suggest
from lamina.data.array_table import ArrayTable
from lamina.data.images.arrays import are_images, as_images
from lamina.data.images.store import ArrayImages
from lamina.data.images.table import image_table
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.parsers import text
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

if TYPE_CHECKING:
    import zipfile

_INPUTS = ("x", "data", "images", "features", "inputs", "x_all")
_TARGETS = ("y", "label", "labels", "target", "targets", "y_all")
PARTS = {"train": ("train",), "valid": ("valid", "val", "validation"), "test": ("test",)}
NAMES = ("feature_names", "columns", "names")
WEIGHTS = ("sample_weight", "weight", "weights")
_LONGER = {"x": ("images", "data", "features"), "y": ("labels", "targets", "target")}
_SAVE = "numpy.savez(path, X=inputs, y=targets)"
MOST_PACKED = 1032  # DEFLATE cannot pack tighter (zlib, technical details)


class NpzReader(AbstractReader):
    """Read arrays: a matrix or images, and what stands beside them."""

    name = "npz"
    files = "NumPy archives"
    endings = (".npz",)
    is_general = True

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as NumPy archives are."""
        return not source.is_folder and not source.is_packed and source.ending in self.endings

    def read(self, source: Source) -> AbstractTable:
        """Return the table."""
        return read_npz(source.path)


READERS.add(NpzReader.name, NpzReader())


def read_npz(path: str) -> AbstractTable:
    """Return the table in an .npz file: ``X`` and ``y``, or ``x_train``, ``y_train``, ``x_test``, ….

    Parts become one table with a column ``split``. Arrays (n, y, x) or (n, y, x, c) become images. Arrays
    of Python objects are refused: reading them could run code.

    Raises:
        DataError: the file is missing, damaged, or holds no such arrays.
    """
    text.check_file(path)
    return table_of_arrays(load_arrays(path), path)


def table_of_arrays(
    arrays: dict[str, np.ndarray], path: str, *, origin: Sequence[str] = (), fix: str = _SAVE
) -> AbstractTable:
    """Return the table that named arrays make: ``X`` and ``y``, or ``x_train``, ``y_train``, ``x_test``, ….

    Args:
        arrays: by name.
        path: where they came from, for messages.
        origin: the files, where they are not the one at the path.
        fix: how to save arrays, for messages.

    Raises:
        DataError: there are no inputs, or the arrays do not fit together.
    """
    table = _assembled(arrays, path, origin, fix)
    table.files = tuple(origin)
    return table


def _assembled(arrays: dict[str, np.ndarray], path: str, origin: Sequence[str], fix: str) -> AbstractTable:
    """Return the table of parts, or of all rows."""
    found = {part: _pair(arrays, part, path) for part in PARTS}
    parts = {part: pair for part, pair in found.items() if pair is not None}
    if "test" in parts and "train" not in parts:  # X and y beside x_test and y_test
        pair = _pair(arrays, "", path)
        parts = {"train": pair, **parts} if pair else parts
    if "train" in parts:
        matrices = [pair[0] for pair in parts.values()]
        _check_alike(parts, path)
        extra = {"target": np.concatenate([pair[1] for pair in parts.values()])}
        if len(parts) > 1:
            extra["split"] = np.repeat(list(parts), [len(matrix) for matrix in matrices])
        return _table(np.concatenate(matrices), extra, arrays, path, origin)
    pair = _pair(arrays, "", path)
    if pair is None:
        shown = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(
            f"there is no array of inputs{suggest('X', arrays)}",
            where=path,
            expected="X and y, or x_train, y_train, x_test, y_test",
            received=shown or "no array",
            fix=fix,
        )
    weight = _weight(arrays, len(pair[0]), path)
    extra = {"target": pair[1]} if pair[1].size else {}
    return _table(pair[0], extra | ({} if weight is None else {"weight": weight}), arrays, path, origin)


def _check_alike(parts: dict[str, tuple[np.ndarray, np.ndarray]], path: str) -> None:
    """Raise DataError where parts have different columns, images of different sizes, or unlike targets."""
    kinds = {part: pair[1].dtype for part, pair in parts.items()}
    try:
        np.result_type(*kinds.values())
    except TypeError as error:
        received = ", ".join(f"{part}: {kind}" for part, kind in kinds.items())
        raise DataError(
            "the parts have targets of different types",
            where=path,
            received=received,
            fix="save the targets of all parts with one type",
        ) from error
    shapes = {part: pair[0].shape[1:] for part, pair in parts.items()}
    if len(set(shapes.values())) == 1:
        return
    tables = all(len(shape) == 1 for shape in shapes.values())
    received = ", ".join(f"{part}: {shape[0] if tables else shape}" for part, shape in shapes.items())
    what = "numbers of columns" if tables else "shapes"
    raise DataError(f"the parts have different {what}", where=path, received=received)


def load_arrays(path: str) -> dict[str, np.ndarray]:
    """Return all arrays in a file, each checked before memory is taken for it.

    Raises:
        DataError: the file is damaged, or holds Python objects.
    """
    import zipfile  # slow to import, and CSV does without

    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                _check_member(archive, member, path)
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        for name, array in arrays.items():
            check_text(name, array, path)
        return arrays
    except DataError:
        raise
    except (*LOADING_FAULTS, zipfile.BadZipFile) as error:
        raise unloadable(path, error, "a whole .npz file", "numpy.savez") from error


LOADING_FAULTS = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    TypeError,
    UnicodeDecodeError,
    MemoryError,
    OverflowError,
)


def unloadable(path: str, error: BaseException, what: str, function: str) -> DataError:
    """Return the error for arrays that NumPy does not load.

    Args:
        path: of the file.
        error: what NumPy raised.
        what: the file should be.
        function: that writes it.
    """
    objects = "allow_pickle" in str(error) or "Object arrays" in str(error)
    return DataError(
        "holds arrays of Python objects" if objects else f"not {what} ({error})",
        where=path,
        fix="save numbers and fixed-width texts only" if objects else f"write it anew with {function}",
    )


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str) -> None:
    """Raise DataError where a member promises more bytes than it can hold."""
    promised = member.file_size
    if promised > MOST_PACKED * max(member.compress_size, 64):
        raise DataError(f"member '{member.filename}' is damaged", where=path, fix="write it anew")
    with archive.open(member) as stream:
        if stream.read(6) != b"\x93NUMPY":
            raise DataError(
                f"member '{member.filename}' is no array", where=path, fix="write it with numpy.savez"
            )
        stream.seek(0)
        check_length(stream, promised, f"member '{member.filename}'", path)


def check_length(stream: IO[bytes], held: int, what: str, path: str) -> None:
    """Raise DataError where the header of an array promises more than is there.

    Args:
        stream: at the beginning of the array.
        held: bytes that are there, the header among them.
        what: the array, in words.
        path: of the file, for messages.
    """
    version = np.lib.format.read_magic(stream)
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read_header(stream, max_header_size=10_000)
    if not dtype.hasobject and int(np.prod(shape, dtype=object)) * dtype.itemsize > held - stream.tell():
        raise DataError(f"{what} is shorter than its header says", where=path, fix="write it anew")


def check_text(name: str, array: np.ndarray, path: str) -> None:
    """Raise DataError where a text holds what is no character: NumPy cannot make a Python text of it."""
    if array.dtype.kind != "U" or not array.nbytes:
        return
    codes = np.frombuffer(array.tobytes(), np.dtype("u4").newbyteorder(array.dtype.byteorder))
    if codes.max() > sys.maxunicode or ((codes >= 0xD800) & (codes <= 0xDFFF)).any():
        raise DataError(f"array '{name}' holds what is no text", where=path, fix="write it anew")


def _first(arrays: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray | None:
    """Return the first array that has one of the names, whatever their case."""
    lowered = {name.lower(): array for name, array in arrays.items()}
    return next((lowered[name] for name in names if name in lowered), None)


def names_of(part: str) -> dict[str, tuple[str, ...]]:
    """Return the names under which inputs ``x`` and targets ``y`` of a part are known, in lower case.

    Args:
        part: a word of a split; all rows if empty.
    """
    if not part:
        return {"x": (*_INPUTS, "arr_0"), "y": (*_TARGETS, "arr_1")}
    spelled = [(f"{kind}_{word}", f"{word}_{kind}") for kind in ("x", "y") for word in PARTS[part]]
    return {
        kind: tuple(name for pair in spelled for name in pair if kind in name.split("_"))
        + tuple(f"{word}_{k}" for word in PARTS[part] for k in _LONGER[kind])
        for kind in ("x", "y")
    }


def _pair(arrays: dict[str, np.ndarray], part: str, path: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Return inputs and targets of one part (all rows if it has no name), or None if there are none."""
    names = names_of(part)
    x, y = _first(arrays, names["x"]), _first(arrays, names["y"])
    if x is None:
        return None
    where = f"{path}, array '{_name_of(arrays, x)}'"
    if x.ndim == 1:
        x = x.reshape(-1, 1)
    if are_images(x):
        x = as_images(x, where)
    elif x.ndim != 2 or x.dtype.kind not in "biuf":
        raise DataError(
            "not a table of numbers",
            where=where,
            expected="numbers of shape (rows, columns)",
            received=f"{x.dtype} of shape {x.shape}",
            fix="flatten all axes but the first",
        )
    y = np.zeros(0) if y is None else y
    y = y.ravel() if y.ndim == 2 and y.shape[-1] == 1 else y
    if part and not y.size:
        raise DataError(f"inputs for {part} have no targets beside them", where=where, fix=f"add y_{part}")
    if y.size and (y.ndim != 1 or len(y) != len(x)):
        raise DataError(
            "X and y do not fit", where=path, expected=f"y of shape ({len(x)},)", received=y.shape
        )
    return x, y


def _remarks(arrays: dict[str, np.ndarray]) -> list[str]:
    """Return what is to be said of arrays that are neither images, labels nor weights."""
    words = {word for part in PARTS.values() for word in part}
    known = {*_INPUTS, *_TARGETS, *WEIGHTS, "arr_0", "arr_1"}
    kinds = {"x", "y", *_LONGER["x"], *_LONGER["y"]}
    known |= {f"{word}_{kind}" for word in words for kind in kinds}
    known |= {f"{kind}_{word}" for word in words for kind in kinds}
    others = [f"'{name}'" for name in arrays if name.lower() not in known]
    return [f"passed over, as neither images nor labels: {', '.join(others)}"] if others else []


def _weight(arrays: dict[str, np.ndarray], rows: int, path: str) -> np.ndarray | None:
    """Return the weights of the rows, or None if there are none."""
    weight = _first(arrays, WEIGHTS)
    if weight is not None and (weight.shape != (rows,) or weight.dtype.kind not in "biuf"):
        raise DataError(
            "X and weight do not fit",
            where=f"{path}, array '{_name_of(arrays, weight)}'",
            expected=f"numbers of shape ({rows},)",
            received=f"{weight.dtype} of shape {weight.shape}",
            fix="give one weight for each row of X",
        )
    return weight


def _name_of(arrays: dict[str, np.ndarray], wanted: np.ndarray) -> str:
    """Return the name under which an array is stored."""
    return next((name for name, array in arrays.items() if array is wanted), "X")


def _table(
    matrix: np.ndarray,
    extra: dict[str, Any],
    arrays: dict[str, np.ndarray],
    path: str,
    origin: Sequence[str],
) -> AbstractTable:
    """Return the table, with the names of the columns if the file holds some."""
    if not len(matrix):
        raise DataError("the table has no row", where=path, fix="add rows")
    if matrix.ndim == 4:
        extra = {"label" if name == "target" else name: column for name, column in extra.items()}
        return image_table(ArrayImages(matrix), extra, path, remarks=_remarks(arrays), origin=origin)
    stored = _first(arrays, NAMES)
    names = [f"x{i}" for i in range(matrix.shape[1])]
    if stored is not None and stored.shape == (matrix.shape[1],) and stored.dtype.kind == "U":
        names = stored.tolist()
    return ArrayTable(matrix, names, extra, source=path)
