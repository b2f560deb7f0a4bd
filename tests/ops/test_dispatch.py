"""Which implementation computes what: the table's choices are the measured conditions, for every size."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from lamina.ops import (
    attention,
    attention_kernel,
    convolution,
    cross_entropy,
    dense,
    depthwise,
    dispatch,
    embedding_bag,
    gelu,
    layer_norm,
    update,
)
from lamina.ops.dispatch import TABLE, Kernel, Limit
from lamina.ops.native import library
from lamina.ops.reach import EVERYWHERE, Reach
from lamina.ops.window import Window

DTYPES = ("float32", "bfloat16", "float16", "int32")


def array(*shape: int, dtype: str = "float32") -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)


def around(*sizes: int) -> Iterator[int]:
    return (size + change for size in sizes for change in (-1, 0, 1) if size + change > 0)


@pytest.fixture(autouse=True)
def every_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice as where all kernels could be compiled, the processor's bfloat16 included."""
    types = {"convolution": ("float32", "bfloat16")}
    has = lambda source, dtype: jnp.dtype(dtype).name in types.get(source, ("float32",))  # noqa: E731
    monkeypatch.setattr(library, "has_kernels", has)


def test_limits():
    assert [size in Limit(2, 3) for size in range(1, 5)] == [False, True, True, False]
    assert 1 << 60 in Limit(2) and 0 in Limit(at_most=0)


def test_every_size_must_be_given():
    with pytest.raises(TypeError, match=r"sizes \['rows'\] for the limits \['numbers'\]"):
        dispatch.suits("gelu", array(3), rows=3)


def test_the_library_is_loaded_only_where_sizes_suit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(library, "has_kernels", lambda *_: pytest.fail("loaded"))
    assert not dispatch.suits("gelu", array(3), numbers=3)
    assert not dispatch.suits("gelu", array(1 << 20, dtype="bfloat16"), numbers=1 << 20)


@pytest.mark.parametrize(("name", "kernel"), list(TABLE.items()), ids=list(TABLE))
def test_every_entry_says_what_when_and_where_measured(name: str, kernel: Kernel, root: Path):
    assert kernel.source in library.KERNELS
    log = (root / "docs" / "log.md").read_text()
    entries = re.findall(r'(\d{4}-\d\d-\d\d) "([^"]+)"', kernel.log)
    assert entries and all(f"## {date}  {heading}  (" in log for date, heading in entries)
    for number in kernel.decision.split(", "):
        assert list((root / "docs" / "decisions").glob(f"{number}-*.md")), number
    assert f"{name}: {kernel.computes}\n  when      {kernel.condition}\n" in str(TABLE)


def test_every_source_is_in_the_table():
    assert {kernel.source for kernel in TABLE.values()} == set(library.KERNELS)


def test_conditions_in_words():
    assert TABLE["single_product"].condition == (
        "CPU, float32, multiplications 4,194,304 to 17,179,869,184, rows ≥ 8, summed ≤ 2,048"
    )
    assert TABLE["convolution"].condition == "CPU, float32 or bfloat16, groups ≤ 8"


def test_classes_fit_the_buffer_of_the_kernel():
    source = Path(library.__file__).with_name("cross_entropy.cc").read_text()
    assert f"kMostClasses = {TABLE['cross_entropy'].limits['classes'].at_most};" in source


@pytest.mark.parametrize("dtype", DTYPES)
def test_attention(dtype: str):
    for batch, time, heads, width in itertools.product((1, 4, 64), around(8, 64, 512), (1, 8), (4, 64)):
        expected = batch * heads * time**2 * width >= 1_048_576 and time <= 512 and dtype == "float32"
        assert attention.suits_kernel(array(batch, time, 3, heads, width, dtype=dtype)) == expected
    assert not attention.suits_kernel(array(64, 64, 2, 8, 64))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposed", list(itertools.product((False, True), repeat=2)), ids=str)
def test_products(transposed: tuple[bool, bool], dtype: str):
    sizes = (1, 7, 8, 64, 383, 384, 385, 2048, 2049, 8320)
    for members, rows, summed, columns in itertools.product((1, 2, 256), sizes, sizes, (1, 10, 683, 1 << 17)):
        left = array(*((summed, rows) if transposed[0] else (rows, summed)), dtype=dtype)
        right = array(*((columns, summed) if transposed[1] else (summed, columns)), dtype=dtype)
        work = members * rows * summed * columns
        expected = rows >= 8 and summed <= 2048 and dtype == "float32"
        if members == 1:
            expected = rows >= 8 and (transposed[0] or summed <= 2048) and dtype == "float32"
            expected &= 4_194_304 <= work <= 17_179_869_184
            if transposed == (False, True) and rows <= 16:
                expected = work >= 65_536 and dtype == "float32"
        else:
            expected &= work >= 1_048_576
        assert dense.suits_kernel(members, left, right, transposed) == expected
    assert not dense.suits_kernel(1, array(512, 512), array(511, 512), (False, False))
    assert not dense.suits_kernel(1, array(512, 512), array(512, 512, dtype="int32"), (False, False))


