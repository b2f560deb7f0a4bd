"""What every kind of inputs is to a model before it is built."""

from __future__ import annotations


class AbstractInputs:
    """What a model is told about its inputs; a frozen dataclass for each kind, compared by its values."""


Inputs = AbstractInputs | tuple[int, ...]
