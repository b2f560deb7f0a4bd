"""Rollback of a run that is no longer finite: to its last good state, with a lower rate."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import RunError

if TYPE_CHECKING:
    from lamina.train.safeguard.checkpoint import Snapshot

KEEP_STEPS = 256  # between good states kept in memory: a copy each epoch would slow tiny epochs down
LR_FACTOR = 0.5
_MOMENT = ("epoch", "done", "step", "rollbacks")  # what of a place tells one moment of a run from any other
_WEIGHTS = ("model.", "optimizer.", "average.", "best.")


def is_finite(arrays: Mapping[str, np.ndarray]) -> bool:
    """Return whether all weights and moments of a training state are finite.

    Example:
        >>> is_finite({"model.weight": np.array([1.0, np.nan])}), is_finite({"best_value": np.array(np.inf)})
        (False, True)
    """
    kept = [array for name, array in arrays.items() if name.startswith(_WEIGHTS)]
    return all(np.isfinite(array).all() for array in kept if np.issubdtype(array.dtype, np.inexact))


class Rollback:
    """Keeps the last good state of a run, and counts how often it was rolled back to.

    A single step that is not finite is skipped inside the compiled program. Where that does not help, or
    the weights themselves are lost, the run goes on from the last state whose weights were all finite,
    the k-th time with 2⁻ᵏ of that state's rate: the same examples come again, but a shorter step from the
    same place need not end where the longer one did.

    Args:
        most: how often a run may be rolled back before it is given up.
        patience: steps in a row that may be skipped.
    """

    def __init__(self, *, most: int, patience: int):
        self.most, self.patience, self.count = most, patience, 0
        self._good: Snapshot | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no state to go back to yet."""
        return self._good is None

    def keep(self, snapshot: Snapshot) -> bool:
        """Keep a state to go back to if it is finite, and say whether it is."""
        if not is_finite(snapshot.arrays):
            return False
        self._good = dataclasses.replace(snapshot, good=None)
        return True

    def restore(self, snapshot: Snapshot) -> None:
        """Set count and good state as they were at a snapshot."""
        self.count = snapshot.place["rollbacks"]
        self.keep(snapshot.good or snapshot)

    def good_before(self, place: Mapping[str, Any]) -> Snapshot | None:
        """Return the good state, or None where it is that of this place, or there is none yet."""
        if self._good is None or all(self._good.place[name] == place[name] for name in _MOMENT):
            return None
        return self._good

    def is_due(self, step: int) -> bool:
        """Return whether another state should be kept by now."""
        return self._good is None or step - self._good.place["step"] >= KEEP_STEPS

    def back(self, *, epoch: int, step: int, why: str, rows: np.ndarray) -> tuple[Snapshot, float]:
        """Return the state to go on from and the factor on its learning rate.

        Args:
            epoch: the epoch it failed in, from 1.
            step: the last step taken.
            why: what was not finite.
            rows: row numbers of the last batch.

        Raises:
            RunError: it was rolled back too often.
        """
        if self._good is None or self.count >= self.most:
            shown = ", ".join(str(row) for row in rows.reshape(-1)[:8])
            raise RunError(
                why,
                where=f"epoch {epoch}, step {step}",
                received=f"{self.count} rollbacks with a lower lr; last batch: training rows {shown} …",
                fix="lower lr, set clip=1.0, or look at the data with `lamina check`",
            )
        self.count += 1
        return self._good, LR_FACTOR**self.count
