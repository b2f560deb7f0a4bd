"""Texts as numbers of symbols."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs


@dataclass(frozen=True)
class TextInputs(AbstractInputs):
    """Texts cut into symbols, ``x = {"ids": int32 (b, t), "scale": float32 (b, t)}``.

    A text that is shorter than t is filled up by the id -1. ``scale`` is the weight of each symbol in the
    text, 0 where it is filled up. Where words are told by their parts too, as by their endings, there is
    ``x["parts"]``, int32 (b, t, p): the parts of each word, filled up by -1. Where outputs are wanted at some
    positions only, ``x["at"]``, int32 (b, k), says at which; a model that gives one for each may follow it.

    Args:
        symbols: how many different symbols there are; ids are below it.
        length: symbols of a text at most, t.
        is_ordered: whether ids stand in the order of the text, as pieces of words do; else they are a bag.
        parts: how many different parts of words there are, 0 where words are not told by them.
    """

    symbols: int
    length: int
    is_ordered: bool = True
    parts: int = 0
