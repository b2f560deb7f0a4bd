"""Residual networks: every block adds a correction to what came."""

from __future__ import annotations

from typing import Any, Literal

from jax import lax

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.images import ImageFeatures
from lamina.models.registry import register
from lamina.nn.activation import relu
from lamina.nn.convolution import Conv
from lamina.nn.initializers import he_normal
from lamina.nn.linear import Linear
from lamina.nn.normalization import BatchNorm
from lamina.nn.pooling import GlobalAveragePool, MaxPool
from lamina.nn.stack import Sequential, Stack

_DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def _conv(inputs: int, outputs: int, kernel_size: int, *, stride: int = 1, key: Any) -> Conv:
    """A convolution before a normalization: no bias."""
    return Conv(
        inputs, outputs, kernel_size=kernel_size, stride=stride, bias=False, initializer=he_normal, key=key
    )


class PaddedShortcut(Module):
    """Every second place, and zeros for the channels that are not there yet ("option A": no weights)."""

    outputs: int = static()
    stride: int = static()

    def __init__(self, outputs: int, *, stride: int):
        self.outputs, self.stride = outputs, stride

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u o"]:
        extra = self.outputs - x.shape[-1]
        return lax.pad(
            x[:, :: self.stride, :: self.stride],
            lax.full((), 0, x.dtype),
            ((0, 0, 0),) * 3 + ((extra // 2, extra - extra // 2, 0),),
        )


class BasicBlock(Module):
    """relu(shortcut(x) + norm(conv(relu(norm(conv(x)))))), both kernels 3 x 3.

    Shapes:
        (batch, y, x, inputs) → (batch, ⌈y/stride⌉, ⌈x/stride⌉, outputs)
    """

    conv1: Conv
    bn1: BatchNorm
    conv2: Conv
    bn2: BatchNorm
    downsample: Module | None

    def __init__(self, inputs: int, outputs: int, *, stride: int, downsample: Module | None, key: Any):
        keys = split(key, 2)
        self.conv1, self.bn1 = _conv(inputs, outputs, 3, stride=stride, key=keys[0]), BatchNorm(outputs)
        self.conv2, self.bn2 = _conv(outputs, outputs, 3, key=keys[1]), BatchNorm(outputs)
        self.downsample = downsample

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u o"]:
        y = relu(self.bn1(self.conv1(x), train=train))
        y = self.bn2(self.conv2(y), train=train)
        return relu(y + (x if self.downsample is None else self.downsample(x, train=train)))


class Bottleneck(Module):
    """The same with 1 x 1, 3 x 3 and 1 x 1 kernels, a quarter of the channels between them.

    The stride is that of the 3 x 3 kernel, as in torchvision (the paper's is that of the first).

    Shapes:
        (batch, y, x, inputs) → (batch, ⌈y/stride⌉, ⌈x/stride⌉, outputs)
    """

    conv1: Conv
    bn1: BatchNorm
    conv2: Conv
    bn2: BatchNorm
    conv3: Conv
    bn3: BatchNorm
    downsample: Module | None

    def __init__(self, inputs: int, outputs: int, *, stride: int, downsample: Module | None, key: Any):
        keys, narrow = split(key, 3), outputs // 4
        self.conv1, self.bn1 = _conv(inputs, narrow, 1, key=keys[0]), BatchNorm(narrow)
        self.conv2, self.bn2 = _conv(narrow, narrow, 3, stride=stride, key=keys[1]), BatchNorm(narrow)
        self.conv3, self.bn3 = _conv(narrow, outputs, 1, key=keys[2]), BatchNorm(outputs)
        self.downsample = downsample

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u o"]:
        y = relu(self.bn1(self.conv1(x), train=train))
        y = relu(self.bn2(self.conv2(y), train=train))
        y = self.bn3(self.conv3(y), train=train)
        return relu(y + (x if self.downsample is None else self.downsample(x, train=train)))


class Stage(Module):
    """Blocks of one resolution: the first changes the size, the equal ones after it are stacked."""

    first: Module
    rest: Stack

    def __init__(
        self, inputs: int, outputs: int, *, depth: int, stride: int, small: bool, block: Any, key: Any
    ):
        first_key, shortcut_key, rest_key = split(key, 3)
        shortcut: Module | None = None
        if small and (stride, inputs) != (1, outputs):
            shortcut = PaddedShortcut(outputs, stride=stride)
        elif (stride, inputs) != (1, outputs):
            project = _conv(inputs, outputs, 1, stride=stride, key=shortcut_key)
            shortcut = Sequential([project, BatchNorm(outputs)])
        self.first = block(inputs, outputs, stride=stride, downsample=shortcut, key=first_key)
        self.rest = Stack(
            lambda k: block(outputs, outputs, stride=1, downsample=None, key=k),
            depth=depth - 1,
            unroll=True,  # XLA on CPU runs a convolution inside a loop ten times slower
            key=rest_key,
        )

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u o"]:
        return self.rest(self.first(x, train=train), train=train)


class ResNet(Module):
    """A first convolution, stages of residual blocks, the average over space, a weighted sum.

    Args:
        features: standardizes the images.
        outputs: numbers that leave.
        depths: blocks of each stage; every stage after the first halves the image.
        width: channels of the first stage; every further stage doubles them.
        block: `BasicBlock` or `Bottleneck`, which leaves four times as many channels.
        large: begin with a 7 x 7 kernel and a pooling that make the image four times smaller.
        padded: shortcuts without weights where the size changes.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs)
    """

    features: ImageFeatures
    conv1: Conv
    bn1: BatchNorm
    pool: MaxPool | None
    stages: list[Stage]
    fc: Linear

    def __init__(
        self,
        features: ImageFeatures,
        outputs: int,
        *,
        depths: tuple[int, ...],
        width: int,
        block: type[BasicBlock] | type[Bottleneck],
        large: bool,
        padded: bool,
        key: Any,
    ):
        stem_key, head_key, *keys = split(key, 2 + len(depths))
        self.features = features
        kernel, stride = (7, 2) if large else (3, 1)
        self.conv1 = _conv(features.channels, width, kernel, stride=stride, key=stem_key)
        self.bn1 = BatchNorm(width)
        self.pool = MaxPool(3, stride=2, padding=1) if large else None
        grow = 4 if block is Bottleneck else 1
        widths = [width, *(grow * width * 2**i for i in range(len(depths)))]
        self.stages = [
            Stage(i, o, depth=d, stride=1 if k is keys[0] else 2, small=padded, block=block, key=k)
            for i, o, d, k in zip(widths, widths[1:], depths, keys, strict=False)
        ]
        self.fc = Linear(widths[-1], outputs, key=head_key)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        x = relu(self.bn1(self.conv1(self.features(x)), train=train))
        x = x if self.pool is None else self.pool(x)
        for index, stage in enumerate(self.stages):
            x = self.tap(f"stages.{index}", stage(x, train=train))
        return self.fc(self.tap(FEATURES, GlobalAveragePool()(x)))


@register(
    "resnet", size=18, dial="layers: 18, 34, 50, 101, 152, or 6n + 2 (20, 32, 44, 56, 110) for tiny images",
    takes=(ImageInputs,),
    reference="He, Zhang, Ren, Sun. Deep residual learning for image recognition. CVPR 2016",
    defaults={"lr": 1e-3},
)  # fmt: skip
def resnet(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    stem: Literal["auto", "small", "large"] = "auto",
    key: Any,
) -> Module:
    """Residual network: the standard for images of any size.

    The stem is small (one 3 x 3 kernel) for images below 96 pixels and large (7 x 7 with
    stride 2, then pooling) above. Depths 6n + 2 are the paper's for CIFAR: three stages of
    n blocks, 16 to 64 channels, shortcuts without weights.
    """
    features = ImageFeatures(inputs)
    if stem not in ("auto", "small", "large"):
        raise ConfigError("stem is unknown", expected="auto, small or large", received=stem)
    if size not in _DEPTHS and (size < 8 or size % 6 != 2):
        expected = "18, 34, 50, 101, 152, or 6n + 2"
        raise ConfigError("size of 'resnet' is not a depth of the paper", expected=expected, received=size)
    tiny = size not in _DEPTHS
    return ResNet(
        features,
        outputs,
        depths=((size - 2) // 6,) * 3 if tiny else _DEPTHS[size],
        width=16 if tiny else 64,
        block=Bottleneck if size in (50, 101, 152) else BasicBlock,
        large=stem == "large" or (stem == "auto" and features.side >= 96),
        padded=tiny,
        key=key,
    )
