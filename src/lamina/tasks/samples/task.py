"""What tasks without a target share: which columns are samples, and what a network is asked about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.schema import Schema
from lamina.modalities import MODALITIES
from lamina.modalities.base import Learned, Subject
from lamina.modalities.blocks import Claims, described_alone
from lamina.tasks.base import AbstractTarget, AbstractTask, Examples, Roles
from lamina.tasks.examiner import AbstractExaminer
from lamina.tasks.prediction import check
from lamina.tasks.prediction.targets import ClassTarget
from lamina.tasks.samples.space import AbstractSpace
from lamina.tasks.samples.spaces import fit_space
from lamina.tasks.samples.target import SampleTarget
from lamina.tasks.schema import assign_roles

if TYPE_CHECKING:
    from lamina.core.inputs import Inputs
    from lamina.data.audit.findings import Finding
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Arrays

SAMPLE, LABEL = "sample", "label"
_NO_SAMPLE = "images, or numbers, categories and dates of a table"


class SampleExaminer(AbstractExaminer):
    """Each row is a sample; its class is told where the data say it."""

    is_by_row = False  # samples have no target

    def inputs(self, encoded: Arrays, table: AbstractTable, target: Any) -> Arrays:
        """Return samples, and classes where the data have them."""
        return {SAMPLE: target.space.sampled(encoded, table), LABEL: target.known(table)}


class AbstractSampleTask(AbstractTask):
    """Learns what rows or images are like, without a target.

    Attributes:
        learns: what it learns, for a person who named a target.
    """

    needs_target = False
    predicts = False
    noun = "sample"
    examiner = SampleExaminer()
    learns: str

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return images, or the columns of a table, as inputs.

        Raises:
            DataError: there is nothing to learn from, or a target that the task has no use for.
        """
        if given.targets and not self.optional_target:
            message = f"the task {self.name} has no target: it learns {self.learns}"
            fix, received = "leave the target out", ", ".join(given.targets)
            raise DataError(message, where=claims.table.source, received=received, fix=fix)
        if len(given.targets) > 1:
            message, received = "samples are conditioned on one column", ", ".join(given.targets)
            raise DataError(message, where=claims.table.source, received=received)
        kind = self.optional_target if given.targets else self.target_kind
        describe: Any = {"describe": described_alone} if _has_images(claims) else {}
        schema = assign_roles(claims, given, task=self.name, target_kind=kind, **describe)
        if describe:
            return schema
        own = tuple(column for column in schema.inputs if MODALITIES[column.modality].shares_block)
        others = tuple((column.name, _NO_SAMPLE) for column in schema.inputs if column not in own)
        if not own:
            raise DataError("no column to learn from", where=claims.table.source, expected=_NO_SAMPLE)
        return dataclasses.replace(schema, inputs=own, dropped=(*schema.dropped, *others))

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong with the column of classes."""
        if not subject.schema.targets:
            return
        if other is not None:
            yield from check.of_second(subject.schema, other)
            yield from check.of_unseen_labels(subject.table, subject.schema.targets[0], other)
            return
        yield from check.of_targets(subject, lambda table, column: check.of_classes(table, column, most=None))

    def method_of(self, inputs: Inputs, keys: Any) -> str:
        """Return how samples are learned; there is one way, as a rule.

        Args:
            inputs: what the encoder gives.
            keys: of the task.

        Raises:
            ConfigError: it is not for such inputs, or a key belongs to another way.
        """
        return self.name

    def space_of(self, learned: Learned, method: str) -> AbstractSpace:
        """Return the space of the samples, fitted to training rows."""
        return fit_space(learned)

    def fit(self, learned: Learned, keys: Any) -> AbstractTarget:
        """Learn the space of the samples, and their classes, from training rows."""
        method = self.method_of(learned.encoder.inputs, keys)
        space = self.space_of(learned, method)
        if not learned.schema.targets:
            return SampleTarget(space, method)
        classes = ClassTarget.fit(learned.table, learned.schema, learned.rows)
        counts = np.bincount(classes.transform(learned.table, learned.rows), minlength=len(classes.labels))
        return SampleTarget(space, method, classes, tuple((counts / counts.sum()).tolist()))

    def restore(self, stored: Mapping[str, Any], place: str) -> AbstractTarget:
        """Return the target in an artifact's JSON."""
        return SampleTarget.restore(stored, place)

    def examples(
        self, table: AbstractTable, schema: Schema, encoder: Any, target: Any, rows: np.ndarray
    ) -> Examples:
        """Return samples, the class of each or -1, and weights."""
        weight = np.ones(len(rows), np.float32)
        if schema.weight:
            weight = table.scalar(schema.weight).numbers()[rows].astype(np.float32)
        x = target.space.arrays(encoder, table, rows)
        return Examples({"x": x, "y": target.transform(table, rows), "weight": weight}, len(rows))


def _has_images(claims: Claims) -> bool:
    """Return whether there is a column of cells, such as images."""
    return bool(claims.table.cell_names)
