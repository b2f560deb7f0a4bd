"""Kernels of `lamina.ops.native` against other ways, in one process; options: cases, turns.

A case is a name, a kind, sizes and how many calls make a turn. The two ways take turns inside a
process, since both run on XLA's threads.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import worker
from lamina.core import runtime
from lamina.ops import affine
from lamina.ops.attention import native_self_attention, plain_self_attention
from lamina.ops.cross_entropy import native_loss_and_slope, plain_loss_and_slope
from lamina.ops.dense import native_product, plain_product
from lamina.ops.depthwise import native_depthwise, shifted_sum
from lamina.ops.embedding_bag import native_gradient as native_bag_gradient
from lamina.ops.embedding_bag import native_sums, plain_sums
from lamina.ops.embedding_bag import plain_gradient as plain_bag_gradient
from lamina.ops.gelu import native_gelu_and_slope, plain_gelu_and_slope
from lamina.ops.layer_norm import native_gradient, native_normalized, plain_gradient, plain_normalized
from lamina.ops.native import library
from lamina.ops.selective_scan import native_scan, plain_scan
from lamina.ops.update import (
    Factors,
    Moments,
    native_adam_step,
    native_all_finite,
    plain_adam_step,
    plain_all_finite,
)
from lamina.ops.window import Window

ADAM_STEPS = 10

Pair = tuple[Callable[..., Any], Callable[..., Any]]


def product(sizes: list[int], *, transposed: list[bool], shared: list[bool]) -> tuple[Pair, list[Any]]:
    """Return a population's product by our kernel and by XLA, and its arrays."""
    members, rows, depth, columns = sizes
    random = np.random.default_rng(0)
    shapes = [(rows, depth), (depth, columns)]
    arrays, axes = [], []
    for shape, turned, is_shared in zip(shapes, transposed, shared, strict=True):
        own = shape[::-1] if turned else shape
        arrays.append(random.normal(size=own if is_shared else (members, *own)).astype(np.float32))
        axes.append(None if is_shared else 0)
    sides = (transposed[0], transposed[1])
    ways = (functools.partial(way, transposed=sides) for way in (native_product, plain_product))
    ours, theirs = (jax.vmap(way, in_axes=tuple(axes)) for way in ways)
    return (ours, theirs), arrays


def depthwise(sizes: list[int], *, taps: int, gradient: bool) -> tuple[Pair, list[Any]]:
    """Return a depthwise convolution, or both its gradients, by our kernels and by shifted sums."""
    batch, side, channels = sizes
    random = np.random.default_rng(0)
    x = random.normal(size=(batch, side, side, channels)).astype(np.float32)
    weight = random.normal(size=(channels, 1, taps, taps)).astype(np.float32)
    edge = taps // 2
    window = Window((1, 1), (edge, edge), (edge, edge), (1, 1))

    def way(convolve: Callable[..., Any]) -> Callable[..., Any]:
        whole = functools.partial(convolve, window=window)
        if not gradient:
            return whole
        return jax.grad(lambda x, weight: (whole(x, weight) ** 2).sum(), argnums=(0, 1))

    return (way(lambda *a, window: native_depthwise(*a, window)), way(shifted_sum)), [x, weight]


def convolution(sizes: list[int], *, part: str) -> tuple[Pair, list[Any]]:
    """Return a convolution of 3 x 3 taps, or one of its gradients, by Winograd's tiles and tap by tap."""
    batch, side, channels, outputs = sizes
    random = np.random.default_rng(0)
    x, y = (random.normal(size=(batch, side, side, c)).astype(np.float32) for c in (channels, outputs))
    weight = random.normal(size=(outputs, channels, 3, 3)).astype(np.float32)
    operands, result = {
        "": ([x, weight], y),
        "_input_gradient": ([y, weight], x),
        "_weight_gradient": ([x, y], weight),
    }[part]
    window = Window((1, 1), (1, 1), (1, 1), (1, 1))._asdict()
    out = jax.ShapeDtypeStruct(result.shape, result.dtype)
    few, plain = (
        lambda *arrays, name=name: library.call(name + part, out, *arrays, **window)
        for name in ("winograd", "convolution")
    )
    return (few, plain), operands


