"""How samples are read, and which model learns to generate them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.modalities.base import Block, Choice, Situation
from lamina.tasks.generate.methods.registry import METHODS
from lamina.tasks.samples.guide import AbstractSampleGuide

if TYPE_CHECKING:
    pass


class GenerateGuide(AbstractSampleGuide):
    """The method of the run chooses."""

    def wanted(self, target: Any) -> str:
        """Return what the method wants of a model."""
        return METHODS[target.method].wants

    def choose(self, situation: Situation, blocks: Sequence[Block], target: Any) -> Choice:
        """Return what the method chooses."""
        return METHODS[target.method].choose(situation)
