"""How samples are read, and which model learns to generate them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import Inputs
from lamina.modalities.base import Block, Choice, Situation
from lamina.tasks.generate.methods.registry import METHODS
from lamina.tasks.guide import AbstractGuide

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims


class GenerateGuide(AbstractGuide):
    """The method of the run chooses."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return that samples are learned as they are: what training changes would be generated too."""
        return {"augment": ()}

    def inputs(self, given: Inputs, target: Any) -> Inputs:
        """Return what a model is told of the samples."""
        return target.inputs

    def wanted(self, target: Any) -> str:
        """Return what the method wants of a model."""
        return METHODS[target.method].wants

    def choose(self, situation: Situation, blocks: Sequence[Block], target: Any) -> Choice:
        """Return what the method chooses."""
        return METHODS[target.method].choose(situation)
