"""Tagging as a task: a tag for each word is learned from texts, and written for new ones."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError, DataError
from lamina.core.keys import key, one_of
from lamina.core.wanted import EACH
from lamina.data.ragged import Ragged
from lamina.data.schema import TAGS, Schema
from lamina.data.split import Split, SplitKeys, split_rows
from lamina.data.tags import holds_tags, tagged_column
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.modalities.blocks import Claims, described_alone
from lamina.modalities.text.bags import FILL
from lamina.modalities.text.encoder import texts_of
from lamina.modalities.text.modality import TEXT
from lamina.modalities.text.words import WORDS
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
from lamina.tasks.embed import EMBED
from lamina.tasks.registry import TASKS
from lamina.tasks.schema import assign_roles
from lamina.tasks.tagging import check
from lamina.tasks.tagging.guide import TaggingGuide
from lamina.tasks.tagging.target import TagTarget

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

TAGGING = "tagging"


@dataclass(frozen=True)
class TaggingKeys:
    """The keys of tagging."""

    loss: str = key(
        "cross_entropy",
        "what is minimized: the surprise at each tag, or at the whole sequence of tags",
        **one_of("cross_entropy", "chain"),
    )


class TaggingTask(AbstractTask, AbstractSelector):
    """A tag for each word: names, slots, parts of speech, residues of a protein."""

    name = TAGGING
    summary = "predicts a tag for each word"
    keys = TaggingKeys
    target_kind = TAGS
    verbs = EMBED
    wants = EACH
    guide = TaggingGuide()
    noun = "sentence"

    def suits(self, table: AbstractTable, targets: Sequence[str]) -> Suit | None:
        """Return why it may be taken: the target has as many tags as a text has words."""
        if len(targets) != 1 or not holds_tags(table, targets[0]):
            return None
        text = tagged_column(table, targets[0])
        return Suit(f"'{targets[0]}' has a tag for each word of '{text}'")

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return the column of texts as input and the column of tags as target.

        Raises:
            DataError: there is not one column of tags, or no column of as many words beside it.
        """
        table = claims.table
        if len(given.targets) != 1:
            raise DataError("not one column of tags", where=table.source, received=given.targets)
        name = given.targets[0]
        free = [n for n in table.names if n not in given.keys.drop or n == name]
        text = tagged_column(table.drop([n for n in table.names if n not in free]), name, share=0.0)
        if text is None:
            fix = "put one tag for each word into the target, with blanks between"
            raise DataError("no column of texts with as many words", where=table.where(name=name), fix=fix)
        others = tuple(n for n in free if claims.modalities[n] == TEXT and n not in (text, name))
        own = dataclasses.replace(claims, modalities={**claims.modalities, text: TEXT})
        keys = dataclasses.replace(given.keys, drop=(*given.keys.drop, *others))
        return assign_roles(
            own,
            Roles(given.targets, keys),
            task=self.name,
            target_kind=self.target_kind,
            describe=described_alone,
        )

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong with the tags."""
        yield from check.of_tags(subject.table if other is None else other, subject.schema)
        if other is not None:
            yield from check.of_unseen_tags(subject.table, other, subject.schema)

    def select(self, table: AbstractTable, schema: Schema, split: SplitKeys, keys: Any) -> Selection:
        """Return all rows; of a split that is drawn, a row with a tag that no other one has trains."""
        if schema.split is not None or schema.group is not None or schema.time is not None:
            return Selection(table)
        return Selection(table, split=functools.partial(_split_with_all_tags, table, schema))

    def fit(self, learned: Learned, keys: TaggingKeys) -> TagTarget:
        """Learn the tags of the training rows.

        Raises:
            DataError: a row has not as many tags as words.
            ConfigError: texts are cut into something else than words.
        """
        encoder = learned.encoder.only
        if encoder.tokens.kind != WORDS:
            raise ConfigError(
                f"the task {self.name} has a tag for each word",
                received=f"tokens={encoder.tokens.kind}",
                fix=f"leave tokens= out, or set tokens={WORDS}",
            )
        schema = learned.schema
        found = TagTarget.fit(learned.table, schema.targets[0], encoder.name, learned.rows, encoder.length)
        found.transform(learned.table)  # a tag of the held-out rows alone is refused here
        return found

    def restore(self, stored: Mapping[str, Any], place: str) -> TagTarget:
        """Return the target in an artifact's JSON."""
        return TagTarget.restore(stored, place)

    def examples(
        self, table: AbstractTable, schema: Schema, encoder: Any, target: AbstractTarget, rows: np.ndarray
    ) -> Examples:
        """Return one sentence, one example; the tags are as long as the words, filled up by -1."""
        found = super().examples(table, schema, encoder, target, rows)
        arrays, ids = found.arrays, found.arrays["x"]["ids"]
        if not isinstance(ids, Ragged):
            return found
        codes = arrays["y"][arrays["y"] != FILL]
        tags = Ragged(codes, ids.ends, length=ids.shape[1], fill=FILL)
        return dataclasses.replace(found, arrays={**arrays, "y": tags})

    def objective(self, inputs: Any, target: Any, keys: TaggingKeys) -> AbstractObjective:
        """Return the surprise at tags."""
        from lamina.objectives.tagging import TaggingObjective

        return TaggingObjective(target.labels, target.is_strict, keys.loss)

    def predict(
        self, decoded: np.ndarray, table: AbstractTable, objective: AbstractObjective, target: Any
    ) -> Prediction:
        """Return the tags of each text, as many as it has words."""
        found = target.predictions(objective.point(decoded))
        if target.text in table.names:
            texts = texts_of(table, target.text, verbatim=True)
            more = [max(0, len(text.split()) - target.length) for text in texts]
            found = [" ".join([tags, *[target.outside] * n]) for tags, n in zip(found, more, strict=True)]
        return Prediction({"prediction": np.array(found, object)})

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return the quality of the tags, type by type, and the worst sentences."""
        from lamina.tasks.tagging.sections import tag_sections

        return tag_sections(outcome)


def _split_with_all_tags(table: AbstractTable, schema: Schema, keys: SplitKeys, seed: int) -> Split:
    """Return a split that is drawn, the rows moved to training without which it would lack a tag."""
    found = split_rows(table, schema, seed=seed, valid=keys.valid, test=keys.test)
    tags = [set(own.split()) for own in texts_of(table, schema.targets[0], verbatim=True)]
    known = set().union(*(tags[row] for row in found.train.tolist()))
    moved: list[int] = []
    for row in np.concatenate([found.valid, found.test]).tolist():
        if tags[row] - known:
            known |= tags[row]
            moved.append(row)
    train = np.sort(np.concatenate([found.train, np.array(moved, found.train.dtype)]))
    return Split(train, np.setdiff1d(found.valid, moved), np.setdiff1d(found.test, moved))


TASKS.add(TAGGING, TaggingTask())
