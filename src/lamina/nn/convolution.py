"""Convolution layers: the same small weighted sum at every place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, ShapeError
from lamina.core.module import Module, static
from lamina.core.random import split, uniform
from lamina.core.shapes import Float
from lamina.nn.initializers import Initializer, fan_in_uniform
from lamina.nn.linear import aligned
from lamina.ops.convolution import convolution
from lamina.ops.upsampling import depth_to_space, transposed_convolution

Sizes = int | Sequence[int]
Edges = Literal["same"] | int | Sequence[int] | Sequence[tuple[int, int]]


def per_axis(value: Sizes, dimensions: int, *, name: str, least: int = 1) -> tuple[int, ...]:
    """Return one number an axis of space; a single number is meant for all.

    Args:
        value: one number, or one an axis.
        dimensions: how many axes of space there are.
        name: of the argument, for the error.
        least: smallest number allowed.

    Raises:
        ConfigError: there are more or fewer numbers than axes, or one is too small.

    Example:
        >>> per_axis(3, 2, name="kernel_size")
        (3, 3)
    """
    sizes = (value,) * dimensions if isinstance(value, int) else tuple(value)
    if len(sizes) != dimensions or any(not isinstance(s, int) or s < least for s in sizes):
        expected = f"one number >= {least}, or {dimensions} of them"
        raise ConfigError(f"{name} does not fit", expected=expected, received=value)
    return sizes


def edges(padding: Edges, kernel: Sequence[int], dilation: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return the padding before and after each axis.

    ``"same"`` adds as much as the kernel reaches, d·(k-1), half before and half after (the odd
    one after): with stride 1 the size stays, with stride s it becomes ⌈size / s⌉.

    Example:
        >>> edges("same", (3, 2), (1, 1)), edges(1, (3, 2), (1, 1))
        (((1, 1), (0, 1)), ((1, 1), (1, 1)))
    """
    if padding == "same":
        reach = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((r // 2, r - r // 2) for r in reach)
    if isinstance(padding, str):
        raise ConfigError("padding is unknown", expected="'same', a number or pairs", received=padding)
    each = [padding] * len(kernel) if isinstance(padding, int) else list(padding)
    pairs = tuple((p, p) if isinstance(p, int) else tuple(p) for p in each)
    if len(pairs) != len(kernel) or any(len(p) != 2 or min(p) < 0 for p in pairs):
        expected = f"'same', a number >= 0, or {len(kernel)} numbers or pairs of them"
        raise ConfigError("padding does not fit", expected=expected, received=padding)
    return tuple((p[0], p[1]) for p in pairs)


class _AbstractConv(Module):
    """What convolutions share: sizes, checked once, and the weights."""

    weight: Float[Array, "*w"]
    bias: Float[Array, " o"] | None
    inputs: int = static()
    outputs: int = static()
    stride: tuple[int, ...] = static()
    padding: tuple[tuple[int, int], ...] = static()
    dilation: tuple[int, ...] = static()
    groups: int = static()

    def _check(self, x: Array) -> None:
        rank = len(self.stride) + 2
        if x.ndim != rank or x.shape[-1] != self.inputs:
            raise ShapeError(
                "wrong shape",
                where=self.path,
                expected=f"{rank} axes, the last {self.inputs} long",
                received=tuple(x.shape),
            )

    def _shifted(self, y: Array) -> Array:
        return y if self.bias is None else y + aligned(self.bias, y)


def _check_groups(inputs: int, outputs: int, groups: int) -> None:
    if groups < 1 or inputs % groups or outputs % groups:
        expected = f"a divisor of {inputs} inputs and of {outputs} outputs"
        raise ConfigError("groups is out of range", expected=expected, received=groups)


class Conv(_AbstractConv):
    """Slide a weighted sum over space.

    y[p, o] = Σ_k Σ_i x[p·stride + k·dilation - padding, i] · W[o, i, k] + b[o]

    The layer of images (two axes of space), sound and series (one) and volumes (three).
    O(batch · positions · outputs · inputs / groups · kernel).

    Args:
        inputs: channels that come, a multiple of ``groups``.
        outputs: channels that leave, a multiple of ``groups``.
        kernel_size: length of the kernel, one number, or one an axis.
        dimensions: axes of space, 1 to 3.
        stride: steps between outputs; 2 halves the image.
        padding: zeros around: a number, one number or pair (before, after) an axis, or ``"same"``:
            as much as keeps the size under stride 1 and gives ⌈size / stride⌉ otherwise.
        dilation: steps between the taps of the kernel; more sees farther at no cost.
        groups: channels are cut into so many parts that do not see each other; with
            ``groups=inputs`` the convolution is depthwise.
        bias: add b; leave it out before a normalization, which removes it anyway.
        initializer: how W begins; biases begin as in PyTorch, U(±1/√fan_in).
        key: random key or seed.

    Shapes:
        (batch, *space, inputs) → (batch, *out, outputs) with
        out = ⌊(size + padding - dilation·(kernel - 1) - 1) / stride⌋ + 1;
        ``weight`` (outputs, inputs / groups, *kernel), ``bias`` (outputs,)

    Raises:
        ConfigError: a number is out of range.
        ShapeError: the axes are not as announced.

    Example:
        >>> import jax.numpy as jnp
        >>> layer = Conv(3, 8, kernel_size=3, stride=2, key=0)
        >>> layer(jnp.ones((5, 32, 32, 3))).shape, layer.weight.shape
        ((5, 16, 16, 8), (8, 3, 3, 3))

    References:
        LeCun et al. Backpropagation applied to handwritten zip code recognition. 1989.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel_size: Sizes = 3,
        dimensions: int = 2,
        stride: Sizes = 1,
        padding: Edges = "same",
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        initializer: Initializer = fan_in_uniform,
        key: Any,
    ):
        _check_groups(inputs, outputs, groups)
        kernel = per_axis(kernel_size, dimensions, name="kernel_size")
        self.stride = per_axis(stride, dimensions, name="stride")
        self.dilation = per_axis(dilation, dimensions, name="dilation")
        self.padding = edges(padding, kernel, self.dilation)
        self.inputs, self.outputs, self.groups = inputs, outputs, groups
        weight_key, bias_key = split(key, 2)
        self.weight = initializer(weight_key, (outputs, inputs // groups, *kernel))
        bound = 1.0 / math.sqrt(inputs // groups * math.prod(kernel))
        self.bias = uniform(bias_key, (outputs,), low=-bound, high=bound) if bias else None

    def __call__(
        self, x: Float[Array, "b *space i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b *out o"]:
        self._check(x)
        y = convolution(
            x,
            self.weight.astype(x.dtype),
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )
        return self._shifted(y)


class ConvTranspose(_AbstractConv):
    """Spread a kernel from every place: the gradient of a convolution, used forward.

    y[p·stride + k·dilation - padding, o] += x[p, i] · W[i, o, k], then + b[o]

    Upsampling in decoders and generators. Made of one ordinary convolution in sub-pixel
    form, so it is as fast as one. O(batch · positions · inputs · outputs / groups · kernel).

    Args:
        inputs: channels that come, a multiple of ``groups``.
        outputs: channels that leave, a multiple of ``groups``.
        kernel_size: length of the kernel, one number, or one an axis; a multiple of the stride
            avoids checkered patterns.
        dimensions: axes of space, 1 to 3.
        stride: how many times finer the output is.
        padding: what is cut off the output on both sides: a number, or one number or pair an axis.
        output_padding: what is added after; less than the stride.
        dilation: steps between the taps of the kernel.
        groups: channels are cut into so many parts that do not see each other.
        bias: add b.
        initializer: how W begins; biases begin as in PyTorch.
        key: random key or seed.

    Shapes:
        (batch, *space, inputs) → (batch, *out, outputs) with
        out = (size - 1)·stride - 2·padding + dilation·(kernel - 1) + output_padding + 1;
        ``weight`` (inputs, outputs / groups, *kernel), ``bias`` (outputs,)

    Raises:
        ConfigError: a number is out of range.
        ShapeError: the axes are not as announced.

    Example:
        >>> import jax.numpy as jnp
        >>> layer = ConvTranspose(8, 3, kernel_size=2, stride=2, key=0)
        >>> layer(jnp.ones((5, 16, 16, 8))).shape, layer.weight.shape
        ((5, 32, 32, 3), (8, 3, 2, 2))

    References:
        Zeiler et al. Deconvolutional networks. CVPR 2010.
        Shi et al. Is the deconvolution layer the same as a convolutional layer? 2016.
    """

    output_padding: tuple[int, ...] = static()

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel_size: Sizes = 2,
        dimensions: int = 2,
        stride: Sizes = 2,
        padding: int | Sequence[int] | Sequence[tuple[int, int]] = 0,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        initializer: Initializer = fan_in_uniform,
        key: Any,
    ):
        _check_groups(inputs, outputs, groups)
        kernel = per_axis(kernel_size, dimensions, name="kernel_size")
        self.stride = per_axis(stride, dimensions, name="stride")
        self.dilation = per_axis(dilation, dimensions, name="dilation")
        self.padding = edges(padding, kernel, self.dilation)
        self.output_padding = per_axis(output_padding, dimensions, name="output_padding", least=0)
        self.inputs, self.outputs, self.groups = inputs, outputs, groups
        weight_key, bias_key = split(key, 2)
        self.weight = initializer(weight_key, (inputs, outputs // groups, *kernel))
        bound = 1.0 / math.sqrt(outputs // groups * math.prod(kernel))
        self.bias = uniform(bias_key, (outputs,), low=-bound, high=bound) if bias else None

    def __call__(
        self, x: Float[Array, "b *space i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b *out o"]:
        self._check(x)
        y = transposed_convolution(
            x,
            self.weight.astype(x.dtype),
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
            groups=self.groups,
        )
        return self._shifted(y)


class SubpixelConv(Module):
    """Make space finer: a convolution whose channels are spread over small blocks of places.

    y[p·f + r, o] = (x * W)[p, o·f² + r]. Superresolution and decoders; no checkered patterns from
    overlapping kernels. O(batch · positions · inputs · outputs · f² · kernel).

    Args:
        inputs: channels that come.
        outputs: channels that leave.
        factor: how many times finer each axis becomes, ≥ 1.
        kernel_size: length of the kernel, one number, or one an axis.
        dimensions: axes of space, 1 to 3.
        bias: add b.
        initializer: how W begins.
        key: random key or seed.

    Shapes:
        (batch, *space, inputs) → (batch, *space·factor, outputs)

    Example:
        >>> import jax.numpy as jnp
        >>> SubpixelConv(8, 3, factor=2, key=0)(jnp.ones((5, 16, 16, 8))).shape
        (5, 32, 32, 3)

    References:
        Shi et al. Real-time single image and video super-resolution using an efficient sub-pixel
        convolutional neural network. CVPR 2016.
    """

    conv: Conv
    factors: tuple[int, ...] = static()

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        factor: Sizes = 2,
        kernel_size: Sizes = 3,
        dimensions: int = 2,
        bias: bool = True,
        initializer: Initializer = fan_in_uniform,
        key: Any,
    ):
        self.factors = per_axis(factor, dimensions, name="factor")
        self.conv = Conv(
            inputs,
            outputs * math.prod(self.factors),
            kernel_size=kernel_size,
            dimensions=dimensions,
            bias=bias,
            initializer=initializer,
            key=key,
        )

    def __call__(
        self, x: Float[Array, "b *space i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b *out o"]:
        return depth_to_space(self.conv(x), self.factors)
