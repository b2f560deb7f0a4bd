"""How the inputs of a task are read, and what learns them: as their modality or the task says."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lamina.core.inputs import Inputs
    from lamina.data.schema import Schema
    from lamina.modalities.base import Block, Choice, Situation
    from lamina.modalities.blocks import Claims
    from lamina.tasks.base import AbstractTarget, AbstractTask


# Training keys of networks that write, measured with a small GPT by benchmarks/rows/language.py: docs/log.md,
# "nanoGPT's small configuration".
WRITING: Mapping[str, Any] = MappingProxyType(
    {
        "optimizer": "muon",
        "schedule": "cosine",
        "lr": 3e-3,
        "warmup": 0.05,
        "weight_decay": 0.1,
        "beta2": 0.99,
        "clip": 1.0,
        "patience": 1000,  # the rate falls to zero: the last epochs are the best
    }
)


LARGEST_VOCABULARY, SMALLEST_VOCABULARY = 8_000, 500  # pieces of words


def vocabulary_for(amount: int, *, per_piece: int) -> int:
    """Return how many pieces of words are told apart.

    Args:
        amount: of what is learned from: characters, or texts.
        per_piece: as much of it as a piece should stand in.

    Example:
        >>> [vocabulary_for(pairs, per_piece=12) for pairs in (100, 24_000, 1_000_000)]
        [500, 2000, 8000]
    """
    return max(SMALLEST_VOCABULARY, min(LARGEST_VOCABULARY, amount // per_piece))


def rounding_keys() -> dict[str, Any]:
    """Return the key by which products round their operands, where that is faster; else none."""
    from lamina.ops.native import library

    return {"precision": "mixed"} if library.has_kernels("rounded_dense", np.float32) else {}


def writing_keys() -> dict[str, Any]:
    """Return training keys of networks that write; products round their operands where that is faster."""
    return {**WRITING, **rounding_keys()}


def wanted(task: AbstractTask, target: AbstractTarget) -> str:
    """Return what outputs a task wants of a model, one of `lamina.core.wanted.WANTED`.

    Args:
        task: what is asked for.
        target: fitted.
    """
    return task.guide.wanted(target) or task.wants


class AbstractGuide(abc.ABC):
    """What is decided for a task where the user says nothing. NumPy only."""

    @abc.abstractmethod
    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return keys of modalities, such as how texts are cut.

        Args:
            claims: the data, and who reads which column.
            schema: columns and their roles.
            keys: of the task.
        """

    @abc.abstractmethod
    def choose(self, situation: Situation, blocks: Sequence[Block], target: AbstractTarget) -> Choice:
        """Return model, options and keys for inputs of one block.

        Args:
            situation: what the model is chosen for.
            blocks: of the inputs.
            target: fitted.
        """

    def inputs(self, given: Inputs, target: AbstractTarget) -> Inputs:
        """Return what a model is told about its inputs: by default what the encoder gives.

        Args:
            given: what the encoder gives.
            target: fitted.
        """
        return given

    def wanted(self, target: AbstractTarget) -> str | None:
        """Return what outputs a model has to give, where the target decides it; None: what the task wants.

        Args:
            target: fitted.
        """
        return None


class ByModality(AbstractGuide):
    """Everything is as the modality of the inputs chooses."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return no keys."""
        return {}

    def choose(self, situation: Situation, blocks: Sequence[Block], target: AbstractTarget) -> Choice:
        """Return what the modality of the block chooses."""
        return blocks[0].modality.choose(situation)
