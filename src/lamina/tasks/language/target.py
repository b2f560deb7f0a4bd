"""The targets of a language model: the symbols of the text itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import json_checks
from lamina.core.json_checks import record
from lamina.tasks.base import AbstractTarget

_FORM = record(context=json_checks.size)


@dataclass(frozen=True)
class LanguageTarget(AbstractTarget):
    """The next symbol at every position.

    Args:
        context: symbols that are read at once.
        tokens: about how many symbols the training texts have; 0 where it is not known.
    """

    context: int
    tokens: int = 0
    names = ()

    def transform(self, table: Any, rows: np.ndarray | None = None) -> np.ndarray:
        """Return nothing for each row: the targets are in the inputs."""
        return np.zeros(table.height if rows is None else len(rows), np.float32)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return what `lamina.objectives.next_token.NextTokenObjective.answer` gave."""
        return decoded

    def caption(self, value: Any) -> str:
        """Return an empty text: a passage has no label."""
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {"context": self.context}

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> LanguageTarget:
        """Return the target in an artifact's JSON, each field checked."""
        _FORM(stored, place)
        return LanguageTarget(stored["context"])
