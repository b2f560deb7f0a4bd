"""Tagging: a class for every word of a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.tag_scheme import NO_TAG, OUTSIDE, Scheme
from lamina.objectives.base import AbstractObjective, Batch, Interval, Losses, Score, Shown
from lamina.objectives.metrics.entities import tag_counts, tag_metrics, widened
from lamina.objectives.metrics.overlap import resampled_over_examples
from lamina.ops.chain import best_path, log_partition, path_score
from lamina.ops.cross_entropy import cross_entropy

FORBIDDEN = -30.0  # score of a tag behind one that it cannot follow: exp(-30) paths in one
TOKENS, CHAIN = "cross_entropy", "chain"
LOSSES = (TOKENS, CHAIN)


@dataclass(frozen=True)
class TaggingObjective(AbstractObjective):
    """A tag for every word: surprise at each tag, or at the sequence of all tags.

    ``cross_entropy`` is the mean of −log p(y_t | x) over the words. ``chain`` is −log p(y | x) of a sentence
    over its words, with p(y | x) ∝ exp Σ_t (s[t, y_t] + a[y_{t-1}, y_t]): a conditional random field whose
    transitions a are fixed, 0 where a tag may follow another, else `FORBIDDEN`. Predictions are the best path
    under the same a, so that no ``I-x`` stands without its ``B-x`` where training has none.

    Targets are codes (b, t), -1 behind the end of a sentence. Decoded are two numbers a word, (b, t, 2): the
    code, and the probability of it, summed over all paths through it.

    Args:
        labels: the tags in the order of their codes.
        is_strict: whether a tag that goes on with an entity needs it before.
        loss: ``"cross_entropy"`` or ``"chain"``.

    Example:
        >>> objective = TaggingObjective(("B-x", "I-x", "O"), is_strict=True)
        >>> scores = jnp.array([[[0.0, 0.0, 1.0], [0.0, 3.0, 1.0]]])
        >>> objective.point(np.asarray(objective.decode(scores))).tolist()  # not O, I-x
        [[0, 1]]

    References:
        Lafferty, McCallum, Pereira. Conditional random fields: probabilistic models for segmenting and
        labeling sequence data. ICML 2001.
        Lample et al. Neural architectures for named entity recognition. NAACL 2016; there a is learned.
    """

    labels: tuple[str, ...]
    is_strict: bool = False
    loss: str = TOKENS
    monitor = {"loss": False, "token_accuracy": True}  # noqa: RUF012
    shown = Shown("token_accuracy", "valid_token_accuracy", lambda value, scale: value)
    decoded_type = np.float32
    noun = "sentence"

    @property
    def out_features(self) -> int:
        """One score a tag."""
        return len(self.labels)

    @cached_property
    def scheme(self) -> Scheme:
        """What the tags say of entities."""
        return Scheme(self.labels)

    @property
    def outside(self) -> int:
        """The code of a word that the network did not read: ``O`` where there is one."""
        return self.labels.index(OUTSIDE) if OUTSIDE in self.labels else 0

    @property
    def score(self) -> Score:
        """F1 of the entities, or the share of right words where tags name none."""
        name = "entity_f1" if self.scheme.has_entities else "token_accuracy"
        return Score(name, lambda targets, points, weights: self._measured(points, targets, weights)[name])

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss of the batch's words."""
        scores = model(batch["x"], key=key, train=True).astype(jnp.float32)
        weight = batch["weight"]
        words = (batch["y"] != NO_TAG).astype(jnp.float32).sum(axis=1) * weight
        each = self._each(scores, batch["y"])
        return {"all": ((each * weight).sum() / jnp.maximum(words.sum(), 1e-12), {})}

    def _each(self, scores: Array, targets: Array) -> Array:
        """Return the loss of each sentence, summed over its words."""
        present = targets != NO_TAG
        if self.loss == CHAIN:
            pairs, scores = self._pairs(scores)
            free = log_partition(scores, pairs, present)
            return jnp.where(present[:, 0], free - path_score(scores, pairs, targets, present), 0.0)
        flat = scores.reshape(-1, scores.shape[-1])
        each = cross_entropy(flat, jnp.maximum(targets, 0).reshape(-1)).reshape(targets.shape)
        return jnp.where(present, each, 0.0).sum(axis=1)

    def _pairs(self, scores: Array) -> tuple[Array, Array]:
        """Return the scores of pairs of tags, and those of tags without the forbidden ones at the start."""
        if not (self.is_strict and self.scheme.has_entities):
            return jnp.zeros((len(self.labels),) * 2, jnp.float32), scores
        pairs = jnp.where(jnp.asarray(self.scheme.may_follow), 0.0, FORBIDDEN)
        first = jnp.where(jnp.asarray(self.scheme.may_begin), 0.0, FORBIDDEN)
        at_start = jnp.arange(scores.shape[1]) == 0
        return pairs, scores + jnp.where(at_start[:, None], first[None], 0.0)[None]

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of the loss and of right words, and the number of words."""
        scores, targets = model(batch["x"]).astype(jnp.float32), batch["y"]
        present = targets != NO_TAG
        pairs, bounded = self._pairs(scores)
        right = (best_path(bounded, pairs, present) == targets) & present
        weight = batch["weight"]
        return {
            "loss": (self._each(scores, targets) * weight).sum(),
            "token_accuracy": (right.astype(jnp.float32).sum(axis=1) * weight).sum(),
            "weight": (present.astype(jnp.float32).sum(axis=1) * weight).sum(),
        }

    def decode(self, outputs: Array) -> Array:
        """Return the code and the probability of each word's tag, all words present."""
        return self._decoded(outputs, jnp.ones(outputs.shape[:2], bool))

    def answer(self, model: Any, x: Any) -> Array:
        """Return the code and the probability of each word's tag; the code -1 behind the end."""
        return self._decoded(model(x), x["ids"] >= 0)

    def _decoded(self, outputs: Array, present: Array) -> Array:
        pairs, scores = self._pairs(jnp.asarray(outputs).astype(jnp.float32))
        path = best_path(scores, pairs, present)
        # The gradient of the log-sum over paths is the probability of each tag at each position.
        shares = jax.grad(lambda given: log_partition(given, pairs, present).sum())(scores)
        sure = jnp.take_along_axis(shares, path[..., None], axis=-1)[..., 0]
        codes = jnp.where(present, path, NO_TAG).astype(jnp.float32)
        return jnp.stack([codes, jnp.where(present, jnp.clip(sure, 0.0, 1.0), 0.0)], axis=-1)

    def point(self, decoded: np.ndarray) -> np.ndarray:
        """Return the codes, int32 (b, t); -1 behind the end."""
        return decoded if decoded.ndim == 2 else np.rint(decoded[..., 0]).astype(np.int32)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return entity_f1, entity_precision, entity_recall, token_accuracy and sentence_accuracy."""
        return self._measured(decoded, targets, weights)

    def _measured(self, decoded: Any, targets: Any, weights: Any) -> dict[str, float]:
        return tag_metrics(self.counts(decoded, targets), weights)

    def counts(self, decoded: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Return what metrics are made of; words that were not read count as ``O``.

        Args:
            decoded: from `answer`.
            targets: codes, (b, t).
        """
        codes = widened(self.point(decoded), targets.shape[1], self.outside)[:, : targets.shape[1]]
        codes = np.where((codes == NO_TAG) & (targets != NO_TAG), self.outside, codes)
        return tag_counts(codes, targets, self.scheme)

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric, sentences resampled."""
        return resampled_over_examples(tag_metrics, self.counts(decoded, targets), weights)
