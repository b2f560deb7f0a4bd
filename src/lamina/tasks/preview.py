"""Previews: what a network makes while it still learns, for a person to see how far it has come."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.modalities.base import Outcome


@dataclass(frozen=True, eq=False)
class Preview:
    """What a model made at the end of an epoch.

    Args:
        value: what it is, for the section of the task: a text, samples.
        line: the same in one line for a console, or empty where it cannot be said in one.
    """

    value: Any
    line: str = ""


FIRST = 36  # the first preview is due after this part of the epochs

# A model, its arrays on the host → what it makes; None where such a model makes nothing.
Previewer = Callable[[Any], Preview | None]


class AbstractWatcher(abc.ABC):
    """Shows how far a network has come while it still learns."""

    @abc.abstractmethod
    def previewer(self, objective: Any, encoder: Any, target: Any, *, seed: int) -> Previewer:
        """Return what looks at a model.

        It may change nothing that training depends on; what it draws is decided by the seed alone.

        Args:
            objective: what is minimized.
            encoder: of the inputs.
            target: fitted.
            seed: decides what is drawn.
        """


def note_of_previews(outcome: Outcome) -> str:
    """Return what is to be said of epochs that nobody looked at; empty where none is missing.

    Args:
        outcome: of the run.
    """
    first = min(outcome.previews, default=0)
    if first <= -(-int(outcome.keys["epochs"]) // FIRST):
        return ""
    return f"Samples before epoch {first:,} are not there: the run was resumed after they had been seen."
