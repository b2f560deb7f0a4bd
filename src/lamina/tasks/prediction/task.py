"""What the four tasks of prediction share: roles, and a table of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina.data.leaks import LeakJudge
from lamina.data.schema import NUMBERS, Schema
from lamina.modalities.blocks import Claims
from lamina.tasks.base import AbstractTask, Roles, Suit
from lamina.tasks.embed import EMBED
from lamina.tasks.prediction.guess import guess_task
from lamina.tasks.schema import assign_roles

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable


class AbstractPredictionTask(AbstractTask):
    """Predicts a class, flags or numbers for each row.

    Attributes:
        other: the task that whole numbers could ask for too, or empty.
    """

    other: str = ""
    verbs = EMBED

    def suits(self, table: AbstractTable, targets: Sequence[str]) -> Suit | None:
        """Return why it may be taken, where the targets ask for it.

        Raises:
            DataError: the targets are neither labels nor numbers.
        """
        if guess_task(table, targets) != self.name:
            return None
        integers = len(targets) == 1 and table.labels(targets[0]).storage == "integer"
        fix = f"if that is wrong: task={self.other}" if self.other and integers else ""
        return Suit(f"the values of the target ask for {self.name}", fix)

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return inputs and targets; a column that equals the target is left out."""
        judge = LeakJudge(claims.table, given.targets, numbers=self.target_kind == NUMBERS)
        return assign_roles(claims, given, task=self.name, target_kind=self.target_kind, is_leak=judge)
