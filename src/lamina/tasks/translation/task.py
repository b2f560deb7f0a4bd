"""Translation as a task: pairs of texts are learned from, and one is written for the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.keys import FRACTION, NOT_NEGATIVE, key, one_of, up_to
from lamina.core.wanted import NEXT
from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, warning
from lamina.data.schema import TEXTS, Schema
from lamina.data.split import Split, SplitKeys, split_rows
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.modalities.blocks import Claims
from lamina.modalities.text.claim import is_free_text, readable
from lamina.modalities.text.encoder import TextEncoder, texts_of
from lamina.modalities.text.letters import BYTES, CHARACTERS
from lamina.modalities.text.modality import MOST_TOKENS, TEXT
from lamina.modalities.text.pieces import BPE, UNIGRAM
from lamina.tasks.base import (
    AbstractSelector,
    AbstractTarget,
    AbstractTask,
    Examples,
    Prediction,
    Roles,
    Selection,
    Suit,
)
from lamina.tasks.guide import vocabulary_for
from lamina.tasks.registry import TASKS
from lamina.tasks.schema import assign_roles
from lamina.tasks.translation.guide import PAIRS_PER_PIECE, TranslationGuide
from lamina.tasks.translation.pairs import Pairs, pairs_of
from lamina.tasks.translation.target import TranslationTarget, restore_target
from lamina.tasks.translation.verbs import MOST_BEAMS, VERBS

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

TRANSLATION = "translation"
WORTH_A_WARNING = 0.01  # of the targets are empty
_ONLY_TEXT = "a translator reads one column of texts"


@dataclass(frozen=True)
class TranslationKeys:
    """The keys of translation."""

    label_smoothing: float = key(0.1, "share of each target symbol that is spread over all", **FRACTION)
    beams: int = key(4, "translations that are kept while one is written; 1 is greedy", **up_to(MOST_BEAMS))
    length_penalty: float = key(0.6, "above 0, longer translations are preferred", **NOT_NEGATIVE)
    target_tokens: str | None = key(
        None,
        "what the target is cut into; pieces of words without",
        **one_of(BPE, UNIGRAM, CHARACTERS, BYTES),
    )
    target_vocabulary: int | None = key(
        None, "different tokens of the target that are told apart, at most", **up_to(MOST_TOKENS)
    )


class TranslationTask(AbstractTask, AbstractSelector):
    """One text for another: a translation, an answer, a correction."""

    name = TRANSLATION
    summary = "writes a text for another"
    keys = TranslationKeys
    target_kind = TEXTS
    verbs = VERBS
    wants = NEXT
    noun = "pair"
    guide = TranslationGuide()
    examiner = Pairs()

    def suits(self, table: AbstractTable, targets: Sequence[str]) -> Suit | None:
        """Return why it may be taken: the target is free text, and so is one column beside it."""
        if len(targets) != 1 or targets[0] not in table.names:
            return None
        if not is_free_text(table.column(targets[0])):
            return None
        others = [n for n in table.names if n not in targets and is_free_text(table.column(n))]
        if len(others) != 1:
            return None
        return Suit(f"'{others[0]}' and '{targets[0]}' both hold sentences")

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return one column of texts as input, and one as target; other columns are left out.

        Raises:
            DataError: there is not one target of texts, or not one column of texts beside it.
        """
        where = claims.table.source
        if len(given.targets) != 1:
            raise DataError("not one column to be written", where=where, received=given.targets)
        if not readable(claims.table.column(given.targets[0])):
            message = f"target '{given.targets[0]}' holds no texts"
            raise DataError(message, where=where, fix="name a column of texts: target=")
        claims = _as_text(claims, given.targets)
        schema = assign_roles(claims, given, task=self.name, target_kind=self.target_kind)
        texts = [column for column in schema.inputs if column.kind == TEXT]
        texts = [column for column in texts if column.name in given.keys.keep] or texts
        if len(texts) != 1:
            names = ", ".join(f"'{column.name}'" for column in texts) or "none"
            fix = "leave the others out: drop=" if texts else "say what is text: read_as=COLUMN:text"
            raise DataError("not one column of texts to read", where=where, received=names, fix=fix)
        others = tuple((c.name, _ONLY_TEXT) for c in schema.inputs if c.name != texts[0].name)
        return dataclasses.replace(schema, inputs=tuple(texts), dropped=(*schema.dropped, *others))

    def select(self, table: AbstractTable, schema: Schema, split: SplitKeys, keys: Any) -> Selection:
        """Return all rows; a sentence with several translations is on one side of the split with them."""
        if schema.split is not None or schema.group is not None or schema.time is not None:
            return Selection(table)
        grouped = dataclasses.replace(schema, group=schema.inputs[0].name)

        def split_pairs(shares: SplitKeys, seed: int) -> Split:
            return split_rows(table, grouped, seed=seed, valid=shares.valid, test=shares.test)

        return Selection(table, split=split_pairs, rule="all translations of a sentence on one side")

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield whether texts to be written are empty."""
        table, name = subject.table if other is None else other, subject.schema.targets[0]
        texts = texts_of(table, name, verbatim=True)
        empty = np.flatnonzero([not text.strip() for text in texts])
        if not empty.size:
            return
        where, fix = table.where(int(empty[0]), name), "fill them in, or remove the rows"
        if empty.size == len(texts):
            yield error("empty-target", where, "the texts to be written are all empty", fix)
        elif empty.size > WORTH_A_WARNING * len(texts):
            verb = "is" if empty.size == 1 else "are"
            yield warning("empty-target", where, f"{counted(empty.size, 'target')} {verb} empty", fix)

    def fit(self, learned: Learned, keys: TranslationKeys) -> TranslationTarget:
        """Learn the symbols of the target from training rows."""
        name, source = learned.schema.targets[0], learned.schema.inputs[0].name
        tokens = keys.target_tokens or BPE
        most = (
            vocabulary_for(len(learned.rows), per_piece=PAIRS_PER_PIECE) if tokens in (BPE, UNIGRAM) else None
        )
        encoder = TextEncoder.fit(
            learned.table,
            name,
            rows=learned.rows,
            tokens=tokens,
            vocabulary=keys.target_vocabulary or most,
            lowercase=False,
            verbatim=True,
            ends=True,
        )
        return TranslationTarget(source, encoder)

    def restore(self, stored: Mapping[str, Any], place: str) -> TranslationTarget:
        """Return the target in an artifact's JSON."""
        return restore_target(stored, place)

    def examples(
        self, table: AbstractTable, schema: Schema, encoder: Any, target: Any, rows: np.ndarray
    ) -> Examples:
        """Return one example a pair: the source, and the symbols of the target."""
        weight = np.ones(len(rows), np.float32)
        if schema.weight:
            weight = table.scalar(schema.weight).numbers()[rows].astype(np.float32)
        x, y = pairs_of(encoder, target, table, rows)
        return Examples({"x": x, "y": y, "weight": weight}, len(rows))

    def objective(self, inputs: Any, target: Any, keys: TranslationKeys) -> AbstractObjective:
        """Return the surprise at the next symbol, given the source."""
        from lamina.objectives.decoding import Decoding
        from lamina.objectives.sequence_to_sequence import SequenceToSequenceObjective

        length = target.encoder.length
        decoding = Decoding(target.end, length, beams=keys.beams, length_penalty=keys.length_penalty)
        return SequenceToSequenceObjective(target.end + 1, decoding, keys.label_smoothing)

    def predict(
        self, decoded: np.ndarray, table: AbstractTable, objective: AbstractObjective, target: AbstractTarget
    ) -> Prediction:
        """Return the texts that are written for the rows."""
        return Prediction({TRANSLATION: target.predictions(objective.point(decoded))})

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return the quality of the translations, and the worst of them."""
        from lamina.tasks.translation.sections import translation_sections

        return translation_sections(outcome)


def _as_text(claims: Claims, targets: Sequence[str]) -> Claims:
    """Return the claims with the only column of words beside the target as text, however short it is."""
    words = [n for n in claims.table.names if n not in targets and readable(claims.table.column(n))]
    if len(words) != 1 or claims.modalities[words[0]] == TEXT:
        return claims
    return dataclasses.replace(claims, modalities={**claims.modalities, words[0]: TEXT})


TASKS.add(TRANSLATION, TranslationTask())
