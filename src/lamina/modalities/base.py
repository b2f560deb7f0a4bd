"""What a modality is: everything Lamina knows about one sort of column."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import NoKeys
from lamina.core.wanted import ONE

if TYPE_CHECKING:
    from lamina.core.inputs import Inputs
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.schema import ColumnSchema, Schema
    from lamina.data.split import Split
    from lamina.data.table import AbstractColumn, AbstractTable
    from lamina.modalities.optional import AbstractGrouper

Arrays = Any  # a tree of arrays, first axis = rows; a leaf may be a stream


@dataclass(frozen=True)
class Unreadable:
    """A column that a modality would read, if it could.

    Args:
        reason: what is wrong and what to do, for the audit to say.
    """

    reason: str


@dataclass(frozen=True)
class Description:
    """What a modality says of a column.

    Args:
        name: the column.
        kind: what it holds, in the words of the modality.
        detail: a format, a size, whatever the encoder needs to know.
        reason: why it is left out, or empty.
        doubtful: whether a reason yields where no other column would be left.
    """

    name: str
    kind: str
    detail: str = ""
    reason: str = ""
    doubtful: bool = False


@dataclass(frozen=True)
class Situation:
    """What a model is chosen for.

    Args:
        inputs: what the encoder gives.
        examples: training examples.
        target_kind: what the targets hold, one of `lamina.data.schema.TARGET_KINDS`.
        classes: how many classes there are, 0 where the targets are none.
        preset: ``fast``, ``balanced`` or ``best``.
        seconds: the time limit of one training, or None.
        model: name in `lamina.models.MODELS`, ``auto``, or empty for a model of one's own.
        wants: what outputs are wanted, one of `lamina.core.wanted.WANTED`.
        blocks: how many blocks of inputs the network has, this one among them.
        keys: of the task, as far as they are given.
    """

    inputs: Inputs
    examples: int
    target_kind: str
    classes: int = 0
    preset: str = "balanced"
    seconds: float | None = None
    model: str = "auto"
    wants: str = ONE
    blocks: int = 1
    keys: Any = None


@dataclass(frozen=True)
class Choice:
    """A model and its keys.

    Args:
        model: name in `lamina.models.MODELS`.
        options: options of the architecture, the size dial among them.
        keys: keys of training and of the task where the user said nothing.
        reason: why, one sentence.
        variants: options to try on the first fold; the best serves the others.
    """

    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    variants: tuple[Mapping[str, Any], ...] = ({},)


def _as_it_is(decoded: np.ndarray) -> np.ndarray:
    return decoded


@dataclass(frozen=True)
class Outcome:
    """What a run has come to, for those who report on it.

    Decoded outputs, targets and table belong to the evaluated rows: the test rows if there are any, else the
    validation rows.

    Args:
        schema: columns and their roles.
        evaluated: which rows were evaluated, ``"test"`` or ``"validation"``.
        table: the evaluated rows, or None where there are none.
        training: rows that were trained on, in random order; a sample of them where they are many.
        decoded: outputs in the target's own unit, or None.
        targets: in the form of the metrics, or None.
        weights: one weight a row, or None.
        metrics: of the evaluated rows.
        valid_metrics: of the validation rows, whether or not they are the evaluated ones.
        intervals: 95 % confidence interval of each metric that has one.
        history: one list a quantity, one entry an epoch.
        labels: classes as given, or names of the target columns.
        seed: of the run.
        keys: of the run, flat.
        model: the trained model.
        transform: table → arrays of its inputs, as the model takes them.
        measured: table → its targets in the form of the metrics.
        outputs: arrays → decoded outputs in the target's own unit; of ``by=``, what else may answer in place
            of the objective, its answers as they are.
        score: name of the score that columns are judged by, and ``(targets, decoded, weights) -> float``.
        caption: one row of ``targets`` → its label in words.
        augment: arrays → arrays as training changed them, or None.
        seconds: how long costly sections may take together.
        quantiles: levels of the decoded outputs' last axis, where quantiles are predicted.
        point: decoded outputs → one prediction a target.
        part: the block that is reported on, where there are several; None: it is all of the inputs.
        encoder: of all inputs.
        held_out: the evaluated rows, also where outputs and targets are not one for each of them.
        target: what is predicted, as it was learned.
        objective: what was minimized.
        trained_on: all rows that were trained on, in their order.
        features_of: folder of a trained classifier → features of samples, a
            `lamina.objectives.metrics.features.Features`.
        previews: epoch → what a `lamina.tasks.preview.Previewer` made of the model as it was at its end; none
            of the epochs before a run was resumed.
    """

    schema: Schema
    evaluated: str
    table: AbstractTable | None
    training: AbstractTable
    decoded: np.ndarray | None
    targets: np.ndarray | None
    weights: np.ndarray | None
    metrics: Mapping[str, float]
    valid_metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    history: Mapping[str, Sequence[float]]
    labels: Sequence[Any]
    seed: int
    keys: Mapping[str, Any]
    model: Any
    transform: Callable[[AbstractTable], Arrays]
    measured: Callable[[AbstractTable], np.ndarray]
    outputs: Callable[..., np.ndarray]
    score: tuple[str, Callable[[np.ndarray, np.ndarray, Any], float]] | None = None
    caption: Callable[[Any], str] = str
    augment: Callable[[Arrays], Arrays] | None = None
    seconds: float = 3.0
    quantiles: tuple[float, ...] = ()
    point: Callable[[np.ndarray], np.ndarray] = _as_it_is
    part: str | None = None
    encoder: Any = None
    held_out: AbstractTable | None = None
    target: Any = None
    objective: Any = None
    trained_on: Callable[[], AbstractTable] | None = None
    features_of: Callable[[str], Any] | None = None
    previews: Mapping[int, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows were evaluated."""
        return (
            0 if self.targets is None or self.decoded is None else min(len(self.targets), len(self.decoded))
        )


