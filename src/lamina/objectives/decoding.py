"""Decoding: from a text that was read to the symbols of another, the most probable ones."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.objectives.tokens import in_groups

NEVER = -1e9  # log probability of what cannot be
TOGETHER = 64  # texts that are written at once: those of one length end at about the same time


@dataclass(frozen=True)
class Decoding:
    """How a text is written, one symbol after another.

    Args:
        end: the symbol that ends a text; it stands before the first symbol too.
        length: symbols that are written at most.
        beams: texts that are kept at each position; 1 takes the most probable symbol each time.
        length_penalty: α of the penalty ((5 + n) / 6)^α by which the log probability of a text of n symbols
            is divided; 0 prefers short texts.

    References:
        Sutskever, Vinyals, Le. Sequence to sequence learning with neural networks. NeurIPS 2014 (beams). Wu
        et al. Google's neural machine translation system. 2016, section 7 (length penalty).
    """

    end: int
    length: int
    beams: int = 1
    length_penalty: float = 0.6

    def write(self, model: Any, source: dict[str, Array]) -> Array:
        """Return the symbols of a text for each source, filled up by -1; the end symbol is left out.

        Sources are written in groups of about one length, so that short texts do not wait for long ones. An
        empty source gives an empty text.

        Args:
            model: has `encode`, `init_cache` and `extend`, as `lamina.models.transformer.Transformer`.
            source: ``{"ids", "scale"}``, (batch, length) each.

        Returns:
            (batch, length), int32. O(beams · the cost of one text); compiled.
        """
        order = jnp.argsort((source["ids"] >= 0).sum(axis=1))
        ordered = jax.tree.map(lambda array: array[order], source)
        search = greedy if self.beams == 1 else beam_search
        found = in_groups(functools.partial(search, self, model), ordered, most=TOGETHER)
        return jnp.zeros_like(found).at[order].set(found)

    def penalty(self, symbols: Any) -> Any:
        """Return by what the log probability of a text of so many symbols is divided.

        Example:
            >>> Decoding(end=0, length=9, length_penalty=1.0).penalty(7)
            2.0
        """
        return ((5.0 + symbols) / 6.0) ** self.length_penalty


def greedy(decoding: Decoding, model: Any, source: dict[str, Array]) -> Array:
    """Return the text whose every symbol is the most probable one behind those before.

    Args:
        decoding: end symbol and length.
        model: see `Decoding.write`.
        source: ``{"ids", "scale"}``.
    """
    memory, present = model.encode(source), source["ids"] >= 0
    batch = len(memory)

    def is_open(carry: Any) -> Array:
        position, _, ended, *_ = carry
        return (position < decoding.length) & ~ended.all()

    def step(carry: Any) -> Any:
        position, token, ended, found, cache = carry
        logits, cache = model.extend(token[:, None], cache)
        token = logits[:, 0].argmax(axis=-1).astype(jnp.int32)
        ended = ended | (token == decoding.end)
        found = found.at[:, position].set(jnp.where(ended, -1, token))
        return position + 1, token, ended, found, cache

    begin = jnp.full(batch, decoding.end, jnp.int32)
    found = jnp.full((batch, decoding.length), -1, jnp.int32)
    cache = model.init_cache(memory, present, decoding.length)
    carry = (jnp.zeros((), jnp.int32), begin, ~present.any(axis=1), found, cache)
    return jax.lax.while_loop(is_open, step, carry)[3]


class Beams(NamedTuple):
    """Texts that go on, and texts that have ended, the best of each source.

    Args:
        position: how many symbols those that go on have.
        open_scores: log probability of each text that goes on, (batch, beams).
        open_texts: their symbols, (batch, beams, length).
        ended_scores: log probability over penalty of each text that has ended.
        ended_texts: their symbols, the end symbol left out.
        cache: of the model, rows as in ``open_texts`` flattened.
    """

    position: Array
    open_scores: Array
    open_texts: Array
    ended_scores: Array
    ended_texts: Array
    cache: Any


def beam_search(decoding: Decoding, model: Any, source: dict[str, Array]) -> Array:
    """Return the best text that is found when, at each position, the best few are kept.

    A text that ends is put aside with its score; the search stops where no text that goes on can become
    better than those put aside.

    Args:
        decoding: end symbol, length, beams and penalty.
        model: see `Decoding.write`.
        source: ``{"ids", "scale"}``.
    """
    beams, (batch, _) = decoding.beams, source["ids"].shape
    memory = jnp.repeat(model.encode(source), beams, axis=0)
    present = jnp.repeat(source["ids"] >= 0, beams, axis=0)
    texts = jnp.full((batch, beams, decoding.length), -1, jnp.int32)
    is_empty = ~(source["ids"] >= 0).any(axis=1, keepdims=True)
    is_first = jnp.arange(beams)[None, :] == 0  # all begin alike: one of them is enough
    begin = Beams(
        position=jnp.zeros((), jnp.int32),
        open_scores=jnp.where(is_first & ~is_empty, 0.0, NEVER).astype(jnp.float32),
        open_texts=texts,
        ended_scores=jnp.where(is_empty, jnp.zeros(beams), NEVER).astype(jnp.float32),
        ended_texts=texts,
        cache=model.init_cache(memory, present, decoding.length),
    )
    is_open = functools.partial(_may_improve, decoding)
    found = jax.lax.while_loop(is_open, functools.partial(_step, decoding, model), begin)
    # Texts as long as any may be count as they are; others that go on are worse than those put aside.
    whole = found.open_scores / decoding.penalty(jnp.float32(decoding.length))
    whole = jnp.where(found.position >= decoding.length, whole, NEVER)
    scores = jnp.concatenate([found.ended_scores, whole], axis=1)
    texts = jnp.concatenate([found.ended_texts, found.open_texts], axis=1)
    return _chosen(texts, scores.argmax(axis=1)[:, None])[:, 0]


def _may_improve(decoding: Decoding, state: Beams) -> Array:
    """Return whether a text that goes on may become better than the worst of those put aside."""
    best = state.open_scores.max(axis=1) / decoding.penalty(jnp.float32(decoding.length))
    return (state.position < decoding.length) & (best > state.ended_scores.min(axis=1)).any()


def _step(decoding: Decoding, model: Any, state: Beams) -> Beams:
    """Return the beams with one more symbol."""
    batch, beams, _ = state.open_texts.shape
    last = jnp.take(state.open_texts, jnp.maximum(state.position - 1, 0), axis=2)
    last = jnp.where(state.position == 0, decoding.end, last).reshape(-1)
    logits, cache = model.extend(last[:, None], state.cache)
    stated = jax.nn.log_softmax(logits[:, 0].astype(jnp.float32), axis=-1)
    scores = state.open_scores[..., None] + stated.reshape(batch, beams, -1)
    symbols = scores.shape[-1]
    # Of twice as many as are kept, at most half end: enough go on.
    scores, places = jax.lax.top_k(scores.reshape(batch, -1), min(2 * beams, beams * symbols))
    parents, tokens = places // symbols, (places % symbols).astype(jnp.int32)
    ends = tokens == decoding.end
    before = _chosen(state.open_texts, parents)
    texts = jnp.asarray(before).at[:, :, state.position].set(tokens)
    aside = jnp.where(ends, scores / decoding.penalty(state.position.astype(jnp.float32) + 1.0), NEVER)
    aside = jnp.concatenate([state.ended_scores, aside], axis=1)
    ended_scores, kept = jax.lax.top_k(aside, beams)
    ended_texts = _chosen(jnp.concatenate([state.ended_texts, before], axis=1), kept)
    open_scores, kept = jax.lax.top_k(jnp.where(ends, NEVER, scores), beams)
    return Beams(
        position=state.position + 1,
        open_scores=open_scores,
        open_texts=_chosen(texts, kept),
        ended_scores=ended_scores,
        ended_texts=ended_texts,
        cache=model.reordered(cache, jnp.take_along_axis(parents, kept, axis=1)),
    )


def _chosen(texts: Array, places: Array) -> Array:
    """Return some of the texts of each source."""
    return jnp.take_along_axis(texts, places[..., None], axis=1)
