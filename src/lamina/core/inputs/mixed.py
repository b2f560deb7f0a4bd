"""Several blocks of inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs, Inputs

PRESENT = "present"  # the one name that no block has: where ``x`` says which rows have an optional block


@dataclass(frozen=True)
class MixedInputs(AbstractInputs):
    """Several blocks: ``x`` is a dict, by block.

    Where a row may lack a block, ``x["present"]`` is a dict too: for each optional block a boolean a row;
    what stands in the block of a row that lacks it is zero.

    Args:
        blocks: what a model is told about each block, by its name.
        optional: the blocks that a row may lack, such as an image without a path.
    """

    blocks: Mapping[str, Inputs]
    optional: tuple[str, ...] = ()
