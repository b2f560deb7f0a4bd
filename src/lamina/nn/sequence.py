"""What every layer over a sequence offers: all positions at once, or the next ones with a cache."""

from __future__ import annotations

import abc
from typing import Any

from lamina.core.arrays import Array
from lamina.core.module import Module
from lamina.core.shapes import Bool, Float


class AbstractSequenceLayer(Module):
    """A layer over the positions of a sequence: recurrence, causal attention, a state space.

    `extend` over pieces of a sequence gives what one call over the whole of it gives, so that a network which
    writes computes each position once. Layers that look at later positions too have no cache.
    """

    @abc.abstractmethod
    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        """Return one vector a position.

        Args:
            x: one vector a position.
            present: which positions are there; what stands behind the end of a sequence is not.
            key: random key, where something is drawn.
            train: training mode.
        """

    @abc.abstractmethod
    def init_cache(self, batch: int, length: int, dtype: Any) -> Any:
        """Return the state before the first position, a tree of arrays.

        Args:
            batch: sequences.
            length: positions at most.
            dtype: arithmetic of the layer.
        """

    @abc.abstractmethod
    def extend(self, x: Float[Array, "b t d"], cache: Any) -> tuple[Float[Array, "b t d"], Any]:
        """Return the outputs of the next positions, and the state behind them.

        Args:
            x: one vector for each of the next positions.
            cache: the state before them.
        """
