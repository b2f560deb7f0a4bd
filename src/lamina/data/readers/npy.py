"""NumPy arrays in files of their own: ``X.npy`` with ``y.npy`` beside it, or a folder of them."""

from __future__ import annotations

import os

import numpy as np

from lamina.core.errors import DataError
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.npz import (
    LOADING_FAULTS,
    NAMES,
    PARTS,
    WEIGHTS,
    check_length,
    check_text,
    names_of,
    table_of_arrays,
    unloadable,
)
from lamina.data.readers.parsers import text
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

ENDING = ".npy"
_SAVE = "numpy.save('X.npy', inputs); numpy.save('y.npy', targets)"


class NpyReader(AbstractReader):
    """Read an array of inputs with its targets beside it, or a folder of such arrays."""

    name = "npy"
    files = "NumPy arrays"
    endings = (ENDING,)

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as arrays are, or a folder holds one of inputs."""
        if source.is_folder:
            return any(_part_of(name) is not None for name in _arrays_in(source.listing))
        return not source.is_packed and source.ending == ENDING

    def read(self, source: Source) -> AbstractTable:
        """Return the table."""
        if source.is_folder:
            return read_npy_folder(source.path, source.listing)
        return read_npy(source.path)


READERS.add(NpyReader.name, NpyReader())


def read_npy(path: str) -> AbstractTable:
    """Return the table of an array of inputs, with the targets, weights and names that lie beside it.

    ``X.npy`` finds ``y.npy``, and ``X_train.npy`` finds ``y_train.npy``; other spellings are those of
    `read_npz`. A file of any other name is inputs alone.

    Raises:
        DataError: the file is missing or damaged, holds Python objects or targets alone, or does not fit
            what lies beside it.
    """
    text.check_file(path)
    folder, name = os.path.split(path)
    beside = {_stem(other): other for other in _arrays_in(sorted(os.listdir(folder or ".")))}
    stem = _stem(name)
    for part in ("", *PARTS):
        if stem in names_of(part)["y"]:
            raise DataError("these are targets without inputs", where=path, fix="give the file of the inputs")
    found = {"X": path}
    part = _part_of(name)
    if part is not None:
        target = next((beside[known] for known in names_of(part)["y"] if known in beside), None)
        found |= {} if target is None else {"y": os.path.join(folder, target)}
        also = [*NAMES, *WEIGHTS] if part == "" else []
        found |= {known: os.path.join(folder, beside[known]) for known in also if known in beside}
    return table_of_arrays(_loaded(found), path, origin=[*found.values()], fix=_SAVE)


def read_npy_folder(path: str, listing: tuple[str, ...]) -> AbstractTable:
    """Return the table of a folder that holds ``X.npy`` and ``y.npy``, or ``X_train.npy``, ….

    Args:
        path: the folder.
        listing: the names in it.

    Raises:
        DataError: a file is damaged or holds Python objects, or the arrays do not fit.
    """
    known = {name for part in ("", *PARTS) for names in names_of(part).values() for name in names}
    known |= {*NAMES, *WEIGHTS}
    names = [name for name in _arrays_in(listing) if _stem(name) in known]
    found = {_stem(name): os.path.join(path, name) for name in names}
    return table_of_arrays(_loaded(found), path, origin=[*found.values()], fix=_SAVE)


def _arrays_in(names: tuple[str, ...] | list[str]) -> list[str]:
    """Return those of some names that are names of arrays."""
    return [name for name in names if name.lower().endswith(ENDING)]


def _stem(name: str) -> str:
    return os.path.splitext(name)[0].lower()


def _part_of(name: str) -> str | None:
    """Return the part that the inputs of this name are, empty for all rows; None for other names."""
    return next((part for part in ("", *PARTS) if _stem(name) in names_of(part)["x"]), None)


def _loaded(paths: dict[str, str]) -> dict[str, np.ndarray]:
    return {name: _array(path) for name, path in paths.items()}


def _array(path: str) -> np.ndarray:
    """Return the array in a file, checked before memory is taken for it."""
    text.check_file(path, what="file")
    try:
        with open(path, "rb") as stream:
            check_length(stream, os.path.getsize(path), "the array", path)
        array = np.load(path, allow_pickle=False)
    except DataError:
        raise
    except LOADING_FAULTS as error:
        raise unloadable(path, error, "a whole .npy file", "numpy.save") from error
    check_text(_stem(os.path.basename(path)), array, path)
    return array