@dataclass(frozen=True)
class Subject:
    """What is checked: a table with the roles of its columns.

    Args:
        table: the data, claimed.
        schema: columns and their roles.
        keep: columns that are learned from although they look like identifiers.
        strict: whether a missing cell is a fault.
        unreadable: column → what keeps a modality from reading it.
    """

    table: AbstractTable
    schema: Schema
    keep: Sequence[str] = ()
    strict: bool = False
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Learned:
    """What keys may depend on once an encoder is fitted.

    Args:
        table: the data, claimed.
        schema: columns and their roles.
        encoder: fitted to the training rows.
        rows: the training rows.
        wants: what outputs are wanted, one of `lamina.core.wanted.WANTED`.
        facts: what the task found out when it selected rows and labels.
    """

    table: AbstractTable
    schema: Schema
    encoder: Any
    rows: np.ndarray
    wants: str = ONE
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Strange:
    """Rows of new data whose values in a column are unlike those of training.

    Args:
        column: its name.
        code: a word for programs, such as ``unseen-category``.
        words: what such rows hold, as it stands behind "3 rows hold".
        rows: indices, increasing.
        example: the value in the first of these rows, or empty.
    """

    column: str
    code: str
    words: str
    rows: np.ndarray
    example: str = ""


class AbstractEncoder(abc.ABC):
    """A fitted translation of one block of columns into arrays."""

    @property
    @abc.abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""

    @property
    @abc.abstractmethod
    def inputs(self) -> Inputs:
        """What a model must know of the arrays."""

    @abc.abstractmethod
    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> Arrays:
        """Return a tree of arrays of all rows, or of the given ones; a leaf may be a stream.

        Raises:
            DataError: a column is absent, or holds what it did not hold in training.
        """

    def strange(self, table: AbstractTable, arrays: Arrays) -> Iterator[Strange]:
        """Yield the rows that are unlike those of training, column by column.

        Args:
            table: new data.
            arrays: of all its rows, from `transform`, so that nothing is encoded twice.
        """
        yield from ()

    @abc.abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""


class AbstractContextEncoder(AbstractEncoder):
    """An encoder whose examples are seen by one another, as nodes are: it may show their columns too."""

    @abc.abstractmethod
    def with_columns(self, shared: Mapping[str, AbstractEncoder]) -> AbstractEncoder:
        """Return the encoder that also encodes the columns of all that an example sees.

        Args:
            shared: block name → the fitted encoder of a block that all columns of a modality make together.
        """


