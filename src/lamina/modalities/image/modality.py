"""Images as a modality: one column of images is one block."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.keys import POSITIVE, key, one_of
from lamina.core.wanted import ONE
from lamina.data.cells import with_cells
from lamina.data.images import paths
from lamina.data.images.column import IMAGE, ImageColumn
from lamina.data.table import AbstractColumn, AbstractTable
from lamina.modalities.base import (
    AbstractModality,
    Block,
    Choice,
    Description,
    Learned,
    Outcome,
    Situation,
    Subject,
    Unreadable,
)
from lamina.modalities.image import choose
from lamina.modalities.image.check import ImageCheck
from lamina.modalities.image.encoder import ImageEncoder
from lamina.modalities.image.stored import check_encoder
from lamina.modalities.registry import MODALITIES

if TYPE_CHECKING:
    from lamina.core.page import Section

REFUSE, SKIP = BAD = ("refuse", "skip")
TEST_TIME = ("none", "flip", "shift", "flip-shift")


@dataclass(frozen=True)
class ImageKeys:
    """The keys of images."""

    image_size: int | None = key(
        None, "side in pixels that images are brought to; found from the data", **POSITIVE
    )
    augment: tuple[str, ...] | None = key(
        None,
        "random changes of training images, some with a strength: alternate-flip,shift:4; or none",
        check=lambda value: all(isinstance(item, str) for item in value),
        expected="names separated by commas",
    )
    test_time_augmentation: str | None = key(
        None,
        "what is averaged at prediction: the image, its mirror image, shifted ones",
        **one_of(*TEST_TIME),
    )
    bad: str = key(
        REFUSE, "what unreadable images do: refuse the run, or skip their rows and list them", **one_of(*BAD)
    )


class ImageModality(AbstractModality):
    """Images: in arrays, in folders, or named by their paths."""

    name = noun = IMAGE
    kinds = (IMAGE,)
    keys = ImageKeys
    model_keys = ("test_time_augmentation",)

    def claim(self, column: AbstractColumn, table: AbstractTable) -> AbstractColumn | Unreadable | None:
        """Return the images of a column, also where it holds their paths."""
        if isinstance(column, ImageColumn):
            return column
        found = paths.claim(column, table)
        return Unreadable(found) if isinstance(found, str) else found

    def rejoin(self, table: AbstractTable, name: str) -> AbstractTable:
        """Return new data with their only column of images under the name that training gave it."""
        if name in table.names:
            own = paths.claim(table.column(name), table, needed=True)
            return with_cells(table, {name: own}) if isinstance(own, ImageColumn) else table
        found = {other: self.claim(table.column(other), table) for other in table.names}
        images = {other: own for other, own in found.items() if isinstance(own, ImageColumn)}
        if len(images) != 1:
            return table
        ((old, column),) = images.items()
        return with_cells(table.drop([old]), {name: ImageColumn(name, column.images)})

    def describe(
        self, table: AbstractTable, names: Sequence[str], *, keep: Sequence[str]
    ) -> list[Description]:
        """Return the size of each column's images as ``28x28x1``, or that there are several."""
        return [Description(name, IMAGE, _size_of(table.column(name))) for name in names]

    def check(self, subject: Subject, block: Block, keys: ImageKeys) -> ImageCheck:
        """Return the checks of the images."""
        return ImageCheck(subject, block, keys.image_size, skips=keys.bad == SKIP)

    def fit(self, table: AbstractTable, block: Block, rows: np.ndarray, keys: ImageKeys) -> ImageEncoder:
        """Learn size, mean and standard deviation from training rows."""
        return ImageEncoder.fit(table, block.columns[0].name, rows=rows, image_size=keys.image_size)

    def restore(self, stored: dict[str, Any], place: str) -> ImageEncoder:
        """Return the encoder in an artifact's JSON."""
        check_encoder(stored, place)
        return ImageEncoder.from_json(stored)

    def choose(self, situation: Situation) -> Choice:
        """Return the widest network that the computing budget allows."""
        return choose.choose(situation)

    def settle(self, keys: ImageKeys, learned: Learned) -> ImageKeys:
        """Return the keys with augmentation as it suits the images."""
        if learned.wants != ONE:
            return self._settled_for_maps(keys, learned)
        augment = choose.augment_for(learned) if keys.augment is None else keys.augment
        self.augment(dataclasses.replace(keys, augment=augment))  # an unknown name is refused here
        test_time = keys.test_time_augmentation or choose.test_time_for(augment)
        return dataclasses.replace(keys, augment=augment, test_time_augmentation=test_time)

    def _settled_for_maps(self, keys: ImageKeys, learned: Learned) -> ImageKeys:
        """Return the keys where every pixel has a target, which follows the geometry."""
        if keys.test_time_augmentation not in (None, "none"):
            raise ConfigError(
                "test_time_augmentation averages predictions of whole images",
                received=keys.test_time_augmentation,
                fix="leave it out where every pixel has a prediction",
            )
        augment = choose.augment_for_maps(learned) if keys.augment is None else keys.augment
        changes = self.augment(dataclasses.replace(keys, augment=augment))
        if changes is not None:
            changes.check_maps()
        return dataclasses.replace(keys, augment=augment, test_time_augmentation="none")

    def augment(self, keys: ImageKeys) -> Any:
        """Return the random changes of training images, or None."""
        from lamina.modalities.image.augment import Augmentation  # and with it JAX

        return Augmentation.of(keys.augment or ())

    def sections(self, outcome: Outcome, block: Block, encoder: ImageEncoder) -> list[Section]:
        """Return samples, the surest mistakes and the first filters."""
        from lamina.modalities.image.sections import image_sections

        return image_sections(outcome, outcome.part)


def _size_of(column: Any) -> str:
    """Return the one size of images and their channels as ``28x28x1``, or that there are several."""
    sizes = column.images.sizes()
    sizes = sizes[sizes.all(axis=1)]
    if not len(sizes) or (sizes != sizes[0]).any():
        return "mixed sizes"
    return f"{sizes[0, 0]}x{sizes[0, 1]}x{1 if column.images.is_gray() else 3}"


MODALITIES.add(IMAGE, ImageModality())
