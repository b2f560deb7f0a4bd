"""Knowledge-graph completion as a task: triples are learned from, and missing entities found."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.wanted import LINKS
from lamina.data.schema import NOTHING, Schema
from lamina.data.split import Split, SplitKeys
from lamina.modalities import MODALITIES
from lamina.modalities.base import Description, Learned, Outcome, Subject
from lamina.modalities.blocks import Claims
from lamina.modalities.text.modality import TEXT
from lamina.tasks.base import AbstractComparer, AbstractSelector, AbstractTask, Roles, Selection, Suit
from lamina.tasks.knowledge import check
from lamina.tasks.knowledge.examiner import GraphExamples, Questions, examples_of
from lamina.tasks.knowledge.graph import SURE_NAMES, columns_named
from lamina.tasks.knowledge.guide import KnowledgeGuide
from lamina.tasks.knowledge.keys import KnowledgeKeys
from lamina.tasks.knowledge.target import KnowledgeTarget
from lamina.tasks.knowledge.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.schema import assign_roles

if TYPE_CHECKING:
    from lamina.core.inputs import Inputs
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

KNOWLEDGE = "knowledge"
# What entities and relations are to the modality of their columns: texts are read as texts again in new data.
TEXTS, NUMBERS = TEXT, "identifier"
WHOLE = "whole"  # the fact that says which triples are known
_BESIDE = "a triple is head, relation and tail"


class KnowledgeTask(AbstractTask, AbstractSelector, AbstractComparer):
    """Which entity stands in a relation to another."""

    name = KNOWLEDGE
    summary = "finds missing entities of a knowledge graph"
    keys = KnowledgeKeys
    target_kind = NOTHING
    needs_target = False
    predicts = False
    noun = "triple"
    verbs = VERBS
    wants = LINKS
    guide = KnowledgeGuide()
    examiner = Questions()

    def suits(self, table: AbstractTable, targets: Sequence[str]) -> Suit | None:
        """Return why it may be taken: the columns are called as those of triples are."""
        names = {name.lower() for name in table.names} - {"split"}
        if targets or not any(names == set(usual) for usual in SURE_NAMES):
            return None
        return Suit("the data are triples of a knowledge graph", "to learn one column from others: --target")

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return heads, relations and tails as inputs; other columns are left out.

        Raises:
            DataError: a target or weights are named, or the columns of triples are not to be told.
        """
        where = claims.table.source
        if given.targets:
            message = f"the task {self.name} has no target: it learns which triples hold"
            received = ", ".join(given.targets)
            raise DataError(message, where=where, received=received, fix="leave the target out")
        if given.keys.weight is not None:
            message = f"the task {self.name} has no weights: every triple counts as much as another"
            raise DataError(message, where=where, fix="leave weight= out")
        columns = _columns(claims, given)
        rest = next(name for name in MODALITIES if MODALITIES[name].takes_the_rest)
        claims = dataclasses.replace(
            claims,
            table=claims.table.changed(forms=dict.fromkeys(columns, "")),
            modalities={**claims.modalities, **dict.fromkeys(columns, rest)},
        )

        def describe(claims: Claims, names: Sequence[str], *, keep: Sequence[str]) -> list[Description]:
            return [Description(n, _kind(claims, n), reason="" if n in columns else _BESIDE) for n in names]

        schema = assign_roles(claims, given, task=self.name, target_kind=self.target_kind, describe=describe)
        order = {column.name: column for column in schema.inputs}
        return dataclasses.replace(schema, inputs=tuple(order[name] for name in columns))

    def select(self, table: AbstractTable, schema: Schema, split: SplitKeys, keys: Any) -> Selection:
        """Return all triples; those held out are known too, so that no answer of theirs counts as wrong."""
        return Selection(table, facts={WHOLE: table})

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield gaps in triples, and triples that stand twice."""
        yield from check.of_rows(other or subject.table, columns_of(subject.schema))

    def across(self, subject: Subject, split: Split, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what training never saw of held-out triples, and what it saw the other way round."""
        columns = columns_of(subject.schema)
        target = KnowledgeTarget.fit(subject.table, columns, split.train)
        trained = target.triples(subject.table, split.train)
        held = (
            np.sort(np.concatenate([split.valid, split.test])) if other is None else np.arange(other.height)
        )
        yield from check.between(target, trained, other or subject.table, held)

    def fit(self, learned: Learned, keys: Any) -> KnowledgeTarget:
        """Learn which entities and relations there are from training rows."""
        columns, whole = columns_of(learned.schema), learned.facts.get(WHOLE)
        return KnowledgeTarget.fit(learned.table, columns, learned.rows, whole=whole)

    def restore(self, stored: Mapping[str, Any], place: str) -> KnowledgeTarget:
        """Return the target in an artifact's JSON."""
        return KnowledgeTarget.restore(stored, place)

    def examples(
        self, table: AbstractTable, schema: Schema, encoder: Any, target: Any, rows: np.ndarray
    ) -> GraphExamples:
        """Return questions with their answers, in both directions."""
        return examples_of(target, target.triples(table, rows))

    def objective(self, inputs: Inputs, target: Any, keys: KnowledgeKeys) -> AbstractObjective:
        """Return a softmax over all entities, or right ones against those that are drawn."""
        entities = len(target.entities)
        if keys.negatives:
            from lamina.objectives.entity_sampling import EntitySamplingObjective

            return EntitySamplingObjective(
                entities, negatives=keys.negatives, margin=keys.margin, hardness=keys.hardness
            )
        from lamina.objectives.entity_softmax import EntitySoftmaxObjective

        return EntitySoftmaxObjective(entities, n3=keys.n3 or 0.0, smoothing=keys.smoothing)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return how good it is, relation by relation, a map of the entities, and facts of the graph."""
        from lamina.tasks.knowledge.sections import knowledge_sections

        return knowledge_sections(outcome)


def _kind(claims: Claims, name: str) -> str:
    return TEXTS if claims.table.column(name).storage == "string" else NUMBERS


def columns_of(schema: Schema) -> tuple[str, str, str]:
    """Return the columns of heads, relations and tails."""
    head, relation, tail = (column.name for column in schema.inputs)
    return head, relation, tail


def _columns(claims: Claims, given: Roles) -> tuple[str, str, str]:
    """Return the columns of triples: by their names, or the three that there are, in their order.

    Raises:
        DataError: they are not to be told.
    """
    table, keys = claims.table, given.keys
    busy = {keys.group, keys.time, keys.split, *keys.drop, *table.cell_names}
    names = [name for name in table.names if name not in busy]
    found = columns_named(names)
    names = [name for name in names if name != "split"]
    if found is None and len(names) == 3:
        found = (names[0], names[1], names[2])
    if found is None:
        raise DataError(
            "the columns of triples are not to be told",
            where=table.source,
            expected="columns called head, relation and tail, or three columns in this order",
            received=", ".join(names[:6]),
            fix="rename them, or leave the others out: drop=",
        )
    return found


TASKS.add(KNOWLEDGE, KnowledgeTask())
