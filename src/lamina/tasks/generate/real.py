"""Real examples in the units of models, to compare samples with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.modalities.base import Outcome
from lamina.tasks.samples.images import as_units

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

MOST_TRAINING = 1 << 24  # values of the training examples that neighbors are looked for among
MOST_HELD_OUT = 2_000  # examples


def some_training(outcome: Outcome) -> np.ndarray:
    """Return training examples in random order, those that the outcome holds.

    Args:
        outcome: of the run.
    """
    return _units(_arrays(outcome, outcome.training), outcome.training.height)


def all_training(outcome: Outcome) -> np.ndarray:
    """Return all training examples, or as many of them as memory and time allow.

    Args:
        outcome: of the run.
    """
    table = outcome.training if outcome.trained_on is None else outcome.trained_on()
    arrays = _arrays(outcome, table)
    if not isinstance(arrays, np.ndarray):  # images that stay in their files take long to read
        return some_training(outcome)
    return _units(arrays, max(1, MOST_TRAINING // max(1, int(np.prod(arrays.shape[1:])))))


def held_out(outcome: Outcome) -> np.ndarray | None:
    """Return held-out examples, the first 2,000 at most; None where there are none.

    Args:
        outcome: of the run.
    """
    table = outcome.held_out
    if table is None or not table.height:
        return None
    return _units(_arrays(outcome, table), MOST_HELD_OUT)


def _arrays(outcome: Outcome, table: AbstractTable) -> Any:
    return outcome.target.space.arrays(outcome.encoder, table)


def _units(arrays: Any, most: int) -> np.ndarray:
    """Return the first examples as models take them: bytes of images in [-1, 1]."""
    rows = np.arange(min(most, len(arrays)))
    found = arrays[rows] if isinstance(arrays, np.ndarray) else arrays.take(rows)
    return as_units(found) if found.dtype == np.uint8 else found
