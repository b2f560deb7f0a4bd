"""Which implementation computes an operation: a native kernel of `lamina.ops.native`, or XLA.

`TABLE` holds, for every kernel, what it computes, when it is used, and where its thresholds were measured;
``print(TABLE)`` shows it. Kernels exist for the CPU only. An operation asks `suits` with its operands and
sizes, and computes the same by XLA where the answer is no.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from lamina.core.arrays import Array
from lamina.ops.native import library


@dataclasses.dataclass(frozen=True)
class Limit:
    """Smallest and largest size for which a kernel is used, both included.

    Args:
        at_least: the smallest.
        at_most: the largest; None for no limit.

    Example:
        >>> 3 in Limit(1, 4), 5 in Limit(1, 4), str(Limit(1, 4)), str(Limit(1000))
        (True, False, '1 to 4', '≥ 1,000')
    """

    at_least: int = 0
    at_most: int | None = None

    def __contains__(self, size: int) -> bool:
        return self.at_least <= size and (self.at_most is None or size <= self.at_most)

    def __str__(self) -> str:
        if self.at_most is None:
            return f"≥ {self.at_least:,}"
        return f"{self.at_least:,} to {self.at_most:,}" if self.at_least else f"≤ {self.at_most:,}"


@dataclasses.dataclass(frozen=True)
class Kernel:
    """When a native kernel is used instead of XLA.

    Args:
        computes: what it computes.
        source: file of `lamina.ops.native` that holds it, without its ending.
        limits: sizes between which it is used, by name.
        requires: what else the operands must be, in words; the operation itself checks it.
        dtypes: names of the types of numbers that it may be used for.
        log: date and heading of the entries in docs/log.md that measured the limits.
        decision: number of the decisions in docs/decisions that chose them.
    """

    computes: str
    source: str
    limits: Mapping[str, Limit]
    log: str
    decision: str
    requires: str = ""
    dtypes: tuple[str, ...] = ("float32",)

    @property
    def condition(self) -> str:
        """When it is used, in words."""
        sizes = [f"{name.replace('_', ' ')} {limit}" for name, limit in self.limits.items()]
        return ", ".join(["CPU", " or ".join(self.dtypes), *filter(None, [self.requires]), *sizes])

    def accepts(self, *dtypes: Any, **sizes: int) -> bool:
        """Return whether types and sizes are within the limits.

        Args:
            *dtypes: of the operands that must have the kernel's type.
            **sizes: one for each of the limits.
        """
        if sizes.keys() != self.limits.keys():
            raise TypeError(f"sizes {sorted(sizes)} for the limits {sorted(self.limits)}")
        is_known = all(np.dtype(dtype).name in self.dtypes for dtype in dtypes)
        return is_known and all(size in self.limits[name] for name, size in sizes.items())


class Table(dict[str, Kernel]):
    """Kernels by name, printed with their conditions and measurements."""

    def __str__(self) -> str:
        lines = []
        for name, kernel in self.items():
            lines += [f"{name}: {kernel.computes}", f"  when      {kernel.condition}"]
            lines += [f"  measured  docs/log.md, {kernel.log}; decision {kernel.decision}"]
        return "\n".join(lines)


# Sizes are those of all members of a population together where a member's shape is not meant by name.
TABLE = Table(
    attention=Kernel(
        "self-attention of all heads in one call, softmax(Q·Kᵀ/√k)·V, and its gradient",
        source="attention",
        # multiplications of the scores; the scores of one head stay in the second-level cache
        limits={"multiplications": Limit(1 << 20), "positions": Limit(at_most=512)},
        log='2026-11-26 "Transformers on a CPU"',
        decision="0018",
    ),
    cached_attention=Kernel(
        "attention of the next positions to a cache, of which only what is written is read",
        source="cached_attention",
        limits={
            "multiplications": Limit(1 << 16)
        },  # of all positions of the cache; below, it need not be loaded
        requires="causal, all positions there",
        log='2026-11-30 "Writing with a cache"',
        decision="0036",
    ),
    causal_attention=Kernel(
        "attention of any length by blocks: causal, windows, padding, shared heads of keys; and its gradient",
        source="causal_attention",
        limits={"multiplications": Limit(1 << 20)},  # of the scores; below, the kernel need not be loaded
        log='2026-11-30 "Attention of any length"',
        decision="0031",
    ),
    convolution=Kernel(
        "convolution over one or two axes, tap by tap, and both gradients",
        source="convolution",
        # With more groups each has too few channels for a call of its own.
        limits={"groups": Limit(at_most=8)},
        dtypes=("float32", "bfloat16"),
        log='2026-11-25 "Convolution kernels in C++ through XLA\'s foreign function interface"',
        decision="0011",
    ),
    rounded_convolution=Kernel(
        "convolution over two axes of operands rounded to bfloat16 with float32 sums, and both gradients",
        source="rounded_convolution",
        # Fewer channels leave tiles of 32 of them mostly empty.
        limits={"channels": Limit(24), "multiplications": Limit(1 << 20)},
        requires="AMX or AVX512-BF16, stride 1, no dilation, mixed precision",
        log='2026-11-30 "A step of the U-Net for diffusion"',
        decision="0037",
    ),
    winograd=Kernel(
        "the same in a quarter of the multiplications by Winograd's F(4×4, 3×3)",
        source="winograd",
        # Below, transforming inputs and outputs (channels, weights of a tap) or weights (tiles) costs what
        # is saved. With 6 positions a tile of 36 multiplications, a third of the 9 a position is saved.
        limits={
            "channels": Limit(16),
            "weights_of_a_tap": Limit(512),
            "tiles": Limit(16),
            "positions_a_tile": Limit(6),
        },
        requires="3×3 taps, stride 1, no dilation",
        log='2026-11-26 "Winograd\'s tiles for convolutions of 3 x 3 taps"',
        decision="0015",
    ),
    depthwise=Kernel(
        "convolution of every channel by itself and its weight gradient; else a sum of shifted copies",
        source="depthwise",
        limits={"channels": Limit(16)},  # lanes of the widest vector: the kernel takes at least one vector
        requires="stride 1, no dilation, one output a channel",
        log='2026-11-25 "Depthwise convolution in C++"',
        decision="0011",
    ),
    population_product=Kernel(
        "matrix products of two or more members, or dense layers with bias, relu and gradients",
        source="dense",
        limits={"multiplications": Limit(1 << 20), "rows": Limit(8), "summed": Limit(at_most=2048)},
        requires="members ≥ 2",
        log='2026-11-25 "Dense products in C++", 2026-11-26 "Layers in one pass, and the rows with them"',
        decision="0013, 0016",
    ),
    single_product=Kernel(
        "the same of one network",
        source="dense",
        # From 2²²: a smaller network need not load, and at first compile, the kernel.
        limits={"multiplications": Limit(1 << 22, 1 << 34), "rows": Limit(8), "summed": Limit(at_most=2048)},
        log='2026-11-26 "Products cut finer", 2026-11-26 "Transformers on a CPU"',
        decision="0013, 0018",
    ),
    few_rows=Kernel(
        "x·Wᵀ of one network, bias and relu with it, for so few rows that reading W is what takes time",
        source="dense",
        # Below, the kernel need not be loaded; above, the panels of `single_product` are read as often.
        limits={"multiplications": Limit(1 << 16), "rows": Limit(1, 16)},
        log='2026-11-30 "Writing with a cache"',
        decision="0036",
    ),
    single_weight_gradient=Kernel(
        "the same with the left matrix transposed, as in weight gradients, long sums 256 rows at a time",
        source="dense",
        limits={"multiplications": Limit(1 << 22, 1 << 34), "rows": Limit(8)},
        log='2026-11-26 "Layers in one pass, and the rows with them", 2026-11-30 "Long weight gradients"',
        decision="0016, 0033",
    ),
    rounded_product=Kernel(
        "products of operands rounded to bfloat16 with float32 sums, or dense layers and their gradients",
        source="rounded_dense",
        # Fewer multiplications or rows are not worth packing the other side.
        limits={"multiplications": Limit(1 << 20, 1 << 36), "rows": Limit(32), "columns": Limit(16)},
        requires="AMX or AVX512-BF16, one network, mixed precision",
        log='2026-11-30 "Products of rounded operands by AMX"',
        decision="0037",
    ),
    cross_entropy=Kernel(
        "cross-entropy of softmax with its gradient",
        source="cross_entropy",
        # Fewer numbers need not load the kernel; its buffer holds 64 classes of a vector of rows.
        limits={"numbers": Limit(1 << 14), "classes": Limit(at_most=64)},
        requires="int32 labels",
        log='2026-11-26 "Losses, updates and short panels of populations"',
        decision="0019",
    ),
    edges=Kernel(
        "sums, maxima and softmax over the edges of each node, rows gathered for edges, and their gradients",
        source="edges",
        limits={"numbers": Limit(1 << 16)},  # of all edges; below, the kernels need not be loaded
        log='2026-11-30 "Sums over edges by kernels"',
        decision="0011",
    ),
    embedding_bag=Kernel(
        "weighted sums of vectors that ids name, and the gradient of the vectors",
        source="embedding_bag",
        limits={"numbers": Limit(1 << 16)},  # gathered; below, the kernels need not be loaded
        log='2026-11-29 "Weighted bags of embeddings by a kernel"',
        decision="0026",
    ),
    gelu=Kernel(
        "x·Φ(x) with its derivative",
        source="gelu",
        limits={"numbers": Limit(1 << 16)},  # below, the kernel need not be loaded
        log='2026-11-26 "GELU and its slope by a kernel"',
        decision="0017",
    ),
    group_norm=Kernel(
        "group normalization with gains and shifts of each image, silu behind it, and its gradients",
        source="group_norm",
        limits={"numbers": Limit(1 << 16)},  # below, the kernels need not be loaded
        log='2026-11-30 "A step of the U-Net for diffusion"',
        decision="0018",
    ),
    layer_norm=Kernel(
        "layer normalization and its gradients",
        source="layer_norm",
        limits={"numbers": Limit(1 << 16)},  # below, the kernels need not be loaded
        log='2026-11-26 "Transformers on a CPU"',
        decision="0018",
    ),
    recurrence=Kernel(
        "all steps of an RNN, an LSTM or a GRU, and their gradients",
        source="recurrence",
        # Below, the kernels need not be loaded; above, every thread reads all weights a step from memory.
        limits={"multiplications": Limit(1 << 22), "width": Limit(at_most=1024)},
        log='2026-11-30 "Recurrent layers by kernels"',
        decision="0033",
    ),
    selective_scan=Kernel(
        "the selective scan of state-space models and its gradient",
        source="selective_scan",
        # below, the kernels need not be loaded; the vectors of a state lie on the stack
        limits={"numbers": Limit(1 << 16), "state": Limit(at_most=128)},
        log='2026-11-30 "Selective scans by a kernel"',
        decision="0011",
    ),
    update=Kernel(
        "Adam's update of all arrays in one call, and whether all gradients are finite",
        source="update",
        limits={},  # any size: what XLA compiles for each array takes longer than the step
        log='2026-11-26 "What a small network takes to compile"',
        decision="0014, 0021",
    ),
)


def suits(name: str, *operands: Any, **sizes: int) -> bool:
    """Return whether a native kernel computes an operation here, rather than XLA.

    The kernel's library is compiled and loaded only where types and sizes suit it.

    Args:
        name: of the kernel in `TABLE`.
        *operands: arrays, or their shapes and types, that must have the kernel's type of numbers.
        **sizes: one for each of the kernel's limits.

    Example:
        >>> suits("gelu", np.zeros(3, np.float32), numbers=3)
        False
    """
    kernel = TABLE[name]
    dtypes = [operand.dtype for operand in operands] or [np.float32]
    return kernel.accepts(*dtypes, **sizes) and library.has_kernels(kernel.source, dtypes[0])


def by_members(
    native: Callable[..., Any], plain: Callable[..., Any], suits: Callable[..., bool]
) -> Callable[..., Any]:
    """Return a function that is computed by kernel or XLA as its size suits, all members in one call.

    Args:
        native: by the kernel.
        plain: the same by XLA.
        suits: given how many members, and shapes and types of one's operands, whether the kernel is faster.
    """

    @jax.custom_batching.custom_vmap
    def single(*operands: Any) -> Any:
        return (native if suits(1, *operands) else plain)(*operands)

    @single.def_vmap
    def many(members: int, is_mapped: list[Any], *operands: Any) -> tuple[Any, Any]:
        axes = tuple(jax.tree.map(lambda mapped: 0 if mapped else None, is_mapped))
        chosen = native if suits(members, *jax.tree.map(_of_one, list(operands), is_mapped)) else plain
        found = jax.vmap(chosen, in_axes=axes)(*operands)
        return found, jax.tree.map(lambda _: True, found)

    return single


def _of_one(array: Any, is_mapped: bool) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape[1:] if is_mapped else array.shape, array.dtype)


def differentiable(native: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``native``, which XLA cannot differentiate, with the gradients of ``plain``.

    Args:
        native: by the kernel; a gradient, say, of which further derivatives are rare.
        plain: the same by XLA.
    """

    @jax.custom_vjp
    def found(*operands: Array) -> Any:
        return native(*operands)

    def forward(*operands: Array) -> tuple[Any, tuple[Array, ...]]:
        return native(*operands), operands

    found.defvjp(forward, lambda operands, change: jax.vjp(plain, *operands)[1](change))
    return found
