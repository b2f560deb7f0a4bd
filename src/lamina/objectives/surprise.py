"""Surprise: how unlikely the cells of a row are, given others of its cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits, hashed_keys
from lamina.core.inputs import RowSampleInputs
from lamina.objectives.anomaly import AbstractAnomalyObjective
from lamina.objectives.base import Batch, Losses
from lamina.ops.groups import group_losses

_UNIT = 1 / (1 << 24)
_EVALUATES = 0x51B7  # key of what is hidden in evaluation


@dataclass(frozen=True)
class SurpriseObjective(AbstractAnomalyObjective):
    """The mean negative log-probability of hidden cells, given those that are shown.

    loss = -mean over hidden cells j of log p(x_j | cells that are shown)

    Each cell is one of some bins or categories. In training the share of cells that are shown is uniform in
    [0, 1), and which ones they are is random, other ones for each row and step; so the network learns all
    conditional distributions at once, from p(x_j) alone to p(x_j | all others). A row's `errors` are the
    means of -log p(x_j | shown) over shares from none to nearly all: a cell is surprising where it is rare by
    itself, or rare beside the others. Their sum over the columns is the row's surprise.

    Models give logits of the cells of a row whose hidden cells are zero throughout
    (`lamina.core.wanted.CODE`).

    Args:
        space: columns as groups of bins or categories.
        levels: shares of shown cells at which a row is measured.
        passes: choices of shown cells at each share but none.

    References:
        Uria, Murray, Larochelle. A deep and tractable density estimator. ICML 2014.
        Goldstein, Dengel. Histogram-based outlier score (HBOS). KI 2012 (what is left where nothing is
        shown).
    """

    space: RowSampleInputs
    levels: tuple[float, ...] = (0.25, 0.5, 0.75, 0.95)
    passes: int = 8

    @property
    def columns(self) -> int:
        """How many columns a row has."""
        return len(self.space.groups)

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted surprise at hidden cells."""
        codes, keys = batch["x"], hashed_keys(key, 3)
        share = _uniform(keys[0], (len(codes), 1))
        hidden = _uniform(keys[1], codes.shape) >= share
        nats = self._nats(model, codes, hidden, key=keys[2], train=True)
        return {"all": (_mean(nats, hidden, batch["weight"]), {})}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of the mean surprise at hidden cells, and of weights."""
        weight = batch["weight"]
        mean = self.errors(model, {"sample": batch["x"]}).mean(axis=1)
        return {"loss": (mean * weight).sum(), "weight": weight.sum()}

    def answer(self, model: Any, x: Any) -> Array:
        """Return the surprise of each row, and of each of its cells, (b, 1 + columns)."""
        errors = self.errors(model, x)
        return jnp.concatenate([errors.sum(axis=1, keepdims=True), errors], axis=1)

    def errors(self, model: Any, x: Any) -> Array:
        """Return the surprise at each cell in nats, (b, columns).

        Args:
            model: in evaluation mode.
            x: ``{"sample": codes (b, columns)}``.
        """
        codes = x["sample"]
        shown = jnp.asarray(self._shown())

        def of_choice(total: Any, choice: Array) -> tuple[Any, None]:
            hidden = jnp.broadcast_to(~choice, codes.shape)
            return total + self._nats(model, codes, hidden) * hidden, None

        first = jnp.zeros(codes.shape, jnp.float32)
        total, _ = jax.lax.scan(of_choice, first, shown)
        return total / jnp.asarray((~self._shown()).sum(axis=0), jnp.float32)

    def _shown(self) -> np.ndarray:
        """Return which cells are shown each time, (choices, columns): none at first."""
        generator = np.random.default_rng(_EVALUATES)
        columns, choices = self.columns, [np.zeros(self.columns, bool)]
        for level in self.levels:
            count = min(math.ceil(level * columns), columns - 1)
            for _ in range(self.passes if count else 0):
                choices.append(generator.permutation(columns) < count)
        return np.stack(choices)

    def _nats(
        self, model: Any, codes: Array, hidden: Array, *, key: Any = None, train: bool = False
    ) -> Array:
        """Return -log p of each cell, (b, columns), by logits that depend on cells that are not hidden."""
        starts, of_features = self._places()
        given = (codes.astype(jnp.int32) + starts)[:, of_features]
        row = (given == jnp.arange(len(of_features), dtype=jnp.int32)[None]).astype(jnp.float32)
        logits = model(row * ~hidden[:, of_features], key=key, train=train)
        return group_losses(logits.astype(jnp.float32), row, self.space.groups)

    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the first feature of each column, and the column of each feature."""
        groups = np.array(self.space.groups, np.int32)
        return np.cumsum(groups, dtype=np.int32) - groups, np.repeat(np.arange(len(groups)), groups)


def _mean(values: Array, counted: Array, weight: Array) -> Array:
    """Return the mean of those values that are counted, rows weighted, zero where there are none."""
    weights = counted * weight.astype(values.dtype)[:, None]
    return (values * weights).sum() / jnp.maximum(weights.sum(), 1e-12)


def _uniform(key: Any, shape: tuple[int, ...]) -> Array:
    return (hashed_bits(key, shape) >> 8).astype(jnp.float32) * _UNIT
