"""Which positions attention may ask: causal, windowed or all."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError

_EVERY = 1 << 40  # farther than any two positions are apart


@dataclass(frozen=True)
class Reach:
    """How far a position sees: position i asks the positions j with i - before ≤ j ≤ i + after.

    Args:
        before: positions to the left that are seen; None for all. ``before=w - 1`` is a sliding window of w.
        after: positions to the right that are seen; None for all, 0 for causal attention.

    Raises:
        ConfigError: one of them is negative.

    Example:
        >>> Reach(before=1, after=0).visible(jnp.arange(3), jnp.arange(3)).astype(int).tolist()
        [[1, 0, 0], [1, 1, 0], [0, 1, 1]]

    References:
        Beltagy, Peters, Cohan. Longformer: the long-document transformer. 2020 (sliding window).
    """

    before: int | None = None
    after: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("before", self.before), ("after", self.after)):
            if value is not None and value < 0:
                raise ConfigError(
                    f"attention cannot reach {value} positions {name} a position",
                    expected="0 or more, or None for all",
                    received=value,
                )

    @property
    def is_everything(self) -> bool:
        """Whether every position sees all others."""
        return self.before is None and self.after is None

    def bounds(self) -> tuple[int, int]:
        """Return both distances as numbers, where None is farther than any two positions are apart."""
        return (
            _EVERY if self.before is None else self.before,
            _EVERY if self.after is None else self.after,
        )

    def span(self, first: int, last: int, keys: int) -> tuple[int, int]:
        """Return the first key that positions ``first`` to ``last`` see, and one behind the last, of so many.

        Args:
            first: of a block of positions.
            last: one behind the last of the block.
            keys: how many positions there are to ask.
        """
        before, after = self.bounds()
        return max(0, first - before), max(0, min(keys, last + after))

    def visible(self, queries: Array, keys: Array) -> Array:
        """Return a row for each query position, True at the key positions that it sees.

        Args:
            queries: positions that ask, (t,).
            keys: positions that are asked, (s,).
        """
        distance = queries[:, None] - keys[None, :]
        seen = jnp.ones(distance.shape, bool)
        if self.before is not None:
            seen &= distance <= self.before
        return seen if self.after is None else seen & (distance >= -self.after)


EVERYWHERE = Reach()
CAUSAL = Reach(after=0)
