"""Reconstruction as a task: samples are learned by a code from which they can be written again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.core.wanted import CODE
from lamina.modalities.base import Outcome
from lamina.tasks.reconstruct.guide import ReconstructGuide
from lamina.tasks.reconstruct.keys import ReconstructKeys
from lamina.tasks.reconstruct.methods import METHODS
from lamina.tasks.reconstruct.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.samples.owned import check_owned
from lamina.tasks.samples.task import AbstractSampleTask

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.objectives.base import AbstractObjective

RECONSTRUCT = "reconstruct"


class ReconstructTask(AbstractSampleTask):
    """Rows or images again from a code of theirs."""

    name = RECONSTRUCT
    summary = "writes samples again from a short code"
    learns = "what samples are like"
    keys = ReconstructKeys
    verbs = VERBS
    wants = CODE
    guide = ReconstructGuide()

    def method_of(self, inputs: Any, keys: ReconstructKeys) -> str:
        """Return the method that was asked for.

        Raises:
            ConfigError: a key belongs to another.
        """
        check_owned(keys, keys.method, {name: method.own for name, method in METHODS.items()})
        return keys.method

    def objective(self, inputs: Any, target: Any, keys: ReconstructKeys) -> AbstractObjective:
        """Return what the method minimizes."""
        return METHODS[target.method].objective(target.inputs, keys)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return samples beside their reconstructions, errors, and a map of the codes."""
        from lamina.tasks.reconstruct.sections import reconstruct_sections

        return reconstruct_sections(outcome)


TASKS.add(RECONSTRUCT, ReconstructTask())
