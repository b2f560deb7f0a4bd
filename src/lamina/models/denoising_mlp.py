"""Residual network that takes the noise out of rows."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import RowSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float, Int
from lamina.core.taps import FEATURES
from lamina.core.wanted import DENOISED
from lamina.models.condition import Condition
from lamina.models.registry import register
from lamina.nn.activation import silu
from lamina.nn.adaptive import AdaptiveNorm, without_bias
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import he_normal, zeros
from lamina.nn.linear import Linear
from lamina.nn.numeric import PeriodicEmbedding

WAVE_WIDTH, WAVE_STD = 16, 0.5  # features of a number, and standard deviation of its first frequencies


class ConditionalResidual(Module):
    """x + W₂ · silu(W₁ · norm(x; c)): W₂ begins at zero.

    Shapes:
        (batch, width) and a condition (batch, condition) → (batch, width)
    """

    norm: AdaptiveNorm
    first: Linear
    second: Linear
    dropout: Dropout

    def __init__(self, width: int, condition: int, *, dropout: float, key: Any):
        keys = split(key, 3)
        self.norm = AdaptiveNorm(width, condition, key=keys[0])
        self.first = Linear(width, 2 * width, initializer=he_normal, key=keys[1])
        self.second = without_bias(Linear(2 * width, width, initializer=zeros, key=keys[2]))
        self.dropout = Dropout(dropout)

    def __call__(
        self, x: Float[Array, "b d"], condition: Float[Array, "b c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b d"]:
        hidden = silu(self.first(self.norm(x, condition)))
        return x + self.second(self.dropout(hidden, key=key, train=train))


class DenoisingMLP(Module):
    """A weighted sum, residual blocks told the noise level and the class, and a weighted sum back.

    Numbers are seen as sines and cosines of learned frequencies beside what they are: a network of weighted
    sums alone learns slowly what changes within a fraction of the range, such as a border between two modes.

    Args:
        inputs: features of a row and number of classes.
        width: features of the hidden layers.
        depth: residual blocks, >= 0.
        dropout: probability in [0, 1) inside each block.
        key: random key or seed.

    Shapes:
        (batch, features), levels (batch,), labels (batch,) → the same as the first. O(batch · depth · width²)

    References:
        Kotelnikov et al. TabDDPM: modelling tabular data with diffusion models. ICML 2023. Tancik et al.
        Fourier features let networks learn high frequency functions in low dimensional domains. NeurIPS 2020.
    """

    condition: Condition
    waves: PeriodicEmbedding | None
    stem: Linear
    blocks: list[ConditionalResidual]
    norm: AdaptiveNorm
    head: Linear
    numbers: tuple[int, ...] = static()

    def __init__(self, inputs: RowSampleInputs, *, width: int, depth: int, dropout: float, key: Any):
        (features,), keys = inputs.shape, split(key, 4)
        self.condition = Condition(inputs.labels, width, key=keys[0])
        stem_key, wave_key = split(keys[1], 2)
        starts = np.cumsum((0, *inputs.groups))[:-1]
        self.numbers = tuple(int(at) for at, size in zip(starts, inputs.groups, strict=True) if size == 1)
        self.waves = None
        if self.numbers:
            self.waves = PeriodicEmbedding(len(self.numbers), WAVE_WIDTH, std=WAVE_STD, key=wave_key)
        self.stem = Linear(features + len(self.numbers) * WAVE_WIDTH, width, key=stem_key)
        self.blocks = [
            ConditionalResidual(width, width, dropout=dropout, key=k) for k in split(keys[2], depth)
        ]
        norm_key, head_key = split(keys[3], 2)
        self.norm = AdaptiveNorm(width, width, key=norm_key)
        self.head = without_bias(Linear(width, features, initializer=zeros, key=head_key))

    def __call__(
        self,
        x: Float[Array, "b d"],
        level: Float[Array, " b"],
        label: Int[Array, " b"],
        *,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b d"]:
        told, x = self.condition(level, label).astype(x.dtype), self.stem(self._seen(x))
        keys = [None] * len(self.blocks) if key is None else list(hashed_keys(key, len(self.blocks)))
        for block, own_key in zip(self.blocks, keys, strict=True):
            x = block(x, told, key=own_key, train=train)
        self.tap(FEATURES, x)
        return self.head(self.norm(x, told))

    def _seen(self, x: Float[Array, "b d"]) -> Float[Array, "b e"]:
        """Return the features, and behind them what the waves make of the numbers."""
        if self.waves is None:
            return x
        waves = self.waves(x[:, np.array(self.numbers)])
        return jnp.concatenate([x, waves.reshape(len(x), -1)], axis=1)


@register(
    "denoising-mlp", size=256, dial="features of the hidden layers", takes=(RowSampleInputs,),
    reference="Kotelnikov et al. TabDDPM: modelling tabular data with diffusion models. ICML 2023",
    gives=(DENOISED,), defaults={"lr": 1e-3},
)  # fmt: skip
def denoising_mlp(
    inputs: Any, outputs: int, *, size: int, depth: int = 4, dropout: float = 0.0, key: Any
) -> Module:
    """Residual network for diffusion and flows of rows."""
    return DenoisingMLP(inputs, width=size, depth=depth, dropout=dropout, key=key)
