"""Segmentation as a task: masks are learned from images, and written for new ones."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.keys import key
from lamina.core.wanted import EACH
from lamina.data.images.column import IMAGE, ImageColumn
from lamina.data.images.labels import whole_labels
from lamina.data.schema import CELLS, Schema
from lamina.data.table import free_name
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.modalities.blocks import Claims, described_alone
from lamina.tasks.base import AbstractTarget, AbstractTask, Prediction, Roles, Suit
from lamina.tasks.embed import EMBED
from lamina.tasks.registry import TASKS
from lamina.tasks.schema import assign_roles
from lamina.tasks.segmentation import check
from lamina.tasks.segmentation.guess import MOST_JUDGED, holds_instances
from lamina.tasks.segmentation.targets import (
    MOST_CLASSES,
    AbstractMaskTarget,
    ClassMaskTarget,
    InstanceTarget,
    mask_column,
    restore_target,
)

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

SEGMENT = "segment"


@dataclass(frozen=True)
class SegmentKeys:
    """The keys of segmentation."""

    instances: bool | None = key(
        None, "labels of a mask number its instances instead of naming classes; found from the masks"
    )


class SegmentTask(AbstractTask):
    """A mask for each image: a class for every pixel, or instances."""

    name = SEGMENT
    summary = "predicts a mask"
    keys = SegmentKeys
    target_kind = CELLS
    verbs = EMBED
    wants = EACH
    writes_files = True

    def suits(self, table: AbstractTable, targets: Sequence[str]) -> Suit | None:
        """Return why it may be taken: the target is a column of masks, and there are images beside it."""
        if len(targets) != 1 or targets[0] not in table.cell_names or len(table.cell_names) == 1:
            return None
        return Suit(f"'{targets[0]}' holds masks")

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return images as inputs and masks as target.

        Raises:
            DataError: there is not one column of masks, or no column of images beside it.
        """
        if len(given.targets) != 1:
            raise DataError("not one column of masks", where=claims.table.source, received=given.targets)
        mask_column(claims.table, given.targets[0])
        schema = assign_roles(
            claims, given, task=self.name, target_kind=self.target_kind, describe=described_alone
        )
        if IMAGE not in [column.kind for column in schema.inputs]:
            fix = "name an image in each row, or give a folder with images/ and masks/"
            raise DataError("no column of images beside the masks", where=claims.table.source, fix=fix)
        return schema

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong with the masks."""
        yield from check.of_masks(subject.table if other is None else other, subject.schema)
        if other is not None:
            yield from check.of_unseen_labels(subject.table, other, subject.schema)

    def fit(self, learned: Learned, keys: SegmentKeys) -> AbstractTarget:
        """Learn the labels of the training masks, and whether they are classes or instances.

        Raises:
            DataError: there are more classes than a byte holds, or a row for testing has a label of its own.
        """
        size, name = learned.encoder.inputs, learned.schema.targets[0]
        target = InstanceTarget(name, size.height, size.width)
        if keys.instances:
            return target
        if keys.instances is None:
            judged = learned.rows[:: max(1, len(learned.rows) // MOST_JUDGED)]
            if holds_instances(whole_labels(mask_column(learned.table, name, judged))):
                return target
        values = np.unique(target.read(learned.table, learned.rows))
        if len(values) > MOST_CLASSES:
            raise DataError(
                f"{len(values):,} different labels in the masks",
                where=learned.table.where(name=name),
                expected=f"at most {MOST_CLASSES} classes",
                fix="if they number instances, set instances=true; else name the column of masks",
            )
        found = ClassMaskTarget(name, size.height, size.width, tuple(values.tolist()))
        found.transform(learned.table, np.setdiff1d(np.arange(learned.table.height), learned.rows))
        return found

    def restore(self, stored: Mapping[str, Any], place: str) -> AbstractTarget:
        """Return the target in an artifact's JSON."""
        return restore_target(stored, place)

    def objective(self, inputs: Any, target: AbstractTarget, keys: SegmentKeys) -> AbstractObjective:
        """Return the loss of one logit a class and pixel, or of the two maps of instances."""
        from lamina.objectives.segmentation import InstanceObjective, SegmentationObjective

        if isinstance(target, InstanceTarget):
            return InstanceObjective()
        return SegmentationObjective(len(target.labels))

    def predict(
        self, decoded: np.ndarray, table: AbstractTable, objective: AbstractObjective, target: AbstractTarget
    ) -> Prediction:
        """Return a PNG mask for each image, as large as the image was given."""
        masks = target.predictions(objective.point(decoded))
        cells = [table.column(name) for name in table.cell_names if name not in target.names]
        column = next((cell for cell in cells if isinstance(cell, ImageColumn)), None)
        files: dict[str, bytes] = {}
        images: list[str] = []
        stems: set[str] = set()
        for row, mask in enumerate(masks):
            images.append("" if column is None else column.place(row))
            stem = os.path.splitext(os.path.basename(images[-1]))[0] or f"{row:06d}"
            stem = free_name(f"{stem}-{row + 1}", stems) if stem in stems else stem
            stems.add(stem)
            files[f"{stem}.png"] = _png(_as_given(mask, column, row))
        return Prediction({IMAGE: np.array(images), "mask": np.array(list(files))}, files=files)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return the quality of the masks, and some of them laid over their images."""
        from lamina.tasks.segmentation.sections import mask_sections

        return mask_sections(outcome)


def _as_given(mask: np.ndarray, column: ImageColumn | None, row: int) -> np.ndarray:
    """Return a mask at the size that its image was given in."""
    from lamina.data.images.labels import unfitted

    if column is None:
        return mask
    height, width = column.images.take(np.array([row])).sizes()[0]
    return unfitted(mask, int(height), int(width))


def _png(mask: np.ndarray) -> bytes:
    """Return a mask as a PNG file whose labels are those of the training masks."""
    from lamina.data.images.labels import image_of

    stream = io.BytesIO()
    image_of(mask).save(stream, "PNG")
    return stream.getvalue()


TASKS.add(SEGMENT, SegmentTask())
__all__ = ["AbstractMaskTarget", "SegmentKeys", "SegmentTask"]