def adam(sizes: list[int]) -> tuple[Pair, list[Any]]:
    """Return steps of Adam with finite checks by our kernels and by XLA; sizes: layers, rows, columns."""
    layers, rows, columns = sizes
    random = np.random.default_rng(0)
    shapes = [(rows, columns), (rows,)] * layers
    now = Moments(*([random.random(shape).astype(np.float32) for shape in shapes] for _ in range(3)))
    gradient = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    factors = Factors(*(jnp.float32(value) for value in (0.001, 0.9, 0.999, 0.01)), steps=jnp.int32(1))

    def way(step: Callable[..., Moments], finite: Callable[..., Any]) -> Callable[..., Any]:
        def steps(now: Moments, gradient: list[Any]) -> Moments:
            def one(_: Any, now: Moments) -> Moments:
                return step(factors, finite(gradient), now, gradient, [True, False] * layers)

            return jax.lax.fori_loop(0, ADAM_STEPS, one, now)  # in place, as in training

        return steps

    ways = way(native_adam_step, native_all_finite), way(plain_adam_step, plain_all_finite)
    return ways, [now, gradient]


def layer(sizes: list[int]) -> tuple[Pair, list[Any]]:
    """Return a layer with relu and all its gradients by our kernels and by XLA; members share what comes."""
    members, rows, inputs, outputs = sizes
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, inputs)).astype(np.float32)
    own = [(outputs, inputs), (1, outputs), (rows, outputs)]
    weight, bias, change = (random.normal(size=(members, *shape)).astype(np.float32) for shape in own)

    def way(forward: Any, input_gradient: Any, weight_gradient: Any) -> Callable[..., Any]:
        def one(x: Any, weight: Any, bias: Any, change: Any) -> Any:
            y = forward(x, weight, bias, activation="relu")
            return y, input_gradient(change, y, weight), weight_gradient(change, x, y)

        return jax.vmap(one, in_axes=(None, 0, 0, 0))

    ours = way(affine.native_affine, affine.native_input_gradient, affine.native_weight_gradient)
    theirs = way(affine.plain_affine, affine.plain_input_gradient, affine.plain_weight_gradient)
    return (ours, theirs), [x, weight, bias, change]


def gelu(sizes: list[int]) -> tuple[Pair, list[Any]]:
    """Return GELU with its slope by our kernel and by XLA."""
    x = np.random.default_rng(0).normal(size=sizes).astype(np.float32)
    return (native_gelu_and_slope, plain_gelu_and_slope), [x]


def attention(sizes: list[int]) -> tuple[Pair, list[Any]]:
    """Return self-attention with its gradient by our kernels and by XLA; sizes: batch, time, heads, width."""
    batch, time, heads, width = sizes
    random = np.random.default_rng(0)
    shapes = (batch, time, 3, heads, width), (batch, time, heads, width)
    parts, change = (random.normal(size=shape).astype(np.float32) for shape in shapes)

    def way(attend: Callable[..., Any]) -> Callable[..., Any]:
        def both(parts: Any, change: Any) -> Any:
            mixed, back = jax.vjp(attend, parts)
            return mixed, back(change)

        return both

    return (way(native_self_attention), way(plain_self_attention)), [parts, change]


def layer_norm(sizes: list[int]) -> tuple[Pair, list[Any]]:
    """Return layer normalization with its gradients by our kernels and by XLA; sizes: rows, width."""
    random = np.random.default_rng(0)
    x, change = (random.normal(size=sizes).astype(np.float32) for _ in range(2))
    weight, bias = (random.normal(size=sizes[1]).astype(np.float32) for _ in range(2))

    def way(forward: Callable[..., Any], gradient: Callable[..., Any]) -> Callable[..., Any]:
        def both(x: Any, weight: Any, bias: Any, change: Any) -> Any:
            y, statistics = forward(x, weight, bias, epsilon=1e-6)
            return y, gradient(change, x, weight, statistics)

        return both

    ways = way(native_normalized, native_gradient), way(plain_normalized, plain_gradient)
    return ways, [x, weight, bias, change]


def cross_entropy(sizes: list[int]) -> tuple[Pair, list[Any]]:
    """Return cross-entropy with its slope by our kernel and by XLA; sizes: rows, classes."""
    random = np.random.default_rng(0)
    logits = random.normal(size=sizes).astype(np.float32)
    labels = random.integers(0, sizes[1], sizes[0]).astype(np.int32)
    ways = native_loss_and_slope, plain_loss_and_slope
    ours, theirs = (functools.partial(way, smoothing=0.0) for way in ways)
    return (ours, theirs), [logits, labels]


