"""IDX files, the form of MNIST and its kin: images in one file, labels in another."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellTable
from lamina.data.images.endings import IDX_NAME, holds_idx, idx_kind
from lamina.data.images.store import ArrayImages
from lamina.data.images.table import image_table
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.npz import MOST_PACKED
from lamina.data.readers.parsers import text
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source

_UNSIGNED_BYTE = 0x08  # http://yann.lecun.com/exdb/mnist, "The IDX file format"
_PARTS = (("train", "train"), ("t10k", "test"), ("test", "test"), ("val", "valid"))


class IdxReader(AbstractReader):
    """Read a folder of IDX files, or one file of images with its labels beside it."""

    name = "idx"
    files = "IDX files"

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as IDX files are, or a folder holds one of images."""
        return (
            holds_idx(source.listing) if source.is_folder else source.is_file and bool(idx_kind(source.path))
        )

    def read(self, source: Source) -> CellTable:
        """Return the table: columns ``image``, ``label`` and ``split``, where known."""
        return read_idx(source.path)


READERS.add(IdxReader.name, IdxReader())


@dataclass(frozen=True)
class _Pair:
    """A file of images, and the file of their labels if there is one."""

    part: str
    images: str
    labels: str | None


def read_idx(path: str) -> CellTable:
    """Return the images and labels of a folder of IDX files, or of one file with its labels beside it.

    Columns are ``image``, ``label``, and ``split`` where there are several parts, told by the words train,
    t10k, test and val in the names.

    Raises:
        DataError: a file is missing, damaged, too short or too long, or the two do not fit.
    """
    pairs = _pairs(path) if os.path.isdir(path) else [_pair(path)]
    images = [_read(pair.images, axes=3) for pair in pairs]
    _check_alike(pairs, images, path)
    columns: dict[str, np.ndarray] = {}
    if any(pair.labels for pair in pairs):
        columns["label"] = np.concatenate(
            [_labels(pair, len(array)) for pair, array in zip(pairs, images, strict=True)]
        )
    if len(pairs) > 1:
        columns["split"] = np.repeat([pair.part for pair in pairs], [len(array) for array in images])
    array = images[0] if len(images) == 1 else np.concatenate(images)
    origin = [os.path.join(path, n) for n in os.listdir(path) if idx_kind(n)] if os.path.isdir(path) else []
    return image_table(ArrayImages(array[..., None]), columns, path, origin=origin)


def _pairs(folder: str) -> list[_Pair]:
    """Return the files of a folder, one pair a part."""
    names = sorted(name for name in os.listdir(folder) if idx_kind(name) == "images")
    plain = {name.removesuffix(".gz"): name for name in reversed(names)}  # unpacked before packed
    pairs: dict[str, _Pair] = {}
    for name in sorted(plain.values()):
        pair = _pair(os.path.join(folder, name))
        if pair.part in pairs:
            raise DataError(
                f"several files hold the {pair.part or 'same'} images",
                where=folder,
                received=f"{os.path.basename(pairs[pair.part].images)} and {name}",
                fix=f"name one of them: {os.path.join(folder, name)}",
            )
        pairs[pair.part] = pair
    ordered = [pairs[part] for part in ("train", "valid", "test", "") if part in pairs]
    if len(ordered) > 1 and "train" not in pairs:
        raise DataError("no file holds training images", where=folder, fix="add train-images-idx3-ubyte")
    return ordered


def _pair(path: str) -> _Pair:
    """Return a file of images with the file of labels beside it."""
    folder, name = os.path.split(path)
    match = IDX_NAME.match(name)
    if match is None or match["kind"].lower() != "images":
        fix = f"give {name.replace('labels', 'images').replace('idx1', 'idx3')}, which finds its labels"
        raise DataError("these are labels without images", where=path, fix=fix)
    part = next((part for word, part in _PARTS if word in match["head"].lower()), "")
    wanted = match["head"].lower()
    beside = sorted(os.listdir(folder or "."))
    labels = [other for other in beside if idx_kind(other) == "labels"]
    found = [other for other in labels if (m := IDX_NAME.match(other)) and m["head"].lower() == wanted]
    return _Pair(part, path, os.path.join(folder, found[0]) if found else None)


def _labels(pair: _Pair, rows: int) -> np.ndarray:
    """Return the labels of a part."""
    if pair.labels is None:
        raise DataError("the labels of these images are missing", where=pair.images, fix="add their file")
    labels = _read(pair.labels, axes=1)
    if len(labels) != rows:
        raise DataError(
            "images and labels do not fit",
            where=pair.labels,
            expected=f"{rows:,} labels",
            received=f"{len(labels):,}",
            fix="fetch both files anew",
        )
    return labels.astype(np.int64)


def _check_alike(pairs: list[_Pair], images: list[np.ndarray], path: str) -> None:
    """Raise DataError where parts have images of different sizes."""
    sizes = [array.shape[1:] for array in images]
    if len(set(sizes)) > 1:
        received = ", ".join(f"{p.part}: {s[0]}x{s[1]}" for p, s in zip(pairs, sizes, strict=True))
        raise DataError("the parts have images of different sizes", where=path, received=received)


def _read(path: str, *, axes: int) -> np.ndarray:
    """Return the array of an IDX file; its size is checked before memory is taken for it."""
    text.check_file(path)
    try:
        opened = gzip.open if path.lower().endswith(".gz") else open
        with opened(path, "rb") as stream:
            shape = _shape(stream.read(4 + 4 * axes), axes, path)
            count = int(np.prod(shape, dtype=object))
            held = os.path.getsize(path) * (MOST_PACKED if opened is gzip.open else 1)
            if count > held:
                raise _misfit(path, count, f"a file of {os.path.getsize(path):,} bytes")
            content = stream.read(count)
            if len(content) < count or stream.read(1):
                received = f"{len(content):,}" if len(content) < count else "more"
                raise _misfit(path, count, received)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        fix = "fetch it anew, or rename it if it was never compressed"
        raise DataError(f"not a whole gzip file ({error})", where=path, fix=fix) from error
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=path) from error
    return np.frombuffer(content, np.uint8).reshape(shape)


def _shape(head: bytes, axes: int, path: str) -> tuple[int, ...]:
    """Return the shape that the head of a file tells."""
    if len(head) < 4 or head[:2] != b"\0\0":
        raise DataError("this is no IDX file", where=path, fix="fetch it anew")
    if head[2] != _UNSIGNED_BYTE or head[3] != axes:
        raise DataError(
            "not the IDX file that its name says",
            where=path,
            expected=f"unsigned bytes on {axes} {'axis' if axes == 1 else 'axes'}",
            received=f"type 0x{head[2]:02x} on {head[3]}",
            fix="images are unsigned bytes (n, y, x), labels unsigned bytes (n)",
        )
    if len(head) < 4 + 4 * axes:
        raise DataError("the file ends within its head", where=path, fix="fetch it anew")
    shape = struct.unpack(f">{axes}I", head[4:])
    if not all(shape):
        raise DataError("there is no image", where=path, received=f"shape {shape}")
    return shape


def _misfit(path: str, count: int, received: str) -> DataError:
    """Return the error for a file that is shorter or longer than its head says."""
    return DataError(
        "the file is not as long as its head says",
        where=path,
        expected=f"{count:,} values",
        received=received,
        fix="fetch it anew",
    )
