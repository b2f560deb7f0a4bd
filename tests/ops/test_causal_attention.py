"""Attention of any length against a plain formula in float64, however it is computed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError, ShapeError
from lamina.ops.attention_kernel import native_attention, native_cached_attention, suits_kernel
from lamina.ops.blocked_attention import blocked_attention
from lamina.ops.causal_attention import (
    attend,
    cached_attention,
    fused_attention,
    plain_attention,
    plain_cached_attention,
    suits_cudnn,
)
from lamina.ops.dispatch import TABLE, Limit
from lamina.ops.native import library
from lamina.ops.reach import CAUSAL, EVERYWHERE, Reach

SetLimit = Callable[..., None]
HAS_KERNEL = library.has_kernels("causal_attention", "float32")
needs_kernel = pytest.mark.skipif(not HAS_KERNEL, reason="no C++ compiler here")
FORMS: dict[str, Any] = {
    "plain": plain_attention,
    "blocked": functools.partial(blocked_attention, block=7),
    "fused": functools.partial(fused_attention, implementation="xla"),
    "kernel": native_attention,
}
# name -> batch, times, keys, heads, heads of keys, width, reach, padding, slopes
CASES: dict[str, tuple[int, int, int, int, int, int, Reach, bool, bool]] = {
    "one of everything": (1, 1, 1, 1, 1, 1, CAUSAL, False, False),
    "grouped": (2, 13, 13, 4, 2, 8, CAUSAL, False, False),
    "window, both sides, padding": (2, 23, 23, 2, 1, 4, Reach(3, 2), True, False),
    "cross": (2, 9, 21, 2, 2, 20, EVERYWHERE, True, False),
    "distances": (2, 11, 11, 4, 2, 8, CAUSAL, False, True),
    "distances, both sides, padding": (1, 17, 17, 2, 2, 8, EVERYWHERE, True, True),
    "more queries than keys see": (1, 12, 5, 1, 1, 4, Reach(2, 0), False, False),
}
LONG = {
    "several blocks": (1, 210, 210, 2, 1, 72, CAUSAL, True, False),
    "several blocks, window": (1, 300, 300, 2, 2, 16, Reach(150, 0), False, True),
    "several blocks, cross": (2, 100, 290, 2, 2, 24, EVERYWHERE, True, False),
}


def arguments(case: tuple[Any, ...]) -> tuple[list[np.ndarray], dict[str, Any]]:
    batch, times, keys, heads, groups, width, reach, pads, falls = case
    random = np.random.default_rng(0)
    shapes = [(batch, times, heads, width), *[(batch, keys, groups, width)] * 2]
    sides = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    present = random.random((batch, keys)) < 0.7
    present[0, :2] = False  # a causal row that sees nothing
    slopes = np.float32(2.0) ** -np.arange(1, heads + 1, dtype=np.float32)
    return sides, {
        "reach": reach,
        "present": present if pads else None,
        "slopes": slopes if falls else None,
    }


def in_float64(query: Any, key: Any, value: Any, *, reach: Reach, present: Any, slopes: Any) -> np.ndarray:
    repeated = query.shape[2] // key.shape[2]
    q, k, v = (np.asarray(a, np.float64).swapaxes(1, 2) for a in (query, key, value))
    k, v = (a.repeat(repeated, axis=1) for a in (k, v))
    distance = np.arange(q.shape[2])[:, None] - np.arange(k.shape[2])
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if slopes is not None:
        scores -= np.asarray(slopes, np.float64)[:, None, None] * np.abs(distance)
    before, after = reach.bounds()
    seen = np.broadcast_to((distance <= before) & (-distance <= after), scores.shape)
    if present is not None:
        seen = seen & np.asarray(present)[:, None, None, :]
    weights = np.where(seen, np.exp(scores), 0.0)
    total = weights.sum(-1, keepdims=True)
    return (weights / np.where(total == 0, 1, total) @ v).swapaxes(1, 2)


@functools.cache
def slopes_of_plain(name: str) -> tuple[np.ndarray, ...]:
    return values_and_slopes(plain_attention, name)


def values_and_slopes(attention: Any, name: str) -> tuple[np.ndarray, ...]:
    """The output, and the gradients of a weighted sum."""
    sides, rest = arguments({**CASES, **LONG}[name])
    goal = np.random.default_rng(1).normal(size=sides[0].shape).astype(np.float32)

    @jax.jit
    def found(goal: Any, *sides: Any) -> tuple[Any, ...]:
        y, back = jax.vjp(lambda *sides: attention(*sides, **rest), *sides)
        return y, *back(goal)

    return jax.device_get(found(goal, *sides))


@pytest.mark.parametrize(
    ("form", "name"),
    [
        *[(form, name) for form in ("plain", "blocked") for name in CASES],
        *[("fused", name) for name in CASES if "padding" in name or "more" in name],
        *[pytest.param("kernel", name, marks=needs_kernel) for name in [*CASES, *LONG]],
    ],
)
def test_values_and_gradients(form: str, name: str):
    found = slopes_of_plain(name) if form == "plain" else values_and_slopes(FORMS[form], name)
    sides, rest = arguments({**CASES, **LONG}[name])
    np.testing.assert_allclose(found[0], in_float64(*sides, **rest), rtol=1e-5, atol=2e-6)
    for slope, expected in zip(found[1:], slopes_of_plain(name)[1:], strict=True):
        np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-5)


def test_gradient_of_the_plain_form_by_finite_differences():
    sides, rest = arguments(CASES["distances, both sides, padding"])
    goal = np.random.default_rng(1).normal(size=sides[0].shape).astype(np.float32)
    slopes = slopes_of_plain("distances, both sides, padding")[1:]
    for i, slope in enumerate(slopes):
        moved = np.random.default_rng(2).normal(size=sides[i].shape)
        ends = [
            (in_float64(*[s + sign * 1e-5 * moved if j == i else s for j, s in enumerate(sides)], **rest)
             * goal).sum()
            for sign in (1, -1)
        ]  # fmt: skip
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx((slope * moved).sum(), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_bfloat16_is_near_float32(form: str):
    if form == "kernel" and not HAS_KERNEL:
        pytest.skip("no C++ compiler here")
    sides, rest = arguments(CASES["grouped"])
    low = FORMS[form](*(jnp.asarray(a, jnp.bfloat16) for a in sides), **rest)
    assert low.dtype == jnp.bfloat16
    np.testing.assert_allclose(low.astype(jnp.float32), in_float64(*sides, **rest), atol=0.05)


@pytest.mark.parametrize("form", [name for name in FORMS if name != "fused"])
def test_a_population_is_a_loop_over_members(form: str):
    if form == "kernel" and not HAS_KERNEL:
        pytest.skip("no C++ compiler here")
    sides, rest = arguments(CASES["distances, both sides, padding"])
    random = np.random.default_rng(3)
    members = [np.stack([a, random.normal(size=a.shape).astype(np.float32)]) for a in sides]

    def loss(*sides: Any) -> Any:
        return (FORMS[form](*sides, **rest) ** 2).sum()

    slope = jax.grad(loss, argnums=(0, 1, 2))
    # The values are shared by all members, as where a population reads one batch.
    together = jax.jit(jax.vmap(slope, in_axes=(0, 0, None)))(members[0], members[1], sides[2])
    one = jax.jit(slope)
    for i in range(2):
        alone = one(members[0][i], members[1][i], sides[2])
        for found, expected in zip(together, alone, strict=True):
            np.testing.assert_allclose(found[i], expected, rtol=1e-4, atol=1e-5)


@needs_kernel
def test_second_derivatives_are_computed_by_xla():
    sides, rest = arguments(CASES["grouped"])

    def slope(attention: Any) -> Any:
        first = jax.grad(lambda q: (attention(q, *sides[1:], **rest) ** 2).sum())
        return jax.jit(jax.grad(lambda q: (first(q) ** 2).sum()))(sides[0])

    found, expected = slope(native_attention), slope(plain_attention)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@needs_kernel
def test_large_scores_do_not_overflow_and_what_is_no_number_stays_so():
    big = np.full((1, 200, 2, 8), 300.0, np.float32)
    np.testing.assert_allclose(native_attention(big, big, big, reach=CAUSAL), 300.0, rtol=1e-6)
    one = big.copy()
    one[0, 150, 1, 3] = np.nan
    found = np.asarray(native_attention(big, one, big, reach=CAUSAL))
    assert np.isnan(found[0, 150:, 1]).all()
    assert np.isfinite(found[0, :150]).all()


def test_the_form_is_chosen_by_size(set_limit: SetLimit, monkeypatch: pytest.MonkeyPatch):
    chosen = []

    def spy(name: str) -> None:
        monkeypatch.setattr(
            f"lamina.ops.causal_attention.{name}", lambda *a, **_: chosen.append(name) or a[0]
        )

    for name in ("plain_attention", "blocked_attention", "native_attention", "fused_attention"):
        spy(name)
    short, long = np.zeros((1, 8, 2, 8), np.float32), np.zeros((1, 300, 2, 8), np.float32)
    set_limit("causal_attention", multiplications=Limit(1 << 40))
    attend(short, short, short)
    attend(long, long, long)
    monkeypatch.setattr("lamina.core.runtime.has_cudnn", lambda: True)
    attend(short, short, short)
    low = jnp.zeros((1, 8, 2, 8), jnp.bfloat16)
    attend(low, low, low)
    set_limit("causal_attention", multiplications=Limit())
    expected = ["plain_attention", "blocked_attention", "plain_attention", "fused_attention"]
    if HAS_KERNEL:
        attend(short, short, short)
        attend(low, low, low)
        expected += ["native_attention"] * 2
    assert chosen == expected


def test_what_cudnn_takes():
    def takes(*shape: int, reach: Reach = CAUSAL, adds: bool = False, dtype: Any = jnp.bfloat16) -> bool:
        side = jax.ShapeDtypeStruct(shape, dtype)
        return suits_cudnn(side, side, reach, adds=adds)

    assert takes(1, 7, 2, 64)
    assert takes(1, 8, 2, 64, reach=Reach(4, 0), adds=True)
    assert takes(1, 7, 2, 64, reach=EVERYWHERE)
    assert not takes(1, 7, 2, 64, adds=True)
    assert not takes(1, 7, 2, 64, reach=Reach(4, 4))
    assert not takes(1, 7, 2, 136)
    assert not takes(1, 7, 2, 20)
    assert not takes(1, 7, 2, 64, dtype=jnp.float32)


def test_heads_must_divide():
    with pytest.raises(ShapeError, match="heads of queries"):
        attend(np.zeros((1, 2, 3, 4), np.float32), *[np.zeros((1, 2, 2, 4), np.float32)] * 2)


def test_reach():
    with pytest.raises(ConfigError, match="reach -1 positions before"):
        Reach(before=-1)
    assert EVERYWHERE.is_everything
    assert not CAUSAL.is_everything
    assert Reach(3, 0).span(10, 14, 12) == (7, 12)
    assert CAUSAL.span(10, 14, 40) == (0, 14)
    positions = jnp.arange(9)
    assert EVERYWHERE.visible(positions, positions).all()


def test_small_ones_and_other_types_are_computed_by_xla():
    def shape(*sizes: int, dtype: Any = jnp.float32) -> Any:
        return jax.ShapeDtypeStruct(sizes, dtype)

    small = shape(1, 8, 1, 8)
    assert not suits_kernel(small, small)
    half = shape(4, 512, 8, 64, dtype=jnp.float16)
    assert not suits_kernel(half, half)
    assert TABLE["causal_attention"].limits["multiplications"].at_most is None


CACHES = {  # batch, times, room, heads, groups, width, before, falls
    "one position": (2, 1, 40, 4, 4, 64, None, False),
    "shared keys, window, slopes": (2, 3, 40, 4, 2, 20, 5, True),
    "a position that sees itself": (1, 2, 7, 2, 1, 5, 0, False),
}


@pytest.mark.skipif(not library.has_kernels("cached_attention", "float32"), reason="no C++ compiler here")
@pytest.mark.parametrize("name", CACHES)
def test_the_kernel_reads_a_cache_as_xla_does(name: str):
    batch, times, room, heads, groups, width, before, falls = CACHES[name]
    random = np.random.default_rng(0)
    shapes = [(batch, times, heads, width), *[(batch, groups, room, width)] * 2]
    sides = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    slopes = np.float32(0.5) ** np.arange(heads, dtype=np.float32) if falls else None
    both = [
        jax.jit(functools.partial(form, reach=Reach(before, 0), slopes=slopes))
        for form in (native_cached_attention, plain_cached_attention)
    ]
    for first in (0, 4, room - times):
        found, expected = (form(*sides, first=jnp.int32(first)) for form in both)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_attention_to_a_cache_has_the_gradient_of_xla(set_limit: SetLimit):
    set_limit("cached_attention", multiplications=Limit(1))
    random = np.random.default_rng(0)
    query, key, value = (
        random.normal(size=s).astype(np.float32) for s in ((1, 1, 2, 4), *[(1, 2, 6, 4)] * 2)
    )
    slopes = [
        jax.jit(jax.grad(lambda q, form=form: (form(q, key, value, first=3) ** 2).sum()))(query)
        for form in (cached_attention, plain_cached_attention)
    ]
    np.testing.assert_allclose(*slopes, rtol=1e-4, atol=1e-5)
