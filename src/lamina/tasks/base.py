"""What a task is: what a person asks for, from the roles of columns to the predictions that are written."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.keys import COLUMN_NAMES, NoKeys, annotation, key, make_keys
from lamina.core.wanted import ONE
from lamina.data.schema import NOTHING
from lamina.tasks.examiner import AbstractExaminer, ByRow
from lamina.tasks.guide import AbstractGuide, ByModality
from lamina.tasks.preview import AbstractWatcher

if TYPE_CHECKING:
    from lamina.core.inputs import Inputs
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.schema import Schema
    from lamina.data.split import Split, SplitKeys
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Arrays, Learned, Outcome, Subject
    from lamina.modalities.blocks import Claims
    from lamina.objectives.base import AbstractObjective


@dataclass(frozen=True)
class RoleKeys:
    """The keys that give columns their roles."""

    weight: str | None = key(None, "column of row weights")
    group: str | None = key(None, "column whose rows of one value stay on one side of the split")
    time: str | None = key(None, "column of times: the last rows validate")
    split: str | None = key(None, "column that says train, valid or test")
    keep: tuple[str, ...] = key((), "columns to learn from though they look like identifiers", **COLUMN_NAMES)
    drop: tuple[str, ...] = key((), "columns to leave out", **COLUMN_NAMES)
    read_as: tuple[str, ...] = key((), "who is to read which column, as code:table", **COLUMN_NAMES)

    def __post_init__(self) -> None:
        if self.group is not None and self.time is not None:
            raise ConfigError(
                f"group '{self.group}' and time '{self.time}' ask for two different splits",
                expected="one of the two",
                fix="leave time out to keep groups together, or group to validate on the last rows",
            )


@dataclass(frozen=True)
class Roles:
    """Which columns a person gave which role.

    Args:
        targets: columns to be predicted, perhaps none.
        keys: the other roles; what is left open is None or empty.
    """

    targets: tuple[str, ...]
    keys: RoleKeys


@dataclass(frozen=True)
class Selection:
    """The rows and labels that a task learns from.

    Args:
        table: the data, or some of their rows, perhaps with other labels.
        findings: what is to be said of it.
        facts: what the task's `fit` has to know of it.
        again: what makes test data like these.
        split: shares and seed → which of the rows train, validate and test; None: as
            `lamina.data.split.split_rows` does.
        rule: how ``split`` decides, for a person to read.
    """

    table: AbstractTable
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    again: Callable[[AbstractTable], AbstractTable] = lambda table: table
    split: Callable[[SplitKeys, int], Split] | None = None
    rule: str = ""


@dataclass(frozen=True)
class Suit:
    """Why a task may be taken without being asked for.

    Args:
        reason: in words.
        fix: what to type if that is wrong, or empty.
    """

    reason: str
    fix: str = ""


@dataclass(frozen=True)
class Examples:
    """Arrays for the device, and how many examples they make.

    Args:
        arrays: a tree of arrays; the objective's ``pick`` cuts batches out of it. Leaves of unequal length
            (`lamina.data.ragged.Ragged`) know the length class of each example; a batch never mixes two.
        count: how many examples they make.
    """

    arrays: Arrays
    count: int


@dataclass(frozen=True)
class Prediction:
    """What `lamina predict` writes.

    Args:
        columns: name → one value a row.
        probabilities: further columns, written on request.
        files: name → content, for predictions that are files; then ``columns`` lists their names.
    """

    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    probabilities: Mapping[str, np.ndarray] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def _text_of(pieces: Any) -> dict[str, Any]:
    """Return pieces of text as one, for JSON."""
    return {"text": "".join(pieces)}


@dataclass(frozen=True)
class Verb:
    """A command that only some tasks have, such as ``generate``.

    Args:
        summary: what it does, one sentence.
        keys: frozen dataclass of its keys.
        run: ``(network, keys) -> what it gives``: texts one after another to be shown as they come, or what
            ``shown``, ``told`` and ``saved`` know.
        example: what stands behind ``lamina VERB RUN`` in a first try; or fitted target → that, where only
            names of the data make sense.
        asked: the key that holds what is asked of the network; ``-`` on the command line is standard input.
        asks: whether the command asks for one line after another, and answers each.
        reads: whether the network is asked about data: ``asked`` is then DATA on the command line, a path.
        reading: keys of a reader that are set for it where the reader of the data has them.
        shown: what it gives → pieces of text for a person.
        told: what it gives → what ``--json`` says of it.
        saved: ending of a file → what it gives as the content of such a file, for ``--out``; an empty
            ending is a new folder, and its content name → bytes.
    """

    summary: str
    keys: type
    run: Callable[[Any, Any], Any]
    example: str | Callable[[Any], str] = ""
    asked: str = ""
    asks: bool = False
    reads: bool = False
    reading: Mapping[str, Any] = field(default_factory=dict)
    shown: Callable[[Any], Iterator[str]] = iter
    told: Callable[[Any], dict[str, Any]] = _text_of
    saved: Mapping[str, Callable[[Any], bytes | Mapping[str, bytes]]] = field(default_factory=dict)

    def tried(self, target: Any) -> str:
        """Return what stands behind ``lamina VERB RUN`` in a first try of a network.

        Args:
            target: of the network.

        Example:
            >>> Verb("write", object, print, "--prompt Once").tried(None)
            '--prompt Once'
        """
        return self.example if isinstance(self.example, str) else self.example(target)

    def made(self, given: Mapping[str, Any]) -> Any:
        """Return the keys; a text stays as it is, with its blanks and commas.

        Args:
            given: key → value, or a text as on the command line.

        Raises:
            ConfigError: a key is unknown, or a value is out of range.
        """
        lists = {field.name for field in fields(self.keys) if annotation(field).startswith("tuple")}
        texts = {name: (value,) for name, value in given.items() if name in lists and isinstance(value, str)}
        return make_keys(self.keys, {**given, **texts})


class AbstractTarget(abc.ABC):
    """Fitted targets: columns → arrays that are learned, and decoded outputs → predictions.

    Attributes:
        names: the target columns.
        labels: classes as they were given, in the order of the outputs; empty where there are none.
    """

    names: tuple[str, ...]
    labels: tuple[Any, ...] = ()

    @property
    def unit(self) -> float:
        """One standardized unit in the target's own, 1 where there is not one number."""
        return 1.0

    @abc.abstractmethod
    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return what is learned, rows first.

        Raises:
            DataError: a target is absent, missing, or one that training never saw.
        """

    def measured(self, table: AbstractTable) -> np.ndarray:
        """Return the targets in the form of the metrics: in their own unit."""
        return self.transform(table)

    def in_unit(self, decoded: np.ndarray) -> np.ndarray:
        """Return decoded outputs in the target's own unit."""
        return decoded

    @abc.abstractmethod
    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return labels as they were given, or numbers; one a row, or (rows, targets)."""

    @abc.abstractmethod
    def caption(self, value: Any) -> str:
        """Return one row of `measured` in words."""

    def calibrated(self, decoded: np.ndarray) -> AbstractTarget:
        """Return the target with what it has to know of the decoded outputs of validation rows: as it is.

        Args:
            decoded: outputs of rows that were held out of training.
        """
        return self

    @abc.abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""


class AbstractTask(abc.ABC):
    """What a person asks for. NumPy only; JAX only inside `objective` and a verb.

    Attributes:
        name: what people type, such as ``multiclass``.
        summary: what a network of it does, a verb first: "predicts which class a row belongs to".
        keys: frozen dataclass of the flat keys it owns.
        target_kind: what the targets hold, one of `lamina.data.schema.TARGET_KINDS`.
        optional_target: what a target holds where it is given without being needed, or empty.
        verbs: commands that only this task has.
        needs_target: whether a target column has to be named or guessed.
        wants: what outputs it wants of a model, one of `lamina.core.wanted.WANTED`.
        writes_files: whether predictions are files, such as masks, rather than columns.
        predicts: whether it has a prediction for each row; else its verbs are what it is for.
        guide: decides how inputs are read, and what learns them.
        examiner: makes what a network is asked, to measure it.
        watcher: shows how far a network has come while it still learns, such as by a text that it writes.
        noun: what a row that it learns from is called.
    """

    name: str
    summary: str
    keys: type = NoKeys
    target_kind: str = NOTHING
    optional_target: str = ""
    verbs: ClassVar[Mapping[str, Verb]] = {}
    needs_target: bool = True
    wants: str = ONE
    writes_files: bool = False
    predicts: bool = True
    guide: AbstractGuide = ByModality()
    examiner: AbstractExaminer = ByRow()
    watcher: AbstractWatcher | None = None
    noun: str = "row"

    def suits(self, table: AbstractTable, targets: Sequence[str]) -> Suit | None:
        """Return why ``task=auto`` may take it; None: only on request.

        Raises:
            DataError: the targets are such that no task may take them.
        """
        return None

    @abc.abstractmethod
    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return inputs, targets (may be none), weight, group and time, with the reason for what is left out.

        Raises:
            DataError: a named column is absent, or the target cannot be learned.
        """

    @abc.abstractmethod
    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong with the targets, or with those of ``other``, test data of their own."""

    @abc.abstractmethod
    def fit(self, learned: Learned, keys: Any) -> AbstractTarget:
        """Learn classes and scales from training rows alone."""

    @abc.abstractmethod
    def restore(self, stored: Mapping[str, Any], place: str) -> AbstractTarget:
        """Return the targets in an artifact's JSON, each field checked."""

    def examples(
        self, table: AbstractTable, schema: Schema, encoder: Any, target: AbstractTarget, rows: np.ndarray
    ) -> Examples:
        """Return what is trained on: by default one row, one example, ``{"x", "y", "weight"}``."""
        weight = np.ones(len(rows), np.float32)
        if schema.weight:
            weight = table.scalar(schema.weight).numbers()[rows].astype(np.float32)
        x = encoder.transform(table, rows)
        return Examples({"x": x, "y": target.transform(table, rows), "weight": weight}, len(rows))

    def weighted(self, examples: Examples, target: AbstractTarget, keys: Any) -> Examples:
        """Return training examples with the weights that the keys ask for."""
        return examples

    @abc.abstractmethod
    def objective(self, inputs: Inputs, target: AbstractTarget, keys: Any) -> AbstractObjective:
        """Return what gradient descent minimizes."""

    def predict(
        self, decoded: np.ndarray, table: AbstractTable, objective: AbstractObjective, target: AbstractTarget
    ) -> Prediction:
        """Return the columns or files that `lamina predict` writes for the rows of a table."""
        found = target.predictions(objective.point(decoded))
        if found.ndim == 1:
            return Prediction({"prediction": found})
        return Prediction({f"prediction_{name}": found[:, i] for i, name in enumerate(target.names)})

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return what the report says of the predictions."""
        return []


class AbstractComparer(abc.ABC):
    """A task that compares rows that train with those held out, beyond what its inputs' modalities do."""

    @abc.abstractmethod
    def across(self, subject: Subject, split: Split, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong between training and held-out rows, or ``other``, test data of their own."""


class AbstractSelector(abc.ABC):
    """What a task is besides, that may learn from some of the rows only, or from other labels."""

    @abc.abstractmethod
    def select(self, table: AbstractTable, schema: Schema, split: SplitKeys, keys: Any) -> Selection:
        """Return the rows and labels that are learned from, before the data are checked and split.

        Args:
            table: the data, claimed.
            schema: columns and their roles.
            split: shares of the rows.
            keys: of the task.
        """


@dataclass(frozen=True)
class TaskGroup:
    """One name for several tasks, of which the targets choose.

    Args:
        name: what people type.
        among: the tasks; the first that suits is taken, else the last.
    """

    name: str
    among: tuple[str, ...]