def embedding_bag(sizes: list[int], *, part: str) -> tuple[Pair, list[Any]]:
    """Return weighted bags of embeddings, or their gradient, by our kernels and by XLA.

    Sizes: symbols, width, rows, entries. Symbols are as frequent as words; 20 to 70 % of a row is padding.
    """
    symbols, width, rows, entries = sizes
    random = np.random.default_rng(0)
    frequency = 1 / np.arange(1, symbols + 1)
    ids = random.choice(symbols, size=(rows, entries), p=frequency / frequency.sum())
    lengths = random.integers(int(0.3 * entries), int(0.8 * entries) + 1, (rows, 1))
    ids = np.where(np.arange(entries) < lengths, ids, -1).astype(np.int32)
    scale = np.broadcast_to(1 / lengths, ids.shape).astype(np.float32)
    operand = random.normal(size=(rows if part else symbols, width)).astype(np.float32)
    ways: Pair = (native_sums, plain_sums)
    if part:
        ours, theirs = native_bag_gradient, plain_bag_gradient
        ways = functools.partial(ours, symbols=symbols), functools.partial(theirs, symbols=symbols)
    return ways, [operand, ids, scale]


def selective_scan(sizes: list[int], *, part: str) -> tuple[Pair, list[Any]]:
    """Return a selective scan or its gradients both ways; sizes: batch, time, features, state."""
    batch, time, features, state = sizes
    random = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return random.normal(size=shape).astype(np.float32)

    x, delta = normal(batch, time, features), np.logaddexp(normal(batch, time, features) - 2, 0)
    inside = [normal(batch, time, state) for _ in range(2)]
    operands = [x, delta, -np.exp(normal(state, features)), *inside, normal(batch, state, features)]

    def gradient(scan: Callable[..., Any]) -> Callable[..., Any]:
        places = tuple(range(len(operands)))
        return jax.grad(lambda *operands: (scan(*operands)[0] ** 2).sum(), argnums=places)

    ways: Pair = (native_scan, plain_scan)
    return (gradient(ways[0]), gradient(ways[1])) if part else ways, operands


KINDS = {
    "product": product, "depthwise": depthwise, "convolution": convolution, "adam": adam, "layer": layer,
    "gelu": gelu, "attention": attention, "layer norm": layer_norm, "cross-entropy": cross_entropy,
    "embedding bag": embedding_bag, "selective scan": selective_scan,
}  # fmt: skip


def seconds(function: Callable[..., Any], arrays: list[Any], calls: int) -> float:
    """Return the seconds of one of several calls."""
    began = time.perf_counter()
    for _ in range(calls):
        result = function(*arrays)
    jax.block_until_ready(result)
    return (time.perf_counter() - began) / calls


def measured(case: dict[str, Any], turns: int) -> dict[str, Any]:
    """Return compile seconds and seconds of a call of both ways, and how far they differ."""
    ways, arrays = KINDS[case["kind"]](case["sizes"], **case["options"])
    arrays = jax.tree.map(jnp.asarray, arrays)
    compiled, first = [], []
    for way in ways:
        began = time.perf_counter()
        compiled.append(jax.jit(way).lower(*arrays).compile())
        first.append(time.perf_counter() - began)
    ours, theirs = (jax.tree.leaves(way(*arrays)) for way in compiled)
    gap = max(
        float(jnp.abs(a - b).max() / jnp.maximum(jnp.abs(b).max(), 1e-9))
        for a, b in zip(ours, theirs, strict=True)
    )
    taken = [[seconds(way, arrays, case["calls"]) for way in compiled] for _ in range(turns)]
    return {
        "name": case["name"],
        "kind": case["kind"],
        "first": first,
        "seconds": [list(own) for own in zip(*taken, strict=True)],
        "gap": gap,
    }


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    runtime.start()
    if missing := [source for source in library.KERNELS if not library.has_kernels(source, jnp.float32)]:
        raise SystemExit(f"these kernels cannot be compiled here: {', '.join(missing)}")
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    channel.send(found=[measured(case, chosen["turns"]) for case in chosen["cases"]])


if __name__ == "__main__":
    main()
