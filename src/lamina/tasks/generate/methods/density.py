"""Normalizing flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.core.wanted import DENSITY
from lamina.tasks.generate.methods.base import TRAINING, AbstractMethod
from lamina.tasks.generate.methods.registry import METHODS

if TYPE_CHECKING:
    from lamina.core.inputs import AbstractSampleInputs
    from lamina.objectives.samples import AbstractGenerativeObjective


class Density(AbstractMethod):
    """An invertible network turns noise into rows, and rows into noise."""

    name = "density"
    summary = "an invertible network: the exact density of each row, in one evaluation"
    wants = DENSITY
    of_rows = "spline-flow"
    batch = 512
    steps = {"fast": 400, "balanced": 1_500, "best": 6_000}  # noqa: RUF012
    training = {**TRAINING, "lr": 2e-3}  # noqa: RUF012

    def objective(self, space: AbstractSampleInputs, keys: Any) -> AbstractGenerativeObjective:
        """Return the negative logarithm of the density."""
        from lamina.objectives.density import DensityObjective

        return DensityObjective(space)


METHODS.add(Density.name, Density())
