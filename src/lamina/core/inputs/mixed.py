"""Several blocks of inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs, Inputs


@dataclass(frozen=True)
class MixedInputs(AbstractInputs):
    """Several blocks: ``x`` is a dict, by block.

    Args:
        blocks: what a model is told about each block, by its name.
    """

    blocks: Mapping[str, Inputs]
