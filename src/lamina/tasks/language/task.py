"""Language modeling as a task: a text is learned from, and gone on with."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError, DataError
from lamina.core.keys import key, up_to
from lamina.core.wanted import NEXT
from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, note
from lamina.data.schema import NOTHING, Schema
from lamina.data.split import Split, SplitKeys
from lamina.data.texts.column import FileTextColumn
from lamina.data.texts.table import FileTextTable
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.modalities.blocks import Claims
from lamina.modalities.text.claim import readable
from lamina.modalities.text.encoder import MOST_LEARNED_FROM, TextEncoder
from lamina.modalities.text.modality import TEXT
from lamina.modalities.text.words import WORDS
from lamina.tasks.base import (
    AbstractComparer,
    AbstractSelector,
    AbstractTask,
    Examples,
    Roles,
    Selection,
    Suit,
)
from lamina.tasks.language.guide import LanguageGuide, size_of
from lamina.tasks.language.passages import file_passages, passages, rule_of, split_passages
from lamina.tasks.language.previews import WritingWatcher
from lamina.tasks.language.repeats import repeated_texts
from lamina.tasks.language.streams import MOST_MEASURED
from lamina.tasks.language.target import LanguageTarget
from lamina.tasks.language.tokens import DOCUMENT, Windows, count_tokens, windows_of
from lamina.tasks.language.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.schema import assign_roles, holds_split_words

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

LANGUAGE = "language"
MOST_CONTEXT = 1 << 16
FEWEST_CHARACTERS, FEWEST_MEASURED = 200, 2
_ONLY_TEXT = "a language model reads one column of texts"


@dataclass(frozen=True)
class LanguageKeys:
    """The keys of language models."""

    context: int | None = key(None, "tokens that are read at once", **up_to(MOST_CONTEXT))


class AbstractTextTask(AbstractTask, AbstractSelector, AbstractComparer):
    """What is learned from texts alone: which column, how it is cut into passages and windows.

    Attributes:
        learns: what it learns, for a person who named a target.
    """

    target_kind = NOTHING
    needs_target = False
    predicts = False
    noun = "passage"
    learns: str

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return the column of texts as input; other columns are left out.

        Raises:
            DataError: there is no column of texts, or several; or a column is to hold weights.
        """
        if given.targets:
            message = f"the task {self.name} has no target: it learns {self.learns}"
            fix = "leave the target out; name the column of texts with keep=, the others with drop="
            raise DataError(message, where=claims.table.source, received=", ".join(given.targets), fix=fix)
        if given.keys.weight is not None:
            message = f"the task {self.name} has no weights: every token counts as much as another"
            raise DataError(message, where=claims.table.source, fix="leave weight= out")
        claims = _as_text(claims, given)
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
        column = table.labels(name)
        if isinstance(column, FileTextColumn):
            cut = FileTextColumn(name, file_passages(column.ranges))
            return _in_files(FileTextTable(cut, source=table.source))
        found, documents = passages(texts_of(table, name, verbatim=True))
        frame = pl.DataFrame({name: found, DOCUMENT: documents})
        cut = FrameTable(frame, source=table.source, doubts=table.doubts, clean=False)
        return Selection(cut, split=functools.partial(split_passages, documents), rule=rule_of(documents))

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield whether there is too little text."""
        table, fewest, use = subject.table, FEWEST_CHARACTERS, "to learn from"
        if other is not None:
            table, fewest, use = other, FEWEST_MEASURED, "to measure by"
        size = size_of(table.labels(subject.schema.inputs[0].name))
        if size < fewest:
            message = f"{counted(size, 'character')} {'is' if size == 1 else 'are'} too few {use}"
            yield error("too-few-tokens", table.source, message, f"give at least {fewest}")

    def across(self, subject: Subject, split: Split, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield whether held-out texts repeat those that are trained on."""
        return repeated_texts(subject, split, other)

    def fit(self, learned: Learned, keys: LanguageKeys) -> LanguageTarget:
        """Return the target: how many tokens are read at once, and how many there are.

        Raises:
            ConfigError: the texts are cut in a way that cannot be gone on with.
        """
        encoder = learned.encoder.only
        _check_encoder(encoder, keys)
        return LanguageTarget(encoder.length, count_tokens(learned.encoder, learned.table, learned.rows))

    def restore(self, stored: Mapping[str, Any], place: str) -> LanguageTarget:
        """Return the target in an artifact's JSON."""
        return LanguageTarget.restore(stored, place)

    def examples(
        self, table: AbstractTable, schema: Schema, encoder: Any, target: Any, rows: np.ndarray
    ) -> Examples:
        """Return windows of the tokens of some passages."""
        windows = windows_of(encoder, table, rows, target.context)
        return Examples({"x": windows, "weight": np.ones(len(windows), np.float32)}, len(windows))


