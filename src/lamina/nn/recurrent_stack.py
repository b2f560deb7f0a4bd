"""Recurrent layers on top of each other, and side by side in both directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.random import split
from lamina.core.shapes import Bool, Float
from lamina.nn.chain import extended, first_caches
from lamina.nn.dropout import Dropout
from lamina.nn.linear import Linear
from lamina.nn.recurrent import AbstractRecurrentLayer
from lamina.nn.sequence import AbstractSequenceLayer


class Bidirectional(AbstractSequenceLayer):
    """Two recurrent layers, one from each end: y_t = (forward_t, backward_t), or a weighted sum of both.

    Each output depends on the whole sequence, so the layer suits labels of texts and of words, not what comes
    next: it has no cache. Positions that are not ``present`` change no state, so that the layer from the end
    begins at the last one that is there. O(twice the layer).

    Args:
        make: builds a layer, given ``reverse`` and ``key``: ``functools.partial(LSTM, 3, 4)``.
        outputs: features of a weighted sum of both directions; None for both side by side.
        key: random key or seed.

    Shapes:
        (batch, time, inputs) → (batch, time, 2 · width) or (batch, time, outputs)

    Example:
        >>> import functools
        >>> from lamina.nn.recurrent import GRU
        >>> Bidirectional(functools.partial(GRU, 3, 4), key=0)(jnp.ones((2, 5, 3))).shape
        (2, 5, 8)

    References:
        Schuster, Paliwal. Bidirectional recurrent neural networks. IEEE Trans. Signal Processing 1997.
    """

    forward: AbstractRecurrentLayer
    backward: AbstractRecurrentLayer
    out_proj: Linear | None

    def __init__(self, make: Callable[..., AbstractRecurrentLayer], *, outputs: int | None = None, key: Any):
        keys = split(key, 3)
        self.forward, self.backward = make(reverse=False, key=keys[0]), make(reverse=True, key=keys[1])
        width = self.forward.width + self.backward.width
        self.out_proj = None if outputs is None else Linear(width, outputs, key=keys[2])

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t h"]:
        both = [layer(x, present=present) for layer in (self.forward, self.backward)]
        y = jnp.concatenate(both, axis=-1)
        return y if self.out_proj is None else self.out_proj(y)

    def init_cache(self, batch: int, length: int, dtype: Any) -> Any:
        """Refuse: what the layer from the end has seen changes with each new position."""
        raise self._refusal()

    def extend(self, x: Float[Array, "b t d"], cache: Any) -> tuple[Float[Array, "b t h"], Any]:
        """Refuse; see `init_cache`."""
        raise self._refusal()

    def _refusal(self) -> ConfigError:
        return ConfigError(
            "a layer that reads in both directions cannot go on position by position",
            where=self.path,
            expected="a layer that reads forward",
            fix="use RNN, LSTM or GRU by itself",
        )


class RecurrentStack(AbstractSequenceLayer):
    """Recurrent layers on top of each other, as PyTorch's ``num_layers``: y = layer_n(… layer_1(x)).

    Dropout stands between layers, not behind the last. Layers may be of any width that the next one takes,
    and bidirectional.

    Args:
        layers: from the inputs to the outputs, at least one.
        dropout: probability in [0, 1).

    Shapes:
        those of the first layer's input → those of the last layer's output

    Raises:
        ConfigError: there is no layer.

    Example:
        >>> from lamina.nn.recurrent import LSTM
        >>> stack = RecurrentStack([LSTM(3, 4, key=0), LSTM(4, 4, key=1)], dropout=0.1)
        >>> stack(jnp.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

    layers: list[AbstractSequenceLayer]
    dropout: Dropout

    def __init__(self, layers: Sequence[AbstractSequenceLayer], *, dropout: float = 0.0):
        if not layers:
            raise ConfigError("a stack of no layers", expected="at least one", received=0)
        self.layers, self.dropout = list(layers), Dropout(dropout)

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t h"]:
        first, *others = self.layers
        keys = [None] * len(others) if key is None else list(hashed_keys(key, len(others)))
        x = first(x, present=present, train=train)
        for layer, own in zip(others, keys, strict=True):
            x = layer(self.dropout(x, key=own, train=train), present=present, train=train)
        return x

    def init_cache(self, batch: int, length: int, dtype: Any) -> list[Any]:
        """Return the states of every layer before the first position."""
        return first_caches(self.layers, batch, length, dtype)

    def extend(self, x: Float[Array, "b t d"], cache: list[Any]) -> tuple[Float[Array, "b t h"], list[Any]]:
        """Return the outputs of the next positions and the states behind them."""
        return extended(self.layers, x, cache)
