"""Two texts: one that is read, and one that is written."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs
from lamina.core.inputs.text import TextInputs


@dataclass(frozen=True)
class PairInputs(AbstractInputs):
    """Two texts, ``x = {"source": {"ids", "scale"}, "target": {"ids", "scale"}}``.

    The target holds what stands before each symbol that is to be said: first the symbol that begins a text,
    then the text itself (teacher forcing).

    Args:
        source: what a model is told about the text that is read.
        target: what it is told about the text that is written.
    """

    source: TextInputs
    target: TextInputs