@dataclass(frozen=True)
class Block:
    """The columns that go into one part of a model's input.

    Args:
        name: of the part, where there are several.
        modality: reads them.
        columns: the inputs among them.
    """

    name: str
    modality: AbstractModality
    columns: tuple[ColumnSchema, ...]


class AbstractModality(abc.ABC):
    """One sort of column: how to recognize, check, encode, augment and show it, and which model reads it.

    NumPy only; JAX only inside what `augment` returns.

    Attributes:
        name: what people type, such as ``image``.
        noun: what one value of a column is called in messages, such as ``"image"``.
        kinds: what a column may hold, in its words.
        shares_block: whether all its columns make one block; else each column is a block.
        keys: frozen dataclass of the flat keys it owns.
        folds: preset → how many folds of cross-validation are trained, one without.
        most_for_folds: training examples up to which that is so.
        model_keys: names of its keys that the built model takes as options.
        takes_the_rest: whether it is asked last, and reads what nobody else claims.
        reads: storages of columns that it reads where somebody says so, though it would not claim them.
        grouper: keeps rows together in the split where its keys ask for that, or None.
    """

    name: str
    noun: str
    kinds: tuple[str, ...]
    shares_block: bool = False
    keys: type = NoKeys
    folds: Mapping[str, int] = MappingProxyType({})
    most_for_folds: int = 0
    model_keys: tuple[str, ...] = ()
    takes_the_rest: bool = False
    reads: tuple[str, ...] = ()
    grouper: AbstractGrouper | None = None

    @abc.abstractmethod
    def claim(self, column: AbstractColumn, table: AbstractTable) -> AbstractColumn | Unreadable | None:
        """Return the column as this modality reads it (paths become images); None: it is not of this sort."""

    def rejoin(self, table: AbstractTable, name: str) -> AbstractTable:
        """Return new data with the cells that training called ``name`` under that name, claimed.

        Raises:
            DataError: they are not there.
        """
        return table

    @abc.abstractmethod
    def describe(
        self, table: AbstractTable, names: Sequence[str], *, keep: Sequence[str]
    ) -> list[Description]:
        """Return what each of its columns holds, and why one is left out."""

    @abc.abstractmethod
    def check(self, subject: Subject, block: Block, keys: Any) -> AbstractCheck:
        """Return the checks of a block, before anything compiles."""

    @abc.abstractmethod
    def fit(self, table: AbstractTable, block: Block, rows: np.ndarray, keys: Any) -> AbstractEncoder:
        """Learn means, vocabularies and sizes from training rows alone."""

    @abc.abstractmethod
    def restore(self, stored: Any, place: str) -> AbstractEncoder:
        """Return the encoder in an artifact's JSON, each field checked.

        Raises:
            ArtifactError: a field has the wrong form.
        """

    @abc.abstractmethod
    def choose(self, situation: Situation) -> Choice:
        """Return model, options, keys of training and the reason, as measured."""

    def settle(self, keys: Any, learned: Learned) -> Any:
        """Return its keys with everything filled in that depends on the data."""
        return keys

    def augment(self, keys: Any) -> Any:
        """Return ``(batch, context) -> batch`` for the compiled step, or None."""
        return None

    def sections(self, outcome: Outcome, block: Block, encoder: Any) -> list[Section]:
        """Return what the report shows of these inputs."""
        return []


class AbstractCheck(abc.ABC):
    """The checks of one block; what they looked at is kept from one to the next."""

    def left_out(self) -> Mapping[int, str]:
        """Return the rows that keys ask to be left out before the split, each with what is wrong with it."""
        return {}

    @abc.abstractmethod
    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with the columns by themselves."""

    @abc.abstractmethod
    def across(self, split: Split) -> Iterator[Finding]:
        """Yield what is to be said of held-out rows that equal a training row."""

    @abc.abstractmethod
    def second(self, other: AbstractTable, split: Split) -> Iterator[Finding]:
        """Yield what is wrong with test data of their own."""
