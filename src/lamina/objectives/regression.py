"""Regression: one number or several, with intervals if asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.objectives.base import (
    AbstractObjective,
    Batch,
    Interval,
    Losses,
    Score,
    Shown,
    over_members,
    with_members,
)
from lamina.ops import losses as loss_functions

MONITOR: Mapping[str, bool] = MappingProxyType({"loss": False, "mse": False})
SHOWN = Shown("rmse", "valid_mse", lambda value, scale: scale * math.sqrt(max(value, 0.0)))

_LOSSES = ("mse", "mae", "huber")


@dataclass(frozen=True)
class RegressionObjective(AbstractObjective):
    """Numbers; targets come standardized, predictions are in their own unit.

    Args:
        targets: how many numbers an example has.
        loss: ``"mse"``, ``"mae"`` or ``"huber"``.

    Example:
        >>> batch = {"x": jnp.array([[3.0]]), "y": jnp.array([[1.0]]), "weight": jnp.ones(1)}
        >>> float(RegressionObjective(1).evaluate(lambda x: x, batch, key=None)["mse"])
        4.0
    """

    targets: int = 1
    loss: str = "mse"
    monitor = MONITOR
    shown = SHOWN

    def __post_init__(self) -> None:
        if self.loss not in _LOSSES:
            known = "one of " + ", ".join(_LOSSES)
            raise ConfigError("this objective has no such loss", expected=known, received=self.loss)

    @property
    def out_features(self) -> int:
        """One number a target."""
        return self.targets

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss of the batch, averaged over targets."""
        outputs = model(batch["x"], key=key, train=True).astype(jnp.float32)
        targets = jnp.broadcast_to(with_members(batch["y"], outputs, features=1), outputs.shape)
        each = loss_functions.LOSSES[self.loss](outputs, targets)
        return {"all": ((over_members(each, len(outputs)) * batch["weight"]).mean(), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of the loss, the squared error and the weights (standardized targets)."""
        values = self.decode(model(batch["x"]))
        loss = loss_functions.LOSSES[self.loss](values, batch["y"]).mean(-1)
        squared = ((values - batch["y"]) ** 2).mean(-1)
        weight = batch["weight"]
        return {"loss": (loss * weight).sum(), "mse": (squared * weight).sum(), "weight": weight.sum()}

    def decode(self, outputs: Array) -> Array:
        """Return the values, (batch, targets), still standardized."""
        outputs = outputs.astype(jnp.float32)
        return outputs if outputs.ndim == 2 else outputs.mean(axis=1)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return rmse, mae and r2."""
        from lamina.objectives.metrics import regression_metrics

        return regression_metrics(targets, decoded, weights)

    @property
    def score(self) -> Score:
        """The error of one target in its own unit, the share explained of several."""
        return _score(self.targets)

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of rmse, mae and r2."""
        from lamina.objectives.metrics import regression_intervals

        return regression_intervals(targets, decoded, weights)


@dataclass(frozen=True)
class QuantileObjective(AbstractObjective):
    """Quantiles of each number: an interval beside the prediction.

    Args:
        targets: how many numbers an example has.
        quantiles: increasing levels in (0, 1), 0.5 among them; the first and the last bound
            the interval.

    Example:
        >>> QuantileObjective(1, (0.1, 0.5, 0.9)).decode(jnp.array([[1.0, 3.0, 2.0]])).tolist()
        [[[1.0, 2.0, 3.0]]]

    References:
        Koenker, Bassett. Regression quantiles. Econometrica 1978. Crossed quantiles are
        sorted: Chernozhukov et al. Quantile and probability curves without crossing.
        Econometrica 2010.
    """

    targets: int = 1
    quantiles: tuple[float, ...] = (0.05, 0.5, 0.95)
    monitor = MONITOR
    shown = SHOWN

    def __post_init__(self) -> None:
        inside = all(0.0 < level < 1.0 for level in self.quantiles)
        rising = all(a < b for a, b in zip(self.quantiles, self.quantiles[1:], strict=False))
        if not (inside and rising and 0.5 in self.quantiles):
            raise ConfigError(
                "quantiles are out of order or range",
                expected="increasing levels in (0, 1), 0.5 among them",
                received=self.quantiles,
            )

    @property
    def out_features(self) -> int:
        """One number a target and level."""
        return self.targets * len(self.quantiles)

    @property
    def median(self) -> int:
        """Place of the level 0.5."""
        return self.quantiles.index(0.5)

    def _levels(self, outputs: Array) -> Array:
        return outputs.astype(jnp.float32).reshape(*outputs.shape[:-1], self.targets, len(self.quantiles))

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted pinball loss of the batch."""
        outputs = model(batch["x"], key=key, train=True)
        levels = self._levels(outputs)
        targets = with_members(batch["y"], outputs, features=1)[..., None]
        targets = jnp.broadcast_to(targets, (*levels.shape[:-1], 1))
        each = loss_functions.quantile_loss(levels, targets, quantiles=self.quantiles)
        return {"all": ((over_members(each, len(outputs)) * batch["weight"]).mean(), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of the pinball loss, the squared error of the median and the weights."""
        levels, weight = self.decode(model(batch["x"])), batch["weight"]
        pinball = loss_functions.quantile_loss(levels, batch["y"][..., None], quantiles=self.quantiles)
        squared = ((levels[..., self.median] - batch["y"]) ** 2).mean(-1)
        return {
            "loss": (pinball.mean(-1) * weight).sum(),
            "mse": (squared * weight).sum(),
            "weight": weight.sum(),
        }

    def decode(self, outputs: Array) -> Array:
        """Return the levels in increasing order, (batch, targets, quantiles), standardized."""
        levels = self._levels(outputs)
        levels = levels if outputs.ndim == 2 else levels.mean(axis=1)
        return jnp.sort(levels, axis=-1)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return rmse, mae and r2 of the median, and coverage and width of the interval."""
        from lamina.objectives.metrics import regression_metrics

        found = regression_metrics(targets, self.point(decoded), weights)
        inside = (targets >= decoded[..., 0]) & (targets <= decoded[..., -1])
        width = (decoded[..., -1] - decoded[..., 0]).mean(-1)
        found["coverage"] = float(np.average(inside.mean(-1), weights=weights))
        found["interval_width"] = float(np.average(width, weights=weights))
        return found

    @property
    def score(self) -> Score:
        """The error of one target in its own unit, the share explained of several."""
        return _score(self.targets)

    def point(self, decoded: np.ndarray) -> np.ndarray:
        """Return the median, (batch, targets)."""
        return decoded[..., self.median]

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of rmse, mae and r2."""
        from lamina.objectives.metrics import regression_intervals

        return regression_intervals(targets, self.point(decoded), weights)


def _score(targets: int) -> Score:
    from lamina.objectives.metrics import r2, rmse

    return Score("rmse", rmse) if targets == 1 else Score("r2", r2)
