"""The scores of attention, and which of them count."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float
from lamina.ops.grouped import grouped_product
from lamina.ops.reach import Reach

NEVER = -1e30  # the score of a position that is not seen; finite, so that a row without any stays finite


def masked_scores(
    query: Float[Array, "b g r t k"],
    key: Float[Array, "b g s k"],
    *,
    reach: Reach,
    present: Bool[Array, "b s"] | None,
    slopes: Float[Array, " h"] | None,
    queries: Array,
    keys: Array,
) -> tuple[Any, Any]:
    """Return q · k / √k - slope · distance, float32 (b, g, r, t, s), and which positions are seen.

    Args:
        query: of the positions that ask, grouped by the head of keys that they ask.
        key: of the positions that are asked.
        reach: which positions each one sees.
        present: which of the asked positions are there; all without.
        slopes: of each head, how much a score falls with the distance; none without.
        queries: the positions that ask, (t,).
        keys: the positions that are asked, (s,).

    Example:
        >>> one, causal = jnp.ones((1, 1, 1, 2, 4)), Reach(after=0)
        >>> places = jnp.arange(2)
        >>> seen = masked_scores(
        ...     one, one[:, :, 0], reach=causal, present=None, slopes=None, queries=places, keys=places
        ... )[1]
        >>> seen[0, 0, 0].tolist()
        [[True, False], [True, True]]
    """
    scores = grouped_product(query, key, (False, True)) * (1.0 / math.sqrt(query.shape[-1]))
    seen = reach.visible(queries, keys)[None, None, None]
    if present is not None:
        seen = seen & present[:, None, None, None, :]
    if slopes is not None:
        far = jnp.abs(queries[:, None] - keys[None, :]).astype(jnp.float32)[None, None, None]
        scores = scores - slopes.astype(jnp.float32).reshape(1, *scores.shape[1:3], 1, 1) * far
    return jnp.where(seen, scores, NEVER), seen
