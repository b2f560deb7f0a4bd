"""Mixture of experts: many feed-forward layers, of which every position passes a few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Bool, Float, Int
from lamina.core.taps import carried
from lamina.core.tree import stack_modules
from lamina.nn.balance import AbstractBalance, BalanceLoss
from lamina.nn.dropout import Dropout
from lamina.nn.feed_forward import FeedForward
from lamina.nn.initializers import Initializer, fan_in_uniform
from lamina.nn.linear import Linear
from lamina.ops.experts import Choices, capacity, from_experts, places_of, sort_choices, to_experts


class MixtureOfExperts(Module):
    """A feed-forward layer in parts, of which each position passes the ``top_k`` that a router prefers.

    p = softmax(R·x),  y = Σ_{e in top k of p} p_e / (Σ of these) · expert_e(x), + shared(x) if it is there.
    With ``top_k=1`` the weight is p_e itself, through which alone the router then learns. The layer has
    the weights of many experts at the cost of few: O(batch · top_k · one expert).

    In training an expert has places for ``capacity`` times its share of the positions; those that come later
    fall through, y = 0, and the residual connection carries them on. Otherwise every position has its place:
    further rounds take what is left, so that an output does not depend on the other examples.

    Taps: ``load``, the share of choices of each expert; ``dropped``, the share that fell through; those of
    ``balance``. Taps within experts are heard while training.

    Args:
        width: features of each position.
        experts: how many.
        top_k: experts that a position passes.
        expert: makes one, a layer for each position that draws nothing.
        shared: makes the expert that every position passes, or None.
        balance: makes what keeps all experts in use from their number: `BalanceLoss`, `BalanceBias`.
        capacity_factor: places of an expert over its share, ≥ 1: more are empty, fewer drop more.
        initializer: how R begins.
        rate: dropout on the output.
        key: random key or seed.

    Shapes:
        (*batch, width) → the same; ``present`` (*batch,) says which positions are there;
        ``router.weight`` (experts, width); the arrays of ``experts`` have a leading axis, one an expert

    Raises:
        ConfigError: ``top_k`` or ``capacity_factor`` is out of range.

    Example:
        >>> layer = MixtureOfExperts(4, experts=3, key=0)
        >>> layer(jnp.ones((2, 5, 4))).shape, layer.experts.first.weight.shape
        ((2, 5, 4), (3, 16, 4))

    References:
        Shazeer et al. Outrageously large neural networks. ICLR 2017. Lepikhin et al. GShard. ICLR 2021.
        Fedus et al. Switch transformers. JMLR 2022. Jiang et al. Mixtral of experts. 2024. Dai et al.
        DeepSeekMoE. ACL 2024: shared experts. Deviation: earlier positions have places before later ones,
        whatever their rank of choice, so that a causal model stays causal.
    """

    router: Linear
    experts: Any
    shared: Module | None
    balance: AbstractBalance
    dropout: Dropout
    count: int = static()
    top_k: int = static()
    capacity_factor: float = static()

    def __init__(
        self,
        width: int,
        *,
        experts: int = 8,
        top_k: int = 2,
        expert: Callable[..., Module] = FeedForward,
        shared: Callable[..., Module] | None = None,
        balance: Callable[[int], AbstractBalance] = BalanceLoss,
        capacity_factor: float = 1.25,
        initializer: Initializer = fan_in_uniform,
        rate: float = 0.0,
        key: Any,
    ):
        if not 1 <= top_k <= experts:
            raise ConfigError(
                "a position passes as many experts as there are, at most",
                expected=f"top_k from 1 to {experts}",
                received=top_k,
            )
        if capacity_factor < 1:
            raise ConfigError("too few places", expected="capacity_factor >= 1", received=capacity_factor)
        router_key, shared_key, experts_key = split(key, 3)
        self.router = Linear(width, experts, bias=False, initializer=initializer, key=router_key)
        self.experts = stack_modules([expert(width, key=own) for own in split(experts_key, experts)])
        self.shared = None if shared is None else shared(width, key=shared_key)
        self.balance, self.dropout = balance(experts), Dropout(rate)
        self.count, self.top_k, self.capacity_factor = experts, top_k, capacity_factor

    def __call__(
        self,
        x: Float[Array, "*b d"],
        *,
        present: Bool[Array, "*b"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "*b d"]:
        flat = x.reshape(-1, x.shape[-1])
        counted = jnp.ones(len(flat), bool) if present is None else present.reshape(-1)
        chosen, weights = self._routed(flat, counted, train=train)
        choices = sort_choices(chosen, self.count)
        y = (self._once if train else self._all)(flat, chosen, weights, choices)
        y = y if self.shared is None else y + self.shared(flat)
        return self.dropout(y.reshape(x.shape), key=key, train=train)

    def _routed(
        self, x: Float[Array, "n d"], counted: Bool[Array, " n"], *, train: bool
    ) -> tuple[Int[Array, "n k"], Float[Array, "n k"]]:
        """Return the experts of each row, none where it is not counted, and their weights."""
        probabilities = jax.nn.softmax(self.router(x).astype(jnp.float32), axis=-1)
        scores = self.balance(lax.stop_gradient(probabilities))
        chosen = lax.top_k(scores, self.top_k)[1]
        is_chosen = chosen[:, :, None] == jnp.arange(self.count, dtype=chosen.dtype)[None, None]
        # a sum and no gather, whose gradient would scatter
        weights = jnp.where(is_chosen, probabilities[:, None], 0).sum(-1)
        if self.top_k > 1:
            weights = weights / weights.sum(-1, keepdims=True)
        number = jnp.maximum(counted.sum(), 1).astype(jnp.float32)
        share = (is_chosen.any(1) & counted[:, None]).sum(0).astype(jnp.float32) / (self.top_k * number)
        self.tap("load", share)
        if train:
            self.balance.learn(jnp.where(counted[:, None], probabilities, 0).sum(0) / number, share)
        return jnp.where(counted[:, None], chosen, self.count), weights

    def _once(self, x: Array, chosen: Array, weights: Array, choices: Choices) -> Array:
        """Return the mixture of the rows that have a place."""
        places = places_of(choices, chosen, self._places(x))
        lost = 1 - places.is_kept.sum() / jnp.maximum(choices.counts.sum(), 1)
        self.tap("dropped", lost)
        mapped, hand_on = self._mapped()
        y, values = mapped(to_experts(x, places))
        hand_on(values)
        return from_experts(y, weights, places)

    def _all(self, x: Array, chosen: Array, weights: Array, choices: Choices) -> Array:
        """Return the mixture of all rows, in as many rounds as the expert with the most rows needs."""
        size = self._places(x)
        mapped, _ = self._mapped()

        def round_of(start: Any) -> Array:
            places = places_of(choices, chosen, size, start)
            return from_experts(mapped(to_experts(x, places))[0], weights, places)

        def more(y: Array, start: Array) -> tuple[Array, None]:
            is_left = start < choices.counts.max()
            return lax.cond(is_left, lambda: y + round_of(start), lambda: y), None

        if size >= len(x):
            return round_of(0)
        starts = jnp.arange(0, len(x), size, dtype=jnp.int32)
        return lax.scan(more, jnp.zeros_like(x), starts)[0]

    def _places(self, x: Array) -> int:
        return capacity(len(x), self.count, self.top_k, self.capacity_factor)

    def _mapped(self) -> tuple[Callable[[Array], Any], Callable[[dict], None]]:
        """Return all experts as one function of their rows: the products of a population."""
        listened, hand_on = carried(lambda expert, rows: expert(rows))
        experts = jax.tree.map(jnp.asarray, self.experts)  # a branch takes no arrays of the host
        return lambda rows: jax.vmap(listened)(experts, rows), hand_on
