"""What is asked of a network that reconstructs: samples again, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping
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


def samples_in_units(x: Mapping[str, Any]) -> Any:
    """Return the samples of what a network is asked as its model takes them.

    Args:
        x: ``{"sample", "label"}``.
    """
    from lamina.objectives.samples import as_units

    return as_units(x["sample"])
