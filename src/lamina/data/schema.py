"""What each column is for and what it holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lamina.data.spellings import unit_of

CLASSES, FLAGS, NUMBERS, CELLS, NOTHING = "classes", "flags", "numbers", "cells", "nothing"
TEXTS, TAGS = "texts", "tags"
TARGET_KINDS = (CLASSES, FLAGS, NUMBERS, CELLS, TEXTS, TAGS, NOTHING)


@dataclass(frozen=True)
class ColumnSchema:
    """One input column.

    Args:
        name: the column.
        kind: what it holds, in the words of its modality, such as ``numeric``.
        detail: what its encoder needs to know, such as the format of dates.
        modality: name of the modality that reads it.
    """

    name: str
    kind: str
    detail: str = ""
    modality: str = ""


@dataclass(frozen=True)
class Schema:
    """The columns of a table by their role.

    Args:
        inputs: columns that are learned from.
        dropped: columns left out, each with the reason.
        targets: columns to be predicted, perhaps none.
        task: name of the task.
        target_kind: what the targets hold, one of `TARGET_KINDS`: one class out of several, several flags of
            0 and 1, numbers, cells such as masks, texts, or a tag for each word.
        weight: column of row weights.
        group: column whose rows of one value stay on one side of every split.
        time: column by which the last rows become the validation rows.
        split: column that says ``train``, ``valid`` or ``test``.
        forms: how columns of texts are read as numbers or dates (see `lamina.data.forms`), by their names.
        context: columns that are seen of the examples around one, and are no inputs of a row by themselves.
    """

    inputs: tuple[ColumnSchema, ...]
    dropped: tuple[tuple[str, str], ...]
    targets: tuple[str, ...]
    task: str
    target_kind: str = NOTHING
    weight: str | None = None
    group: str | None = None
    time: str | None = None
    split: str | None = None
    forms: tuple[tuple[str, str], ...] = ()
    context: tuple[ColumnSchema, ...] = ()

    @property
    def read(self) -> tuple[ColumnSchema, ...]:
        """The columns that a network reads: inputs and context."""
        return self.inputs + self.context

    @property
    def has_classes(self) -> bool:
        """Whether a row has one class out of several."""
        return self.target_kind == CLASSES

    @property
    def has_flags(self) -> bool:
        """Whether a row has several flags, some of which may be unknown."""
        return self.target_kind == FLAGS

    @property
    def has_numbers(self) -> bool:
        """Whether the targets are numbers."""
        return self.target_kind == NUMBERS

    @property
    def roles(self) -> dict[str, str | None]:
        """The columns that rule weights and the split, by their role."""
        return {"weight": self.weight, "group": self.group, "time": self.time, "split": self.split}

    def unit(self, name: str) -> str:
        """Return the unit that stood beside the numbers of a column, or an empty text."""
        return unit_of(dict(self.forms).get(name, ""))

    def to_json(self) -> dict[str, Any]:
        """Return the schema as a dict that JSON can hold."""
        stored = asdict(self)
        stored["forms"] = dict(self.forms)
        return {name: value for name, value in stored.items() if value or name not in ("forms", "context")}

    @staticmethod
    def from_json(stored: dict[str, Any]) -> Schema:
        """Return the schema that :meth:`to_json` stored."""
        return Schema(
            **stored
            | {
                "inputs": tuple(ColumnSchema(**column) for column in stored["inputs"]),
                "dropped": tuple((name, reason) for name, reason in stored["dropped"]),
                "targets": tuple(stored["targets"]),
                "forms": tuple(stored.get("forms", {}).items()),
                "context": tuple(ColumnSchema(**column) for column in stored.get("context", ())),
            }
        )
