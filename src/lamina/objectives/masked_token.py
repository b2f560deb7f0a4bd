"""What a masked language model minimizes: the surprise at symbols that it does not see."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits, hashed_key, hashed_keys, uniform_of
from lamina.objectives.base import AbstractObjective, Batch, Interval, Losses, Score, Shown, gather
from lamina.objectives.tokens import MOST_LOGITS, arithmetic_of, cut, in_groups, ratio_interval, surprise

MASKED, REPLACED = 0.8, 0.1  # shares of the chosen symbols, as published; the others stay as they are
SHORTER = 0.1  # of the windows of training, as published: texts shorter than the context are known then
NOTHING = -1
LOG_P, TOP_P, GUESS, PLACE, SEEN = range(5)  # what is decoded of each chosen symbol
_EVALUATES = 0x3A5C  # sets the masks of evaluation apart from those of training


@dataclass(frozen=True)
class MaskedTokenObjective(AbstractObjective):
    """Symbols that are hidden: −log p(s_t | the others), the mean over the chosen positions t.

    Of the symbols of a window a share is chosen (rounded, one at least); the end of a text never is. Of those
    80 % are replaced by the mask, a symbol of its own behind all others, 10 % by a random symbol, and 10 %
    stay as they are, so that a network without masks in its input is not at a loss. An example is a window of
    2 · context + 1 symbols, filled up by -1. Training draws the place where it begins to read, a length where
    it reads less than the context (each tenth window), and what is masked; for evaluation the masks are a
    function of the symbols of the window, so that the figure is the same each time and in any order.

    Decoded are five numbers for each chosen symbol, (b, places, 5): log p of the symbol that stands there,
    the largest p, the likeliest symbol, the place (-1 where fewer are chosen), the symbol that was seen.

    Args:
        symbols: how many different ones there are, the last one the end of a text, the mask left out.
        context: symbols that are read at once.
        share: of the symbols that are chosen, in (0, 1).

    Example:
        >>> objective = MaskedTokenObjective(symbols=30, context=20)
        >>> batch = objective.hidden(jnp.arange(20)[None], hashed_keys(0, 1))
        >>> batch["y"].shape, bool((batch["y"] == batch["x"]["at"]).all())  # here symbol t stands at t
        ((1, 3), True)

    References:
        Devlin, Chang, Lee, Toutanova. BERT: pre-training of deep bidirectional transformers. NAACL 2019.
        Liu et al. RoBERTa. 2019: masks drawn anew at each visit, windows over the ends of texts.
    """

    symbols: int
    context: int
    share: float = 0.15
    monitor = {"loss": False, "accuracy": True}  # noqa: RUF012
    shown = Shown("perplexity", "valid_loss", lambda value, scale: math.exp(min(value, 700.0)))
    decoded_type = np.float32
    noun = "window"

    @property
    def out_features(self) -> int:
        """One logit a symbol, and one for the mask, which never stands there."""
        return self.symbols + 1

    @property
    def mask(self) -> int:
        """The symbol that stands for a hidden one."""
        return self.symbols

    @property
    def places(self) -> int:
        """How many symbols of a window are chosen at most."""
        return max(1, math.ceil(self.share * self.context))

    @property
    def score(self) -> Score:
        """The mean surprise."""
        return Score("loss", lambda targets, points, weights: self.metrics(points, targets, weights)["loss"])

    def pick(self, arrays: Any, ids: Array, *, key: Any) -> Any:
        """Return the batch of some windows: where each begins, how long it is and its masks are drawn."""
        tokens = gather(arrays["x"], ids).astype(jnp.int32)
        keys = hashed_keys(key, 2)
        bits = hashed_bits(keys[0], (3, len(ids)))
        held = (tokens >= 0).sum(axis=1)
        room = jnp.clip(held - self.context + 1, 1, self.context)  # a window is full where the text allows it
        own = cut(tokens, (bits[0] % room.astype(jnp.uint32)).astype(jnp.int32), self.context)
        length = 1 + bits[1] % jnp.uint32(self.context)
        length = jnp.where(uniform_of(bits[2]) < SHORTER, length, self.context).astype(jnp.int32)
        own = jnp.where(jnp.arange(self.context)[None] < length[:, None], own, NOTHING)
        return {**self.hidden(own, hashed_keys(keys[1], len(ids))), "weight": gather(arrays["weight"], ids)}

    def hidden(self, ids: Array, keys: Array) -> dict[str, Any]:
        """Return windows with some symbols hidden as inputs, and these symbols as targets.

        Args:
            ids: (batch, context), -1 where there is no symbol.
            keys: a random key for each window, (batch, 2).

        Returns:
            ``{"x": {"ids", "scale", "at"}, "y"}``, ``at`` and ``y`` (batch, places); y is -1 where fewer are
            chosen.
        """
        context, places = ids.shape[1], min(self.places, ids.shape[1])
        bits = jax.vmap(lambda key: hashed_bits(key, (context + 2 * places,)))(keys)
        end = self.symbols - 1
        may_be = (ids >= 0) & (ids != end)
        ranked = jnp.where(may_be, uniform_of(bits[:, :context]), -1.0)
        at = jax.lax.top_k(ranked, places)[1]
        known = may_be.sum(axis=1).astype(jnp.float32)
        count = jnp.clip(jnp.round(self.share * known), jnp.minimum(known, 1.0), float(places))
        is_chosen = jnp.arange(places, dtype=jnp.float32)[None] < count[:, None]
        own = jnp.take_along_axis(ids, at, axis=1)
        fate = uniform_of(bits[:, context : context + places])
        other = (bits[:, context + places :] % jnp.uint32(end)).astype(jnp.int32)
        seen = jnp.where(fate < MASKED, self.mask, jnp.where(fate < MASKED + REPLACED, other, own))
        rows = jnp.arange(len(ids))[:, None]
        changed = jnp.asarray(ids).at[rows, at].set(jnp.where(is_chosen, seen, own), unique_indices=True)
        x = {"ids": changed, "scale": (ids >= 0).astype(jnp.float32), "at": at.astype(jnp.int32)}
        return {"x": x, "y": jnp.where(is_chosen, own, NOTHING)}

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted surprise at the batch's hidden symbols."""
        logits = self._of_tokens(model(batch["x"], key=key, train=True), batch["x"]["at"])
        each, counted = surprise(logits, batch["y"])
        weight = counted * batch["weight"][:, None]
        return {"all": ((each * weight).sum() / jnp.maximum(weight.sum(), 1e-12), {})}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of the surprise and of right guesses, and the number of hidden symbols."""

        def of_group(tokens: Array) -> tuple[Array, ...]:
            own, logits = self._measured(model, tokens)
            return *surprise(logits, own["y"]), logits.argmax(axis=-1) == own["y"]

        each, counted, right = in_groups(of_group, batch["x"], most=self._most)
        counted = counted * batch["weight"][:, None]
        sums = {"loss": each * counted, "accuracy": jnp.where(right, counted, 0.0), "weight": counted}
        return {name: value.sum() for name, value in sums.items()}

    @property
    def _most(self) -> int:
        """How many windows are read at once where nothing is learned."""
        return MOST_LOGITS // (self.context * self.out_features)

    def _measured(self, model: Any, tokens: Array) -> tuple[dict[str, Any], Array]:
        """Return the windows from their first symbols with masks of their own, and the logits."""
        ids = tokens[:, : self.context].astype(jnp.int32)
        own = self.hidden(ids, _keys_of(ids))
        x = {**own["x"], "scale": own["x"]["scale"].astype(arithmetic_of(model))}
        return own, self._of_tokens(model(x), x["at"]).astype(jnp.float32)

    def _of_tokens(self, logits: Array, at: Array) -> Array:
        """Return the logits at some places of what may be hidden: not of the end of a text, nor of the mask.

        With tied vectors the mask, which stands at most of these places, would be the likeliest for long.
        """
        return self._at(logits, at)[..., : self.symbols - 1]

    def _at(self, logits: Array, at: Array) -> Array:
        """Return the logits at some places, where the model did not give these alone."""
        if logits.shape[1] == at.shape[1]:
            return logits
        return jnp.take_along_axis(logits, at[..., None], axis=1)

    def decode(self, outputs: Array) -> Array:
        """Return the probability of each symbol at each position; a text's end and the mask have none."""
        logits = jnp.asarray(outputs).astype(jnp.float32).at[..., self.symbols - 1 :].set(-jnp.inf)
        return jax.nn.softmax(logits, axis=-1)

    def answer(self, model: Any, x: Array) -> Array:
        """Return five numbers for each hidden symbol of windows, (b, places, 5)."""

        def answered(tokens: Array) -> Array:
            own, logits = self._measured(model, tokens)
            stated, y, at = jax.nn.log_softmax(logits, axis=-1), own["y"], own["x"]["at"]
            log_p = jnp.take_along_axis(stated, jnp.maximum(y, 0)[..., None], axis=-1)[..., 0]
            seen = jnp.take_along_axis(own["x"]["ids"], at, axis=1)
            place = jnp.where(y >= 0, at, NOTHING)
            found = (log_p, jnp.exp(stated.max(axis=-1)), logits.argmax(axis=-1), place, seen)
            return jnp.stack([value.astype(jnp.float32) for value in found], axis=-1)

        return in_groups(answered, x, most=self._most)

    def stated(self, model: Any, ids: Array, place: Array, may_be: Array) -> Array:
        """Return log p of each symbol at one place of texts, among those that may stand there.

        Args:
            model: trained.
            ids: (batch, time), the mask among them; -1 behind the end.
            place: where.
            may_be: (symbols + 1,).

        Returns:
            (batch, symbols + 1), -inf where a symbol may not be.
        """
        at = jnp.broadcast_to(place, (len(ids), 1)).astype(jnp.int32)
        x = {"ids": ids, "scale": (ids >= 0).astype(arithmetic_of(model)), "at": at}
        logits = self._at(model(x), at)[:, 0].astype(jnp.float32)
        return jax.nn.log_softmax(jnp.where(may_be[None], logits, -jnp.inf), axis=-1)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return loss (nats a hidden symbol), perplexity (its exponential) and accuracy.

        Args:
            decoded: from `answer`, (examples, places, 5).
            targets: the symbols of each window, (examples, context).
            weights: none.
        """
        right, counted = guessed(decoded, targets)
        if not counted.any():  # a text of ends alone
            return dict.fromkeys(("loss", "perplexity", "accuracy"), math.nan)
        loss = float(-decoded[..., LOG_P][counted].astype(np.float64).mean())
        return {
            "loss": loss,
            "perplexity": math.exp(min(loss, 700.0)),
            "accuracy": float(right[counted].mean()),
        }

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric, by the spread of the windows; none of one window."""
        right, counted = guessed(decoded, targets)
        if np.count_nonzero(counted.sum(axis=1)) < 2:
            return {}
        shares = counted.astype(np.float64)
        low, high = ratio_interval(-decoded[..., LOG_P], shares)
        perplexity = (math.exp(min(low, 700.0)), math.exp(min(high, 700.0)))
        accuracy = ratio_interval(right, shares, most=1.0)
        return {"loss": (low, high), "perplexity": perplexity, "accuracy": accuracy}


def guessed(decoded: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which hidden symbols were guessed right, and which of the places are used.

    Args:
        decoded: from `MaskedTokenObjective.answer`, (examples, places, 5).
        targets: the symbols of each window, (examples, context).
    """
    place = decoded[..., PLACE].astype(np.int64)
    own = np.take_along_axis(targets, np.maximum(place, 0), axis=1)
    return decoded[..., GUESS].astype(np.int64) == own, place >= 0


def _keys_of(ids: Array) -> Array:
    """Return a random key for each window that depends on its symbols alone, (batch, 2)."""
    factors = hashed_bits(_EVALUATES, (1, ids.shape[1])) | jnp.uint32(1)
    numbers = ((ids + 2).astype(jnp.uint32) * factors).sum(axis=1, dtype=jnp.uint32)
    return hashed_key(_EVALUATES, numbers)
