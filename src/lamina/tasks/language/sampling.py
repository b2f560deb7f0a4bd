"""Which token comes next, drawn from the probabilities that a network states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits, hashed_key


@dataclass(frozen=True)
class Sampling:
    """How a token is drawn; what is fixed while compiling.

    Args:
        is_greedy: always the most likely one.
        is_filtered: only some of the most likely ones.
        is_penalized: less often those that stand there already.
        has_unknown: the first symbol stands for what training never saw, and is never drawn.
    """

    is_greedy: bool
    is_filtered: bool
    is_penalized: bool
    has_unknown: bool = False

    @staticmethod
    def of(keys: Any, *, has_unknown: bool = False) -> tuple[Sampling, dict[str, Any]]:
        """Return what is fixed, and the numbers that may change without compiling again.

        Args:
            keys: `lamina.tasks.language.verbs.WritingKeys`.
            has_unknown: whether the first symbol stands for what training never saw.
        """
        limits = (keys.top_k, keys.top_p, keys.min_p)
        is_filtered = any(limit is not None for limit in limits)
        numbers = {
            "temperature": keys.temperature or 1.0,
            "top_k": keys.top_k or (1 << 30),
            "top_p": keys.top_p or 2.0,  # sums of probabilities are rounded: 1 would cut some off
            "min_p": keys.min_p or 0.0,
            "penalty": keys.repetition_penalty,
        }
        fixed = Sampling(keys.temperature == 0, is_filtered, keys.repetition_penalty != 1, has_unknown)
        return fixed, {name: jnp.asarray(value, jnp.float32) for name, value in numbers.items()}

    def draw(self, logits: Array, seen: Array, numbers: dict[str, Any], key: Any) -> Array:
        """Return one token for each text.

        By the Gumbel trick: the largest of log p plus independent Gumbel numbers is a draw from p.

        Args:
            logits: (batch, symbols).
            seen: which symbols stand in the text already, (batch, symbols).
            numbers: from `of`.
            key: random key of this position.

        References:
            Fan, Lewis, Dauphin. Hierarchical neural story generation. ACL 2018 (top-k). Holtzman et al. The
            curious case of neural text degeneration. ICLR 2020 (top-p). Keskar et al. CTRL. 2019 (repetition
            penalty). Nguyen et al. Turning up the heat: min-p sampling. ICLR 2025.
        """
        logits = jnp.asarray(logits, jnp.float32)
        if self.has_unknown:
            logits = logits.at[:, 0].set(-jnp.inf)
        if self.is_penalized:
            penalty = numbers["penalty"]
            logits = jnp.where(seen, jnp.where(logits > 0, logits / penalty, logits * penalty), logits)
        if self.is_greedy:
            return logits.argmax(axis=-1).astype(jnp.int32)
        logits = logits / numbers["temperature"]
        if self.is_filtered:
            logits = jnp.where(_kept(logits, numbers), logits, -jnp.inf)
        uniform = ((hashed_bits(key, logits.shape) >> jnp.uint32(8)).astype(jnp.float32) + 0.5) * 2.0**-24
        return (logits - jnp.log(-jnp.log(uniform))).argmax(axis=-1).astype(jnp.int32)


def _kept(logits: Array, numbers: dict[str, Any]) -> Array:
    """Return which tokens may be drawn: those that every limit lets pass."""
    ranked = -jnp.sort(-jax.nn.softmax(logits, axis=-1), axis=-1)
    before = jnp.cumsum(ranked, axis=-1) - ranked
    rank = jnp.arange(ranked.shape[-1], dtype=jnp.float32)[None]
    kept = (
        (rank < numbers["top_k"]) & (before < numbers["top_p"]) & (ranked >= numbers["min_p"] * ranked[:, :1])
    )
    least = jnp.where(kept, ranked, jnp.inf).min(axis=-1, keepdims=True)
    return jax.nn.softmax(logits, axis=-1) >= least


def position_key(seed: Any, position: Array) -> Any:
    """Return the random key of a position, so that a text is the same however it is cut into chunks."""
    return hashed_key(seed, position)
