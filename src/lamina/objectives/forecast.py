"""What a model of series minimizes: the error of the steps that come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.objectives.base import AbstractObjective, Batch, Interval, Losses, Score, Shown
from lamina.ops import losses as loss_functions


@dataclass(frozen=True)
class ForecastObjective(AbstractObjective):
    """The mean error of the steps that a model looks ahead, series standardized.

    The values stand among the inputs: a forecast begins with the step ``at``. A model gives (batch, series,
    horizon · levels). Steps that nobody measured count for nothing. Of levels q, the pinball loss
    max(q·e, (q − 1)·e), e = value − forecast, is minimized.

    Args:
        horizon: steps that a model looks ahead.
        scale: of each series: by what it was divided.
        loss: ``"mse"``, ``"mae"`` or ``"huber"``; not looked at where there are levels.
        quantiles: increasing levels in (0, 1), 0.5 among them; none: one number a step.

    References:
        Koenker, Bassett. Regression quantiles. Econometrica 1978.
    """

    horizon: int
    scale: tuple[float, ...]
    loss: str = "mse"
    quantiles: tuple[float, ...] = ()
    monitor = {"loss": False, "mse": False, "mae": False}  # noqa: RUF012
    shown = Shown("mse", "valid_mse", lambda value, scale: value)
    decoded_type = np.float32
    noun = "forecast"

    @property
    def out_features(self) -> int:
        """Numbers of the forecast of one series."""
        return self.horizon * max(1, len(self.quantiles))

    @property
    def score(self) -> Score:
        """The mean squared error of standardized series."""
        return Score("mse", lambda targets, points, weights: self.metrics(points, targets, weights)["mse"])

    def _levels(self, outputs: Array) -> Array:
        """Return outputs as (batch, series, horizon), or with their levels as last axis."""
        outputs = outputs.astype(jnp.float32)
        return outputs.reshape(*outputs.shape[:-1], self.horizon, -1) if self.quantiles else outputs

    def _targets(self, x: Any) -> tuple[Array, Array]:
        """Return the values to forecast and whether they were measured, (batch, series, horizon)."""
        steps = jnp.asarray(x["at"])[:, None] + jnp.arange(self.horizon)[None]
        common = x["common"]
        found = (jnp.asarray(common[name])[steps].swapaxes(1, 2) for name in ("values", "known"))
        values, known = found
        return values.astype(jnp.float32), known

    def _errors(self, levels: Array, targets: Array) -> Array:
        """Return the loss of each number."""
        if self.quantiles:
            return loss_functions.quantile_loss(levels, targets[..., None], quantiles=self.quantiles)
        return loss_functions.LOSSES[self.loss](levels, targets)

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss of the numbers that were measured."""
        targets, known = self._targets(batch["x"])
        each = self._errors(self._levels(model(batch["x"], key=key, train=True)), targets)
        weight = jnp.where(known, batch["weight"][:, None, None], 0.0)
        return {"all": ((each * weight).sum() / jnp.maximum(weight.sum(), 1e-12), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of loss, squared and absolute error, each example's mean, and of the weights."""
        targets, known = self._targets(batch["x"])
        levels = self.decode(model(batch["x"]))
        error = (levels[..., self._median] if self.quantiles else levels) - targets
        counts = known.sum((1, 2), keepdims=True).astype(jnp.float32)
        share = jnp.where(known, 1 / jnp.maximum(counts, 1.0), 0.0)
        weight = jnp.where(known.any((1, 2)), batch["weight"], 0.0)
        each = {"loss": self._errors(levels, targets), "mse": error**2, "mae": jnp.abs(error)}
        sums = {name: ((values * share).sum((1, 2)) * weight).sum() for name, values in each.items()}
        return {**sums, "weight": weight.sum()}

    @property
    def _median(self) -> int:
        return self.quantiles.index(0.5)

    def decode(self, outputs: Array) -> Array:
        """Return standardized values, (batch, series, horizon); levels in increasing order behind."""
        levels = self._levels(outputs)
        return jnp.sort(levels, axis=-1) if self.quantiles else levels

    def point(self, decoded: np.ndarray) -> np.ndarray:
        """Return the forecasts, of levels the median: (…, series, horizon)."""
        return decoded[..., self._median] if self.quantiles else decoded

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return mse and mae of standardized series; of levels, the share that lies between the outer ones.

        Args:
            decoded: in the series' own units.
            targets: in the series' own units, (forecasts, series, horizon), NaN where nothing was measured.
            weights: not looked at.
        """
        scale = np.asarray(self.scale)[:, None]
        error = (self.point(decoded).astype(np.float64) - targets) / scale
        known = ~np.isnan(error)
        if not known.any():
            return {"mse": float("nan"), "mae": float("nan")}
        found = {"mse": float((error[known] ** 2).mean()), "mae": float(np.abs(error[known]).mean())}
        if self.quantiles:
            inside = (decoded[..., 0] <= targets) & (targets <= decoded[..., -1])
            found["coverage"] = float(inside[known].mean())
        return found

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return none: forecasts overlap, so that their errors are not independent."""
        return {}
