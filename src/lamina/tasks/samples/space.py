"""A space of samples: how rows of data become the arrays that a generator learns, and back."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lamina.core.errors import ConfigError

if TYPE_CHECKING:
    from lamina.core.inputs import AbstractSampleInputs
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Arrays


class AbstractSamples(abc.ABC):
    """New samples, in the form that their data had.

    Attributes:
        endings: ending of a file that they can be written to → the method that gives its content; an empty
            ending is a folder.
    """

    endings: ClassVar[Mapping[str, str]] = {}

    @abc.abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    @abc.abstractmethod
    def shown(self) -> Iterator[str]:
        """Yield lines that say what they are, for a terminal, each with its line end."""

    @abc.abstractmethod
    def told(self) -> dict[str, Any]:
        """Return how many they are and of which form, for JSON."""

    def saved(self, ending: str) -> Any:
        """Return the content of a file: bytes, or name → bytes of a folder.

        Args:
            ending: of the file, with its point; empty for a folder.

        Raises:
            ConfigError: such samples cannot be written to such a file.
        """
        if ending not in self.endings:
            expected = "one of " + ", ".join(name or "a new folder" for name in self.endings)
            raise ConfigError("these samples do not go into such a file", expected=expected, received=ending)
        return getattr(self, self.endings[ending])()


class AbstractSpace(abc.ABC):
    """How rows of data become arrays of one shape, and samples become rows again.

    Attributes:
        kind: of the space, for the artifact.
    """

    kind: ClassVar[str]

    @property
    def targets(self) -> tuple[str, ...]:
        """Target columns that are a part of the samples: none, as a rule."""
        return ()

    @abc.abstractmethod
    def inputs(self, labels: int) -> AbstractSampleInputs:
        """Return what a model is told.

        Args:
            labels: classes that a sample can be conditioned on, 0 without.
        """

    @abc.abstractmethod
    def arrays(self, encoder: Any, table: AbstractTable, rows: np.ndarray | None = None) -> Arrays:
        """Return what is learned from, rows first.

        Args:
            encoder: of the inputs, fitted.
            table: the data.
            rows: indices; all without.

        Raises:
            DataError: a column is absent, or holds what it did not hold in training.
        """

    @abc.abstractmethod
    def sampled(self, encoded: Arrays, table: AbstractTable) -> Arrays:
        """Return the same as `arrays` of all rows where these are encoded already.

        Args:
            encoded: the rows, from the encoder of the inputs.
            table: the rows.
        """

    @abc.abstractmethod
    def samples(self, values: np.ndarray, labels: Sequence[Any] | None = None) -> AbstractSamples:
        """Return samples in the form that the data had.

        Args:
            values: (n, *shape) in the units of models.
            labels: class of each, as it was given, or None.
        """

    @abc.abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""

    @staticmethod
    @abc.abstractmethod
    def restore(stored: Mapping[str, Any], place: str) -> AbstractSpace:
        """Return the space in an artifact's JSON, each field checked.

        Args:
            stored: from `to_json`.
            place: where it stands.

        Raises:
            ArtifactError: a field has the wrong form.
        """
