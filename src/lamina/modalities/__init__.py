"""Modalities: everything Lamina knows about one sort of column each."""

from lamina.modalities.base import (
    AbstractCheck,
    AbstractEncoder,
    AbstractModality,
    Block,
    Choice,
    Description,
    Learned,
    Outcome,
    Situation,
    Strange,
    Subject,
    Unreadable,
)
from lamina.modalities.registry import MODALITIES

__all__ = [
    "MODALITIES",
    "AbstractCheck",
    "AbstractEncoder",
    "AbstractModality",
    "Block",
    "Choice",
    "Description",
    "Learned",
    "Outcome",
    "Situation",
    "Strange",
    "Subject",
    "Unreadable",
]
