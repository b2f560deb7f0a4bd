"""What is asked of a network that reconstructs: samples again, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Again:
    """Answers with the samples again, (batch, *shape).

    Args:
        objective: that the network was trained by.
    """

    objective: Any
    decoded_type = np.float32

    def answer(self, model: Any, x: Any) -> Any:
        """Return each sample as the network gives it back."""
        return self.objective.reconstruct(model, x)


@dataclass(frozen=True)
class Errors:
    """Answers with the error of each column or pixel, (batch, columns) or (batch, y, x).

    Args:
        objective: that the network was trained by.
    """

    objective: Any
    decoded_type = np.float32

    def answer(self, model: Any, x: Any) -> Any:
        """Return the errors."""
        return self.objective.errors(model, x)


@dataclass(frozen=True)
class Codes:
    """Answers with the code of each sample, (batch, features).

    Args:
        objective: that the network was trained by.
    """

    objective: Any
    decoded_type = np.float32

    def answer(self, model: Any, x: Any) -> Any:
        """Return what the model marks as the vector of each sample."""
        from lamina.objectives.vectors import Vectors

        return Vectors().answer(model, self.objective.units(x["sample"]))
