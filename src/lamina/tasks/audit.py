"""The audit: what is wrong with data, said before anything is learned from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.core.errors import ConfigError, DataError, suggest
from lamina.core.keys import NOT_NEGATIVE, Owner, claim, key
from lamina.data.audit import roles, splits
from lamina.data.audit.findings import LEVELS, Audit, Finding, error, note, of_error
from lamina.data.readers.registry import reader_owners, reading_keys
from lamina.data.schema import NUMBERS, Schema
from lamina.data.source import read, read_beside
from lamina.data.split import Split, SplitKeys, split_rows
from lamina.data.split_by_size import split_by_size
from lamina.data.table import AbstractTable
from lamina.modalities import MODALITIES, AbstractCheck, Block, Subject
from lamina.modalities.blocks import Claims, around, as_learned, as_written, blocks_of, claimed, context_of
from lamina.modalities.optional import Groups
from lamina.tasks.aside import leave_out
from lamina.tasks.base import (
    AbstractComparer,
    AbstractSelector,
    AbstractTask,
    RoleKeys,
    Roles,
    Selection,
    Suit,
)
from lamina.tasks.registry import TASKS, choose_task, needs_target
from lamina.tasks.schema import default_target, quoted, target_names

_ARRAYS = ("y", "sample_weight", "names")  # keys of `check` that stand beside arrays


@dataclass(frozen=True)
class AuditKeys:
    """The keys of the audit itself."""

    task: str | None = key(None, "what is learned; guessed from the target")
    seed: int = key(0, "decides every random number: weights, order, dropout, splits", **NOT_NEGATIVE)
    allow_missing: bool | None = key(
        None, "whether missing numbers are no fault; by default they are one in plain arrays only"
    )


@dataclass(frozen=True)
class Question:
    """What the audit is asked.

    Args:
        audit: task, seed, and what counts as a fault.
        roles: which columns play which role.
        split: shares of the rows.
        modalities: name → its keys.
        task: flat keys of the task, whichever it will be.
    """

    audit: AuditKeys
    roles: RoleKeys
    split: SplitKeys
    modalities: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    task: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Cast:
    """Task, data and roles, as far as they are known before anything is checked.

    Args:
        claims: the data, and who reads which column.
        task: what is learned.
        suit: why, where nobody asked for it.
        schema: columns and their roles.
        blocks: of the inputs.
        selection: the rows and labels that the task learns from, once it has selected them.
        left_out: what is to be said of rows that were left out.
        groups: rows that a modality keeps together in the split, once it was asked.
    """

    claims: Claims
    task: AbstractTask
    suit: Suit | None
    schema: Schema
    blocks: tuple[Block, ...]
    selection: Selection | None = None
    left_out: tuple[Finding, ...] = ()
    groups: Groups | None = None

    @property
    def context(self) -> tuple[Block, ...]:
        """Blocks of the columns that are seen of the examples around one."""
        return context_of(self.schema)

    @property
    def rule(self) -> str:
        """How the rows are split where task or modality decide, for a person to read; else empty."""
        if self.groups is not None:
            return self.groups.rule
        return "" if self.selection is None else self.selection.rule

    def split(self, keys: SplitKeys, seed: int) -> Split:
        """Return which rows train, validate and test.

        Args:
            keys: shares of the rows.
            seed: of the run.

        Raises:
            DataError: no rows are left to train on.
        """
        if self.selection is not None and self.selection.split is not None:
            return self.selection.split(keys, seed)
        table = self.claims.table
        if self.groups is not None:
            return split_by_size(table, self.schema, self.groups.codes, valid=keys.valid, test=keys.test)
        return split_rows(table, self.schema, seed=seed, valid=keys.valid, test=keys.test)


def cast_roles(table: AbstractTable, target: Any, question: Question) -> Cast:
    """Return who plays which role.

    Args:
        table: as it was read.
        target: the column, or columns, to be predicted.
        question: task and roles that were asked for.

    Raises:
        DataError: a named column is absent, or the target cannot be learned.
        ConfigError: the targets are no names, or there is no such task.
    """
    if not table.height:
        raise DataError("there is no row", where=table.source, fix="add rows")
    claims = as_written(claimed(table, question.roles.read_as), question.modalities)
    targets = target_names(claims.table, target, task=question.audit.task)
    task, suit = choose_task(question.audit.task, claims.table, targets)
    if task.target_kind != NUMBERS:  # classes are learned as they are written
        claims = dataclasses.replace(claims, table=claims.table.changed(forms=dict.fromkeys(targets, "")))
    schema = task.roles(claims, Roles(targets, question.roles))
    return Cast(claims, task, suit, schema, blocks_of(schema))


def selected(cast: Cast, keys: Any, split: SplitKeys) -> Cast:
    """Return the same with the rows and labels that the task learns from.

    Args:
        cast: from `cast_roles`.
        keys: of the task.
        split: shares of the rows.
    """
    if not isinstance(cast.task, AbstractSelector):
        return cast
    selection = cast.task.select(cast.claims.table, cast.schema, split, keys)
    claims = dataclasses.replace(cast.claims, table=selection.table)
    return dataclasses.replace(cast, claims=claims, selection=selection)


def grouped(cast: Cast, modalities: Mapping[str, Any]) -> Cast:
    """Return the same with the rows that a modality keeps together, where its keys ask for that.

    Args:
        cast: with the rows that are learned from.
        modalities: name → keys of it.

    Raises:
        ConfigError: two of them, or a column too, ask for a split.
    """
    found = []
    for block in cast.blocks:
        modality = block.modality
        if modality.grouper is not None:
            keys = modalities.get(modality.name) or modality.keys()
            own = modality.grouper.groups(cast.claims.table, block, keys)
            found += [own] if own is not None else []
    if not found:
        return cast
    asked = [f"{role}={name}" for role, name in cast.schema.roles.items() if name and role != "weight"]
    asked += [f"task={cast.task.name}"] if cast.selection is not None and cast.selection.split else []
    if asked or len(found) > 1:
        raise ConfigError(
            "two different splits are asked for",
            where=cast.claims.table.source,
            received=", ".join([*(own.rule for own in found), *asked]),
            fix="leave all but one of them out; drop= leaves out a column",
        )
    return dataclasses.replace(cast, groups=found[0])


def audit(
    table: AbstractTable, *, target: Any, question: Question, test_table: AbstractTable | None = None
) -> Audit:
    """Return what is wrong, doubtful or worth knowing about data.

    Cost: a few passes over each column, O(rows · columns), and one sort of row hashes for duplicates.
    Images in files are decoded once each; what fits into memory is kept for the encoder.

    Args:
        table: as it was read.
        target: the column, or columns, to be predicted.
        question: what is asked.
        test_table: test data of their own, to be checked against these.

    Returns:
        The audit; nothing is raised for faults of the data.
    """
    if not table.height:
        return _assembled(table, None, [error("too-few-rows", table.source, "there is no row", "add rows")])
    try:
        cast = cast_roles(table, target, question)
        left = leave_out(cast.claims.table, cast.schema, question.modalities)
        if left.findings:
            cast = dataclasses.replace(cast_roles(left.table, target, question), left_out=left.findings)
        (keys,) = claim([Owner(f"task={cast.task.name}", cast.task.keys)], question.task)
        cast = grouped(selected(cast, keys, question.split), question.modalities)
    except DataError as fault:
        return _assembled(table, None, [of_error(fault, "schema")])
    return audit_cast(cast, question, test_table)


def audit_cast(cast: Cast, question: Question, test_table: AbstractTable | None = None) -> Audit:
    """Return what is wrong, doubtful or worth knowing about data whose roles are known.

    Args:
        cast: from `cast_roles`.
        question: what is asked.
        test_table: test data of their own, to be checked against these.
    """
    selected_rows = cast.selection.findings if cast.selection else ()
    found = [*cast.left_out, *selected_rows, *_findings(cast, question, test_table)]
    table, schema = cast.claims.table, cast.schema
    if question.roles.split is None and schema.split:
        found.append(note("split-column", table.source, f"split by its column '{schema.split}'"))
    if cast.suit is not None:
        message = f"the task is taken to be {schema.task}"
        found.append(note("task-guessed", table.source, message, cast.suit.fix))
    return _assembled(table, schema, found)


def check(data: Any, target: str | Sequence[str] | None = None, **keys: Any) -> Audit:
    """Return the audit of a file, a frame or arrays: everything that can be said before training.

    Args:
        data: whatever :func:`lamina.data.read` reads.
        target: the column, or columns, to be predicted; guessed and said without.
        **keys: ``y``, ``sample_weight`` and ``names`` as for ``read``; ``test_data``, a second source to be
            checked against the first; ``task``, ``seed``, ``valid``, ``test``, ``allow_missing``, the roles
            ``weight``, ``group``, ``time``, ``split``, ``keep`` and ``drop``, keys of the inputs, such as
            ``image_size``, of the task, such as ``rare``, and of the file, such as ``encoding``.

    Raises:
        DataError: the data cannot be read at all.
        ConfigError: a key is unknown.

    Example:
        >>> print(check({"size": [1.0, 2.5, 4.0, 7.0] * 9, "price": [1.5, 2.0, 5.0, 7.0] * 9}, "prize"))
        <arrays>: 36 rows, 2 columns
        error: <arrays>: target column 'prize' is absent (did you mean 'price'?); expected one of size, price
          fix: name a column that the data have
    """
    beside = {name: keys.pop(name) for name in _ARRAYS if name in keys}
    other = keys.pop("test_data", None)
    question, reading = ask(keys), reading_keys(keys)
    table = read(data, **beside, **reading)
    test_table = None if other is None else read_beside(other, reading)
    if "weight" in table.names and beside.get("sample_weight") is not None and not question.roles.weight:
        question = dataclasses.replace(question, roles=dataclasses.replace(question.roles, weight="weight"))
    guessed = target is None and needs_target(question.audit.task, table)
    target = default_target(table, question.audit.task) if target is None else target
    result = audit(table, target=target, question=question, test_table=test_table)
    if not guessed:
        return result
    message = f"taken as target: {quoted(target)}"
    said = note("target-guessed", table.source, message, "name another one with target=")
    return dataclasses.replace(result, findings=_ordered([*result.findings, said]))


def ask(keys: Mapping[str, Any]) -> Question:
    """Return the question in flat keys.

    Args:
        keys: values or texts.

    Raises:
        ConfigError: a key is unknown, or a value is out of range.
    """
    names = list(MODALITIES)
    owners = [Owner("the audit", AuditKeys), Owner("roles", RoleKeys), Owner("split", SplitKeys)]
    owners += [Owner(f"{name} inputs", MODALITIES[name].keys) for name in names]
    owners += reader_owners()
    known = sorted({*_ARRAYS, "test_data", *(name for owner in owners for name in owner.names)})
    waiting = {name: keys[name] for name in keys if name not in known}
    of_tasks = _names_of_tasks() if waiting else set()
    keys = {name: value for name, value in keys.items() if name not in waiting}
    for name in waiting:
        if name not in of_tasks:
            expected = "one of " + ", ".join(known)
            raise ConfigError(f"unknown key '{name}'{suggest(name, known)}", expected=expected)
    asked, given_roles, split, *own = claim(owners, keys)
    if asked.task is not None:
        TASKS[asked.task]  # an unknown task is refused here
    return Question(asked, given_roles, split, dict(zip(names, own, strict=False)), waiting)


def _names_of_tasks() -> set[str]:
    """Return the names of the keys of all tasks."""
    tasks = [task for task in map(TASKS.__getitem__, TASKS) if isinstance(task, AbstractTask)]
    return {name for task in tasks for name in Owner(task.name, task.keys).names}


def _findings(cast: Cast, question: Question, test_table: AbstractTable | None) -> Iterator[Finding]:
    """Yield the findings of all checks; a split is tried only while there is no error."""
    table, schema, unreadable = cast.claims.table, cast.schema, cast.claims.unreadable
    allow = question.audit.allow_missing
    strict = table.strict if allow is None else not allow
    subject = Subject(table, schema, question.roles.keep, strict, unreadable)
    found = [*roles.of_table(table, schema, unreadable), *cast.task.check(subject)]
    found += roles.of_dropped(table, schema, unreadable)
    found += roles.of_doubtful(table, schema, question.roles.keep)
    checks = [_check_of(block, subject, question) for block in cast.blocks]
    for own in checks:
        found += own.findings()
    found += _of_context(cast, subject, question, table)
    found += splits.of_parts(table, schema)
    if not _has_errors(found) and cast.groups is None:
        found += splits.of_classes(table, schema, question.split.valid, question.split.test)
    yield from found
    if _has_errors(found):
        return
    try:
        parts = cast.split(question.split, question.audit.seed)
    except DataError as fault:
        yield of_error(fault, "split")
        return
    yield from splits.of_labels(table, schema, parts)
    for own in checks:
        yield from own.across(parts)
    if isinstance(cast.task, AbstractComparer):
        yield from cast.task.across(subject, parts)
    if test_table is not None:
        left = leave_out(as_learned(test_table, schema), schema, question.modalities)
        yield from left.findings
        yield from _of_second(cast, subject, checks, parts, left.table)
        if set(table.cell_names) <= set(left.table.names):
            yield from _of_context(cast, subject, question, left.table)


def _check_of(block: Block, subject: Subject, question: Question) -> AbstractCheck:
    keys = question.modalities.get(block.modality.name) or block.modality.keys()
    return block.modality.check(subject, block, keys)


def _of_context(cast: Cast, subject: Subject, question: Question, table: AbstractTable) -> Iterator[Finding]:
    """Yield what is wrong with the columns that are seen of what stands around the examples of a table."""
    schema = dataclasses.replace(subject.schema, inputs=subject.schema.context, context=())
    for block in cast.context:
        try:
            own = dataclasses.replace(subject, table=around(table, cast.blocks), schema=schema)
            yield from _check_of(block, own, question).findings()
        except DataError as fault:
            yield of_error(fault, "does-not-fit")


def _of_second(
    cast: Cast, subject: Subject, checks: Sequence[AbstractCheck], parts: Split, other: AbstractTable
) -> Iterator[Finding]:
    """Yield what is wrong with test data of their own."""
    yield from roles.of_reading(other)
    schema = cast.schema
    needed = [*(column.name for column in schema.inputs), *schema.targets]
    absent = [name for name in needed if name not in other.names]
    for name in absent:
        message = f"column '{name}' is absent{suggest(name, other.names)}"
        fix = "give the test data the columns of the training data"
        yield error("absent-column", other.source, message, fix)
    if absent:
        return
    if not other.height:
        yield error("too-few-rows", other.source, "the test data have no row", "add rows")
        return
    for own in checks:
        yield from own.second(other, parts)
    again = cast.selection.again(other) if cast.selection else other
    yield from cast.task.check(subject, again)
    if isinstance(cast.task, AbstractComparer):
        yield from cast.task.across(subject, parts, again)


def _has_errors(found: Sequence[Finding]) -> bool:
    """Return whether a finding makes learning impossible."""
    return any(finding.level == "error" for finding in found)


def _assembled(table: AbstractTable, schema: Schema | None, found: Sequence[Finding]) -> Audit:
    """Return the audit with errors first, then warnings, then notes."""
    return Audit(_ordered(found), schema, table.source, table.height, len(table.names))


def _ordered(found: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))
