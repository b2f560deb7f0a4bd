"""Rows in an order: the kernel against indexing."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.native import library
from lamina.ops.rows import LEAST_NUMBERS, native_picked, picked, plain_picked

needs_kernel = pytest.mark.skipif(not library.has_kernels("rows", "float32"), reason="no C++ compiler here")
RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8", "bfloat16"])
@pytest.mark.parametrize("shape", [(9,), (9, 3), (9, 4, 5, 2)])
def test_rows_of_any_array(shape: tuple[int, ...], dtype: str):
    array = jnp.asarray(RANDOM.integers(0, 99, shape), dtype)
    rows = jnp.asarray([8, 0, 0, 3], jnp.int32)
    found = picked(array, rows)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, np.asarray(array)[np.asarray(rows)])


@needs_kernel
@pytest.mark.parametrize("shape", [(7,), (50, 1), (50, 784), (3, 6, 5, 2)])
@pytest.mark.parametrize("count", [0, 1, 5, 300])
def test_the_kernel_is_indexing(shape: tuple[int, ...], count: int):
    array = RANDOM.normal(size=shape).astype(np.float32)
    rows = RANDOM.integers(0, shape[0], count).astype(np.int32)
    np.testing.assert_array_equal(native_picked(jnp.asarray(array), jnp.asarray(rows)), array[rows])


@needs_kernel
def test_members_pick_from_one_array():
    array = RANDOM.normal(size=(40, 6)).astype(np.float32)
    rows = RANDOM.integers(0, 40, (3, 9)).astype(np.int32)
    found = jax.vmap(native_picked, in_axes=(None, 0))(jnp.asarray(array), jnp.asarray(rows))
    np.testing.assert_array_equal(found, array[rows])


@needs_kernel
def test_large_batches_take_the_kernel(monkeypatch: pytest.MonkeyPatch):
    calls = []
    call = library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))
    array, rows = jnp.ones((200, 784)), jnp.arange(128, dtype=jnp.int32)
    assert LEAST_NUMBERS < 128 * 784
    np.testing.assert_array_equal(picked(array, rows), plain_picked(array, rows))
    assert calls == ["rows"]
    picked(array, rows[:8])
    assert calls == ["rows"]
