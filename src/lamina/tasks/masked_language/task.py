"""Masked language modeling as a task: tokens of a text are hidden, and guessed from those around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import key
from lamina.core.wanted import EACH
from lamina.modalities.base import Outcome
from lamina.tasks.base import Examples
from lamina.tasks.examiner import AbstractExaminer, Asked
from lamina.tasks.language.task import AbstractTextTask, LanguageKeys
from lamina.tasks.language.tokens import measured, watched, windows_of
from lamina.tasks.masked_language.guide import MaskedLanguageGuide
from lamina.tasks.masked_language.verbs import VERBS
from lamina.tasks.registry import TASKS

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

MASKED_LANGUAGE = "masked_language"
_SHARE: dict[str, Any] = {"check": lambda value: 0 < value < 1, "expected": "> 0 and < 1"}


@dataclass(frozen=True)
class MaskedLanguageKeys(LanguageKeys):
    """The keys of masked language models."""

    mask_share: float = key(0.15, "share of the tokens that are hidden and have to be guessed", **_SHARE)


class HiddenTokens(AbstractExaminer):
    """Windows of the tokens of all texts; the objective hides some of them, and all are what is wanted."""

    def asked(self, table: AbstractTable, schema: Schema, encoder: Any, target: Any) -> Asked:
        """Return the windows, each to be read from its first token."""
        windows = measured(windows_of(encoder, table, np.arange(table.height), target.context))
        return Asked(windows, windows[:, : target.context], is_by_row=False)

    def watched(self, examples: Examples) -> Examples:
        """Return the windows by which a network is measured while it trains."""
        return watched(examples)


class MaskedLanguageTask(AbstractTextTask):
    """Which tokens are hidden in a text, told by those on both sides."""

    name = MASKED_LANGUAGE
    summary = "guesses hidden tokens of a text"
    learns = "to guess what is hidden in a text"
    keys = MaskedLanguageKeys
    verbs = VERBS
    wants = EACH
    guide = MaskedLanguageGuide()
    examiner = HiddenTokens()

    def objective(self, inputs: Any, target: Any, keys: MaskedLanguageKeys) -> AbstractObjective:
        """Return the surprise at hidden tokens."""
        from lamina.objectives.masked_token import MaskedTokenObjective

        return MaskedTokenObjective(inputs.symbols, target.context, keys.mask_share)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return examples, and how far stated probabilities can be believed."""
        from lamina.tasks.masked_language.sections import masked_sections

        return masked_sections(outcome)


TASKS.add(MASKED_LANGUAGE, MaskedLanguageTask())