class LanguageTask(AbstractTextTask):
    """What comes next in a text, token by token."""

    name = LANGUAGE
    summary = "predicts what comes next in a text"
    learns = "what comes next in a text"
    keys = LanguageKeys
    verbs = VERBS
    wants = NEXT
    guide = LanguageGuide()
    watcher = WritingWatcher()
    examiner = Windows()

    def suits(self, table: AbstractTable, targets: Sequence[str]) -> Suit | None:
        """Return why it may be taken: the data are one text, and nothing beside it."""
        if targets or len(table.names) != 1 or table.height != 1:
            return None
        return Suit("the data are one text") if readable(table.column(table.names[0])) else None

    def objective(self, inputs: Any, target: Any, keys: LanguageKeys) -> AbstractObjective:
        """Return the surprise at the next token."""
        from lamina.objectives.next_token import NextTokenObjective

        return NextTokenObjective(inputs.symbols, target.context)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return samples, and how far stated probabilities can be believed."""
        from lamina.tasks.language.sections import language_sections

        return language_sections(outcome)


def _in_files(table: FileTextTable) -> Selection:
    """Return passages that stay in their files, and what is said of it."""
    documents = table.text_column.ranges.numbers.astype(np.int64)
    size, most = table.text_column.ranges.nbytes / 1e6, MOST_LEARNED_FROM / 1e6
    message = (
        f"{size:,.0f} MB of text stay in their file: tokens are learned from at most {most:,.0f} MB of them "
        f"and cut when a batch asks; {MOST_MEASURED:,} windows spread over the held-out text measure it"
    )
    found = note("large-text", table.source, message)
    split = functools.partial(split_passages, documents)
    return Selection(table, findings=(found,), split=split, rule=rule_of(documents))


def _as_text(claims: Claims, given: Roles) -> Claims:
    """Return the claims with the only column of words as text, however short it is."""
    keys, column = given.keys, claims.table.column
    busy = {keys.group, keys.time, keys.split, *keys.drop}
    words = [name for name in claims.table.names if name not in busy and readable(column(name))]
    words = [name for name in words if not holds_split_words(column(name))]
    if len(words) != 1 or TEXT in claims.modalities.values():
        return claims
    return dataclasses.replace(claims, modalities={**claims.modalities, words[0]: TEXT})


def _check_encoder(encoder: TextEncoder, keys: LanguageKeys) -> None:
    """Refuse texts that are cut so that they cannot be gone on with.

    Raises:
        ConfigError: naming the key.
    """
    if not encoder.tokens.is_ordered:
        kind = encoder.tokens.kind
        fix = "tokens=characters, bpe or bytes"
        raise ConfigError("a language model needs tokens in their order", received=f"tokens={kind}", fix=fix)
    if encoder.tokens.kind == WORDS:
        message = "a language model writes more than the words of its training texts"
        raise ConfigError(message, received=f"tokens={WORDS}", fix="tokens=characters, bpe or bytes")
    if not encoder.ends:
        raise ConfigError("a language model needs the end of a text", fix="leave end_symbol= out")
    if keys.context not in (None, encoder.length):
        message = "context and text_length are one number for a language model, and both are given"
        raise ConfigError(
            message, received=f"{keys.context} and {encoder.length}", fix="leave text_length= out"
        )


TASKS.add(LANGUAGE, LanguageTask())
