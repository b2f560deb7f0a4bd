"""Arrays as text: the same numbers again, and nothing else."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from lamina.core.errors import ArtifactError
from lamina.core.packed import packed, unpacked


@pytest.mark.parametrize("dtype", ["<i4", "<f4", "<u1", "<f8"])
def test_numbers_come_back_as_they_were(dtype: str):
    array = (np.random.default_rng(0).normal(size=(7, 3)) * 100).astype(dtype)
    found = unpacked(packed(array), dtype, place="known", most=array.nbytes)
    np.testing.assert_array_equal(found, array.reshape(-1))
    big = array.astype(array.dtype.newbyteorder(">"))
    assert packed(big) == packed(array)


@pytest.mark.parametrize(
    "text",
    [
        "no base64!",
        base64.b64encode(b"not compressed").decode(),
        packed(np.zeros(9, np.int32)),
        packed(np.zeros(1 << 20, np.int32)),
        base64.b64encode(zlib.compress(b"12345")).decode(),
        packed(np.arange(8, dtype=np.int32))[:-8],
        "",
    ],
)
def test_what_is_damaged_or_too_large_is_refused_with_its_place(text: str):
    with pytest.raises(ArtifactError) as caught:
        unpacked(text, "<i4", place="target.known", most=32)
    assert caught.value.where == "target.known"
