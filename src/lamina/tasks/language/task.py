"""Language modeling as a task: a text is learned from, and gone on with."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.keys import key, up_to
from lamina.core.wanted import NEXT
from lamina.core.wording import count
from lamina.data.audit.findings import Finding, error
from lamina.data.schema import NOTHING, Schema
from lamina.data.split import SplitKeys
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.modalities.blocks import Claims
from lamina.modalities.text.modality import TEXT
from lamina.tasks.base import AbstractSelector, AbstractTask, Examples, Roles, Selection, Suit
from lamina.tasks.language.guide import LanguageGuide
from lamina.tasks.language.passages import passages, rule_of, split_passages
from lamina.tasks.language.target import LanguageTarget
from lamina.tasks.language.tokens import DOCUMENT, Windows, stream_of, text_encoder
from lamina.tasks.language.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.schema import assign_roles

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

LANGUAGE = "language"
MOST_CONTEXT = 1 << 16
FEWEST_CHARACTERS = 200
_ONLY_TEXT = "a language model reads one column of texts"


@dataclass(frozen=True)
class LanguageKeys:
    """The keys of language models."""

    context: int | None = key(None, "tokens that are read at once", **up_to(MOST_CONTEXT))


class LanguageTask(AbstractTask, AbstractSelector):
    """What comes next in a text, token by token."""

    name = LANGUAGE
    summary = "predicts what comes next in a text"
    keys = LanguageKeys
    target_kind = NOTHING
    verbs = VERBS
    needs_target = False
    wants = NEXT
    predicts = False
    guide = LanguageGuide()
    examiner = Windows()

    def suits(self, table: AbstractTable, targets: Sequence[str]) -> Suit | None:
        """Return why it may be taken: the data are one text, and nothing beside it."""
        if targets or len(table.names) != 1 or table.height != 1 or table.text_names != table.names:
            return None
        return Suit("the data are one text")

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return the column of texts as input; other columns are left out.

        Raises:
            DataError: there is no column of texts, or several.
        """
        if given.targets:
            message = f"the task {self.name} has no target: it learns what comes next in a text"
            fix = "leave the target out; name the column of texts with keep=, the others with drop="
            raise DataError(message, where=claims.table.source, received=", ".join(given.targets), fix=fix)
        schema = assign_roles(claims, given, task=self.name, target_kind=self.target_kind)
        texts = [column for column in schema.inputs if column.kind == TEXT]
        texts = [column for column in texts if column.name in given.keys.keep] or texts
        if len(texts) != 1:
            names = ", ".join(f"'{column.name}'" for column in texts) or "none"
            fix = "leave the others out: drop=" if texts else "say what is text: read_as=COLUMN:text"
            raise DataError("not one column of texts", where=claims.table.source, received=names, fix=fix)
        others = tuple((c.name, _ONLY_TEXT) for c in schema.inputs if c.name != texts[0].name)
        return dataclasses.replace(schema, inputs=tuple(texts), dropped=(*schema.dropped, *others))

    def select(self, table: AbstractTable, schema: Schema, split: SplitKeys, keys: Any) -> Selection:
        """Return the texts cut into passages, so that some of them train and others validate."""
        import polars as pl

        from lamina.data.frame import FrameTable
        from lamina.modalities.text.encoder import texts_of

        name = schema.inputs[0].name
        if schema.split is not None or schema.group is not None or schema.time is not None:
            return Selection(table)  # the data say which texts validate
        found, documents = passages(texts_of(table, name, verbatim=True))
        frame = pl.DataFrame({name: found, DOCUMENT: documents})
        cut = FrameTable(frame, source=table.source, doubts=table.doubts, clean=False)
        return Selection(cut, split=functools.partial(split_passages, documents), rule=rule_of(documents))

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield whether there is too little text."""
        table = subject.table if other is None else other
        texts = table.labels(subject.schema.inputs[0].name).distinct().spellings()
        size = sum(map(len, texts))
        if size < FEWEST_CHARACTERS:
            message = f"{count(size)} characters are too few to learn from"
            yield error("too-few-tokens", table.source, message, f"give at least {FEWEST_CHARACTERS}")

    def fit(self, learned: Learned, keys: LanguageKeys) -> LanguageTarget:
        """Return the target: how many tokens are read at once, and how many there are."""
        stream = stream_of(learned.encoder, learned.table, learned.rows)
        return LanguageTarget(text_encoder(learned.encoder).length, len(stream.tokens))

    def restore(self, stored: Mapping[str, Any], place: str) -> LanguageTarget:
        """Return the target in an artifact's JSON."""
        return LanguageTarget.restore(stored, place)

    def examples(
        self, table: AbstractTable, schema: Schema, encoder: Any, target: Any, rows: np.ndarray
    ) -> Examples:
        """Return windows of the tokens of some passages."""
        windows = stream_of(encoder, table, rows).windows(target.context)
        return Examples({"x": windows, "weight": np.ones(len(windows), np.float32)}, len(windows))

    def objective(self, inputs: Any, target: Any, keys: LanguageKeys) -> AbstractObjective:
        """Return the surprise at the next token."""
        from lamina.objectives.next_token import NextTokenObjective

        return NextTokenObjective(inputs.symbols, target.context)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return samples, and how far stated probabilities can be believed."""
        from lamina.tasks.language.sections import language_sections

        return language_sections(outcome)


TASKS.add(LANGUAGE, LanguageTask())
