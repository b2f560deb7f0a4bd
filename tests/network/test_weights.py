"""Weights are read as the reference implementation reads them, and no header can lie."""

from __future__ import annotations

import json
import struct

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy

from lamina.core.errors import ArtifactError
from lamina.network.weights import read_weights

ARRAYS = {
    name: np.arange(6).reshape(2, 3).astype(name)
    for name in ("f8 f4 f2 i8 i4 i2 i1 u8 u4 u2 u1 bool".split())
} | {
    "empty": np.zeros((0, 4), np.float32),
    "scalar": np.array(3.5, np.float32),
}


def stored(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(**changes: object) -> dict[str, object]:
    return {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes


def test_as_the_reference_implementation():
    content = safetensors.numpy.save(ARRAYS, metadata={"by": "hand"})
    ours, theirs = read_weights(content, where="w"), safetensors.numpy.load(content)
    assert ours.keys() == theirs.keys() == ARRAYS.keys()
    for name, array in theirs.items():
        assert ours[name].dtype == array.dtype and ours[name].shape == array.shape
        assert ours[name].tobytes() == array.tobytes()
    assert read_weights(safetensors.numpy.save({}), where="w") == {}


def test_bfloat16_which_the_reference_implementation_does_not_read_into_numpy():
    array = np.arange(6).reshape(3, 2).astype(ml_dtypes.bfloat16)
    found = read_weights(safetensors.numpy.save({"a": array}), where="w")["a"]
    assert found.dtype == array.dtype and found.tolist() == array.tolist()


def test_nothing_is_copied():
    array = read_weights(safetensors.numpy.save({"a": np.ones(1000)}), where="w")["a"]
    assert not array.flags.owndata and not array.flags.writeable


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the header does not fit; expected 0 bytes at most, got 0"),
        (b"\x01", "the header does not fit"),
        (stored({}, length=3), "the header does not fit|not the JSON"),
        (stored({}, length=1 << 63), "the header does not fit; expected 2 bytes at most"),
        (stored(b"{"), "w, header: is not the JSON"),
        (stored(b'{"a":1,"a":1}'), "stands twice"),
        (stored([]), "the header is no object"),
        (stored({"a": 3}), "w, array 'a': has the wrong form; expected dtype, shape and data_offsets"),
        (stored({"a": entry(more=1)}), "has the wrong form"),
        (stored({"a": entry(dtype="F8")}), "unknown dtype"),
        (stored({"a": entry(dtype=[])}), "unknown dtype"),
        (stored({"a": entry(shape=2)}), "sizes of 0 or more"),
        (stored({"a": entry(shape=[2.0])}), "sizes of 0 or more"),
        (stored({"a": entry(shape=[True, 2])}), "sizes of 0 or more"),
        (stored({"a": entry(shape=[-2])}), "sizes of 0 or more"),
        (stored({"a": entry(shape=[1] * 33)}), "sizes of 0 or more"),
        (stored({"a": entry(shape=[0, 1 << 50])}), "sizes of 0 or more"),
        (stored({"a": entry(data_offsets=[0, 8, 9])}), "sizes of 0 or more"),
        (stored({"a": entry(data_offsets=[8, 0])}), "has the wrong size"),
        (stored({"a": entry(shape=[1 << 40])}, bytes(8)), "expected 4398046511104 bytes for F32"),
        (stored({"a": entry(), "b": entry()}, bytes(8)), "overlaps another or leaves a gap"),
        (stored({"a": entry(data_offsets=[4, 12])}, bytes(12)), "overlaps another or leaves a gap"),
        (stored({"a": entry()}, bytes(7)), "w: has the wrong size"),
        (stored({"a": entry()}, bytes(9)), "w: has the wrong size"),
    ],
)
def test_a_header_that_lies_is_refused(content, said):
    with pytest.raises(ArtifactError, match=said):
        read_weights(content, where="w")