@pytest.mark.parametrize("dtype", DTYPES)
def test_attention_to_a_cache(dtype: str):
    for batch, time, room in itertools.product((1, 8), (1, 16), (16, 512)):
        query, key = array(batch, time, 4, 16, dtype=dtype), array(batch, 2, room, 16, dtype=dtype)
        expected = batch * time * 64 * room >= 65_536 and dtype == "float32"
        assert attention_kernel.suits_cache_kernel(query, key, Reach(3, 0)) == expected
        assert not attention_kernel.suits_cache_kernel(query, key, EVERYWHERE)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy(dtype: str):
    for members, rows, classes in itertools.product(
        (1, 16), around(1, 64, 256, 1024, 8192), around(2, 16, 64)
    ):
        expected = members * rows * classes >= 16_384 and classes <= 64 and dtype == "float32"
        logits = array(rows, classes, dtype=dtype)
        assert cross_entropy.suits_kernel(members, logits, array(rows, dtype="int32")) == expected
        assert not cross_entropy.suits_kernel(members, logits, array(rows, dtype="uint8"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_gelu_and_layer_norm(dtype: str):
    for rows, width in itertools.product(around(1, 64, 1024, 65_536), (1, 64)):
        expected = rows * width >= 65_536 and dtype == "float32"
        assert gelu.suits_kernel(array(rows, width, dtype=dtype)) == expected
        for members in (1, 16):
            expected = members * rows * width >= 65_536 and dtype == "float32"
            own = (array(width, dtype=dtype), array(width, dtype=dtype))
            assert layer_norm.suits_kernel(members, array(rows, width, dtype=dtype), *own) == expected
    assert not layer_norm.suits_kernel(1, array(2048, 64), array(64), array(63))
    assert not layer_norm.suits_kernel(1, array(2048, 64), array(64), array(64, dtype="bfloat16"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_embedding_bag(dtype: str):
    for members, rows, entries, width in itertools.product((1, 8), (1, 32), around(8, 64, 256), (1, 32, 64)):
        expected = members * rows * entries * width >= 65_536 and dtype == "float32"
        ids, scale = array(rows, entries, dtype="int32"), array(rows, entries)
        for count in (rows, 1 << 20):  # of a change, of a weight
            found = embedding_bag.suits_kernel(members, array(count, width, dtype=dtype), ids, scale)
            assert found == expected


def test_update():
    for members, size in itertools.product((1, 256), (0, 1, 1 << 20)):
        assert update.suits_kernel(members, array(size), array(2, size))
        assert not update.suits_kernel(members, array(size), array(size, dtype="bfloat16"))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"),
    [((3, 3), 1, 1), ((3, 3), 2, 1), ((3, 3), 1, 2), ((1, 3), 1, 1)],
    ids=str,
)
def test_winograd(kernel: tuple[int, int], stride: int, dilation: int, dtype: str):
    window = Window((stride,) * 2, (1, 1), (1, 1), (dilation,) * 2)
    sides, widths = (1, 2, 3, 4, 5, 8, 9, 16), (15, 16, 31, 32, 64)
    chosen = set()
    for batch, rows, columns, o, i in itertools.product((1, 2, 16, 128), sides, sides, widths, widths):
        tiles = -(-rows // 4) * -(-columns // 4)
        expected = kernel == (3, 3) and stride == dilation == 1 and min(o, i) >= 16 and o * i >= 512
        expected &= batch * tiles >= 16 and 36 * tiles <= 6 * rows * columns and dtype == "float32"
        found = convolution._kernel(array(batch, rows, columns, o, dtype=dtype), (o, i, *kernel), window)
        assert found == ("winograd" if expected else "convolution")
        chosen.add(found)
    assert len(chosen) == (2 if kernel == (3, 3) and stride == dilation == 1 and dtype == "float32" else 1)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_convolutions(dtype: str, monkeypatch: pytest.MonkeyPatch):
    """Depthwise by its kernel or as shifted copies, up to eight groups by the kernel, others by XLA."""
    calls: list[str] = []

    def spied(module: Any, name: str) -> None:
        def answer(x: Any, weight: Any, window: Window, groups: int = 1) -> jax.Array:
            calls.append(name)
            return jnp.zeros(convolution.out_shape(x.shape, weight.shape, window), x.dtype)

        monkeypatch.setattr(module, name, answer)

    spied(convolution, "native_convolution"), spied(convolution, "plain_convolution")
    spied(depthwise, "native_depthwise"), spied(depthwise, "shifted_sum")
    numbers, has_kernel = (1, 2, 8, 9, 15, 16, 32), dtype in ("float32", "bfloat16")
    for axes, channels, groups, repeats, stride, dilation in itertools.product(
        (1, 2, 3), numbers, numbers, (1, 2), (1, 2), (1, 2)
    ):
        if channels % groups:
            continue
        options = {"stride": (stride,) * axes, "dilation": (dilation,) * axes, "padding": ((1, 1),) * axes}
        x = array(1, *(5,) * axes, channels, dtype=dtype)
        weight = array(repeats * channels, channels // groups, *(3,) * axes, dtype=dtype)
        calls.clear()
        jax.eval_shape(
            lambda x, w, o=options, g=groups: convolution.convolution(x, w, groups=g, **o), x, weight
        )
        if axes == 3 or (axes == 1 and not has_kernel):
            expected = ["plain_convolution"]
        elif groups == channels > 1 and dilation == 1:
            is_native = stride == 1 and repeats == 1 and channels >= 16 and dtype == "float32"
            expected = ["native_depthwise" if is_native else "shifted_sum"]
        elif groups > 8 or not has_kernel:
            expected = ["plain_convolution"]
        else:
            expected = ["native_convolution"] * groups
        assert calls == expected, (axes, channels, groups, repeats, stride, dilation)


def test_elsewhere_than_on_the_cpu_depthwise_convolution_is_computed_by_xla(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(convolution.runtime, "on_cpu", lambda: False)
    monkeypatch.setattr(library, "has_kernels", lambda *_: False)
    monkeypatch.setattr(convolution, "depthwise_convolution", lambda *_: pytest.fail("shifted copies"))
    x, weight = jnp.ones((1, 4, 4, 2)), jnp.ones((2, 1, 3, 3))
    options = {"stride": (1, 1), "dilation": (1, 1), "padding": ((1, 1),) * 2}
    assert convolution.convolution(x, weight, groups=2, **options).shape == (1, 4, 4, 2)
