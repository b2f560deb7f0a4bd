"""What a language model minimizes: the surprise at the next symbol."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits
from lamina.objectives.base import AbstractObjective, Batch, Interval, Losses, Score, Shown, gather
from lamina.objectives.tokens import MOST_LOGITS, arithmetic_of, cut, in_groups, ratio_interval, surprise

NO_TARGET = -1


@dataclass(frozen=True)
class NextTokenObjective(AbstractObjective):
    """The next symbol at every position: −log p(s_{t+1} | s_1 … s_t), the mean over positions.

    An example is a window of 2 · context + 1 symbols. Training begins at a place within its first half that
    is drawn at each visit, so that no symbol always stands at the same distance from the beginning;
    evaluation begins at its first symbol, so that every symbol of a text is predicted once. Windows are
    filled up by -1.

    Args:
        symbols: how many different ones there are.
        context: symbols that are read at once.

    Example:
        >>> objective = NextTokenObjective(symbols=3, context=2)
        >>> batch = objective.window(jnp.array([[0, 1, 2, 1, 0]]), jnp.array([1]))
        >>> batch["x"]["ids"].tolist(), batch["y"].tolist()
        ([[1, 2]], [[2, 1]])

    References:
        Bengio et al. A neural probabilistic language model. JMLR 2003.
    """

    symbols: int
    context: int
    monitor = {"loss": False}  # noqa: RUF012
    shown = Shown("perplexity", "valid_loss", lambda value, scale: math.exp(min(value, 700.0)))
    decoded_type = np.float32
    noun = "window"

    @property
    def out_features(self) -> int:
        """One logit a symbol."""
        return self.symbols

    @property
    def score(self) -> Score:
        """The mean surprise."""
        return Score("loss", lambda targets, points, weights: self.metrics(points, targets, weights)["loss"])

    def pick(self, arrays: Any, ids: Array, *, key: Any) -> Any:
        """Return the batch of some windows, each from a place that is drawn."""
        tokens, weight = gather(arrays["x"], ids), gather(arrays["weight"], ids)
        starts = (hashed_bits(key, ids.shape) % jnp.uint32(self.context)).astype(jnp.int32)
        return {**self.window(tokens.astype(jnp.int32), starts), "weight": weight}

    def window(self, tokens: Array, starts: Array) -> dict[str, Any]:
        """Return inputs and targets of windows from given places.

        Args:
            tokens: (batch, 2 · context + 1).
            starts: of each window, below context.
        """
        own = cut(tokens, starts, self.context + 1)
        ids = own[:, :-1]
        return {"x": {"ids": ids, "scale": (ids >= 0).astype(jnp.float32)}, "y": own[:, 1:]}

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted surprise of the batch's symbols."""
        each, counted = surprise(model(batch["x"], key=key, train=True), batch["y"])
        weight = counted * batch["weight"][:, None]
        return {"all": ((each * weight).sum() / jnp.maximum(weight.sum(), 1e-12), {})}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sum of the surprise, and the number of symbols."""

        def of_group(tokens: Array) -> tuple[Array, Array]:
            own = self._first(model, tokens)
            return surprise(model(own["x"]), own["y"])

        each, counted = in_groups(of_group, batch["x"], most=self._most)
        counted = counted * batch["weight"][:, None]
        return {"loss": (each * counted).sum(), "weight": counted.sum()}

    @property
    def _most(self) -> int:
        """How many windows are read at once where nothing is learned."""
        return MOST_LOGITS // (self.context * self.symbols)

    def _first(self, model: Any, tokens: Array) -> dict[str, Any]:
        """Return the windows from their first symbols, in the arithmetic of the model."""
        own = self.window(tokens.astype(jnp.int32), jnp.zeros(len(tokens), jnp.int32))
        return {**own, "x": {**own["x"], "scale": own["x"]["scale"].astype(arithmetic_of(model))}}

    def decode(self, outputs: Array) -> Array:
        """Return the probability of each symbol at each position."""
        return jax.nn.softmax(outputs.astype(jnp.float32), axis=-1)

    def answer(self, model: Any, x: Array) -> Array:
        """Return three numbers a position: log p of the symbol that came, the largest p, whether it came."""

        def answered(tokens: Array) -> Array:
            own = self._first(model, tokens)
            logits = model(own["x"]).astype(jnp.float32)
            stated = jax.nn.log_softmax(logits, axis=-1)
            came = jnp.take_along_axis(stated, jnp.maximum(own["y"], 0)[..., None], axis=-1)[..., 0]
            right = logits.argmax(axis=-1) == own["y"]
            return jnp.stack([came, jnp.exp(stated.max(axis=-1)), right.astype(jnp.float32)], axis=-1)

        return in_groups(answered, x, most=self._most)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return loss (nats a symbol), perplexity, bits_per_byte and accuracy.

        Args:
            decoded: from `answer`, (examples, context, 3).
            targets: bytes of UTF-8 that each symbol stands for, -1 where there is none.
            weights: none.
        """
        counted = targets != NO_TARGET
        if not counted.any():  # a text of one symbol
            return dict.fromkeys(("loss", "perplexity", "bits_per_byte", "accuracy"), math.nan)
        loss = float(-decoded[..., 0][counted].astype(np.float64).mean())
        size = int(targets[counted].sum())
        return {
            "loss": loss,
            "perplexity": math.exp(min(loss, 700.0)),
            "bits_per_byte": loss * int(counted.sum()) / math.log(2) / max(1, size),
            "accuracy": float(decoded[..., 2][counted].astype(np.float64).mean()),
        }

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric, by the spread of the windows; none of one window."""
        counted = (targets != NO_TARGET).astype(np.float64)
        if np.count_nonzero(counted.sum(axis=1)) < 2:
            return {}
        found = self.metrics(decoded, targets)
        loss = ratio_interval(-decoded[..., 0], counted)
        low, high = loss[0] / max(found["loss"], 1e-12), loss[1] / max(found["loss"], 1e-12)
        return {
            "loss": loss,
            "perplexity": (math.exp(min(loss[0], 700.0)), math.exp(min(loss[1], 700.0))),
            "bits_per_byte": (found["bits_per_byte"] * low, found["bits_per_byte"] * high),
            "accuracy": ratio_interval(decoded[..., 2], counted, most=1.0),
        }
