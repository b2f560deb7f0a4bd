"""What a translator minimizes: the surprise at each symbol of the target, given the source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.objectives.base import AbstractObjective, Batch, Interval, Losses, Score, Shown
from lamina.objectives.decoding import Decoding
from lamina.objectives.metrics.translation import translation_intervals, translation_metrics
from lamina.objectives.tokens import MOST_LOGITS, arithmetic_of, in_groups, surprise


@dataclass(frozen=True)
class SequenceToSequenceObjective(AbstractObjective):
    """The next symbol of a target, −log p(y_t | y_1 … y_{t-1}, x), the mean over positions.

    A batch is ``{"x": source, "y": symbols of the targets with the end symbol, "weight"}``, filled up by -1.
    The model is given the targets one position later, the end symbol first.

    Args:
        symbols: how many different ones the target has, the end symbol the last of them.
        decoding: how a target is written.
        smoothing: share of the target that is spread over all symbols while training.

    Example:
        >>> objective = SequenceToSequenceObjective(4, Decoding(end=3, length=4))
        >>> objective.before(jnp.array([[1, 2, 3, -1]])).tolist()
        [[3, 1, 2, -1]]

    References:
        Sutskever, Vinyals, Le. Sequence to sequence learning with neural networks. NeurIPS 2014. Szegedy et
        al. Rethinking the Inception architecture. CVPR 2016 (label smoothing).
    """

    symbols: int
    decoding: Decoding
    smoothing: float = 0.0
    monitor = {"loss": False}  # noqa: RUF012
    shown = Shown("perplexity", "valid_loss", lambda value, scale: math.exp(min(value, 700.0)))
    decoded_type = np.float32
    noun = "pair"

    @property
    def out_features(self) -> int:
        """One logit a symbol."""
        return self.symbols

    @property
    def score(self) -> Score:
        """BLEU of texts."""
        return Score("bleu", _bleu)

    def before(self, targets: Array) -> Array:
        """Return what stands before each symbol of the targets.

        Args:
            targets: (batch, time).
        """
        shifted = jnp.pad(targets[:, :-1], ((0, 0), (1, 0)), constant_values=self.decoding.end)
        return jnp.where(targets >= 0, shifted, -1)

    def pair(self, source: Any, targets: Array) -> dict[str, Any]:
        """Return the inputs of the model, in the arithmetic of the source.

        Args:
            source: ``{"ids", "scale"}``.
            targets: (batch, time).
        """
        ids = self.before(targets.astype(jnp.int32))
        return {"source": source, "target": {"ids": ids, "scale": (ids >= 0).astype(source["scale"].dtype)}}

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted surprise of the batch's symbols."""
        logits = model(self.pair(batch["x"], batch["y"]), key=key, train=True)
        each, counted = surprise(logits, batch["y"], smoothing=self.smoothing)
        weight = counted * batch["weight"][:, None]
        return {"all": ((each * weight).sum() / jnp.maximum(weight.sum(), 1e-12), {})}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sum of the surprise, without smoothing, and the number of symbols."""
        each, counted = self._surprises(model, batch["x"], batch["y"])
        counted = counted * batch["weight"][:, None]
        return {"loss": (each * counted).sum(), "weight": counted.sum()}

    def _surprises(self, model: Any, source: Any, targets: Array) -> tuple[Array, Array]:
        def of_group(own: Any) -> tuple[Array, Array]:
            return surprise(model(self.pair(own["x"], own["y"])), own["y"])

        most = MOST_LOGITS // (targets.shape[1] * self.symbols)
        return in_groups(of_group, {"x": source, "y": targets}, most=most)

    def decode(self, outputs: Array) -> Array:
        """Return the likeliest symbol at each position, as `answer` gives texts."""
        return outputs.argmax(axis=-1).astype(jnp.float32)[:, None]

    def answer(self, model: Any, x: Any) -> Array:
        """Return the symbols that are written for each source, (batch, 1, length), filled up by -1.

        Where targets are given too, ``x = {"source", "target"}``, the surprise at each of their symbols
        stands behind, (batch, 2, length), and -1 where there is none.
        """
        source = self._read(model, x["source"] if "source" in x else x)
        written = self.decoding.write(model, source).astype(jnp.float32)
        if "source" not in x:
            return written[:, None]
        each, counted = self._surprises(model, source, x["target"])
        each = jnp.where(counted > 0, each, -1.0)
        length = max(written.shape[1], each.shape[1])
        rows = [jnp.pad(a, ((0, 0), (0, length - a.shape[1])), constant_values=-1) for a in (written, each)]
        return jnp.stack(rows, axis=1)

    def _read(self, model: Any, source: Any) -> Any:
        """Return the source in the arithmetic of the model; examples that fill a batch up are empty texts."""
        ids = jnp.where(source["scale"] > 0, source["ids"], -1)
        return {"ids": ids, "scale": source["scale"].astype(arithmetic_of(model))}

    def point(self, decoded: np.ndarray) -> np.ndarray:
        """Return the texts."""
        return decoded["output"]

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return bleu, chrf, and loss (nats a symbol) and perplexity.

        Args:
            decoded: texts from the target's ``in_unit``: ``output``, ``surprise`` and ``tokens`` of each.
            targets: ``source`` and ``reference`` of each.
            weights: one a text.
        """
        return translation_metrics(decoded, targets["reference"], weights)

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric, by texts drawn again and again."""
        return translation_intervals(decoded, targets["reference"], weights)


def _bleu(targets: Any, points: Any, weights: Any) -> float:
    from lamina.objectives.metrics.bleu import bleu

    return bleu(list(points), list(targets["reference"]), weights)
