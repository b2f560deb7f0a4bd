"""What a denoiser is told beside the noisy sample: the level of the noise, and the class."""

from __future__ import annotations

import functools
from typing import Any

from lamina.core.arrays import Array
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Float, Int
from lamina.nn.embedding import Embedding
from lamina.nn.initializers import truncated_normal
from lamina.nn.level import LevelEmbedding

LABEL_STD = 0.5


class Condition(Module):
    """A vector of the noise level, plus one of the class where there are classes.

    Args:
        labels: number of classes; 0 for none. The first vector is that of any class.
        width: features of the vector.
        key: random key or seed.

    Shapes:
        levels (batch,) in [0, 1] and labels (batch,), -1 for any → (batch, width)

    Example:
        >>> import jax.numpy as jnp
        >>> Condition(10, 8, key=0)(jnp.zeros(2), jnp.array([3, -1])).shape
        (2, 8)
    """

    level: LevelEmbedding
    label: Embedding | None

    def __init__(self, labels: int, width: int, *, key: Any):
        level_key, label_key = split(key, 2)
        self.level = LevelEmbedding(width, key=level_key)
        # As large as those of levels: with the usual .02 a network learns for long as if classes were none.
        drawn = functools.partial(truncated_normal, std=LABEL_STD)
        self.label = Embedding(labels + 1, width, initializer=drawn, key=label_key) if labels else None

    def __call__(
        self, level: Float[Array, " b"], label: Int[Array, " b"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b d"]:
        vector = self.level(level)
        return vector if self.label is None else vector + self.label(label + 1).astype(vector.dtype)
