"""Checks of images."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.images.column import ImageColumn
from lamina.data.images.pixels import Canvas
from lamina.data.images.store import AbstractImages, Survey
from lamina.data.split import Split
from lamina.data.table import AbstractTable
from lamina.modalities.base import AbstractCheck, Block, Subject
from lamina.modalities.image.encoder import images_of
from lamina.modalities.image.target_size import choose_canvas
from lamina.modalities.image.unreadable import unreadable_rows

NAMED_IMAGES = 5
LEAST_CONTRAST = 8  # levels of 255: below it nothing is to be seen
WORTH_A_WARNING = 0.01  # share of the held-out images, as for the rows of tables
DOUBTFUL_LABELS = 0.001  # share of the images that are equal to one of another class


class ImageCheck(AbstractCheck):
    """The checks of one column of images, each image read once for all of them.

    Args:
        subject: the data with their roles.
        block: the column of images.
        size: a side that was asked for, or the canvas of the training images.
        skips: whether rows are left out whose image, or mask, cannot be read.
    """

    def __init__(
        self, subject: Subject, block: Block, size: int | Canvas | None = None, *, skips: bool = False
    ):
        self.subject, self.block, self.size, self.skips = subject, block, size, skips
        self.table, self.schema = subject.table, subject.schema
        self.is_sized = size is not None
        self.is_alone = len(self.schema.inputs) == 1  # else there are other columns that a row is told by

    @functools.cached_property
    def images(self) -> AbstractImages:
        """The inputs."""
        return images_of(self.table, self.block.columns[0].name)

    @functools.cached_property
    def canvas(self) -> Canvas:
        """What the images are brought to."""
        return self.size if isinstance(self.size, Canvas) else choose_canvas(self.images, self.size)

    @functools.cached_property
    def survey(self) -> Survey:
        """What was found by reading every image."""
        return self.images.survey(self.canvas)

    def left_out(self) -> dict[int, str]:
        """Return the rows with an image, or a mask, that cannot be read, where they are to be skipped."""
        name = self.block.columns[0].name
        if not self.skips or name not in self.table.names:
            return {}
        if not isinstance(self.table.column(name), ImageColumn):  # `second` says so
            return {}
        return unreadable_rows(self.table, self.schema, self.images, self.survey)

    def sound(self) -> np.ndarray:
        """Return the rows of images that can be read."""
        return np.setdiff1d(np.arange(len(self.images)), list(self.survey.faults))

    def findings(self) -> Iterator[Finding]:
        """Yield what is to be said of the images themselves."""
        yield from self._of_unreadable()
        yield from self._of_blank()
        yield from self._of_labels()
        yield from self._of_sizes()
        if self.images.frames:
            message = f"{counted(self.images.frames, 'image')} with several frames: the first one is taken"
            yield note("frames", self.table.source, message)

    def _of_unreadable(self) -> Iterator[Finding]:
        """Yield the error for images that cannot be read; beside other columns one may be absent."""
        faults, absent = self.survey.faults, self.images.absent()
        if not self.is_alone and absent.any():
            faults = {row: why for row, why in faults.items() if not absent[row]}
            name = self.block.columns[0].name
            count = int(np.count_nonzero(absent))
            message = f"no image is named in {counted(count, 'row')}: the network learns what to take instead"
            yield note("absent-images", self.table.where(name=name), message)
        if faults:
            from lamina.data.images.files import unreadable_words

            message = unreadable_words(self.images, faults)
            fix = "replace these files by whole images, or remove them"
            yield error("unreadable-image", self.table.source, message, fix)

    def _of_blank(self) -> Iterator[Finding]:
        """Yield a warning for images on which nothing is to be seen."""
        sound = self.sound()
        blank = sound[self.survey.contrast[sound] < LEAST_CONTRAST]
        if blank.size:
            count = f"{counted(blank.size, 'image')} {'is' if blank.size == 1 else 'are'}"
            message = f"{count} of one color throughout: {self._named(blank)}"
            yield warning("blank-image", self.table.source, message, "remove them, unless they are meant so")

    def _of_labels(self) -> Iterator[Finding]:
        """Yield what is to be said of equal images with different labels that nothing else tells apart."""
        if not self.schema.has_classes or not self.is_alone:
            return
        column = self.table.labels(self.schema.targets[0])
        codes, sound = column.distinct().codes, self.sound()
        rows = sound[codes[sound] >= 0]
        rows = rows[np.argsort(self.survey.digests[rows], kind="stable")]
        digests = self.survey.digests[rows]
        groups = np.split(rows, np.flatnonzero(digests[1:] != digests[:-1]) + 1)
        torn = [group for group in groups if len(group) > 1 and np.unique(codes[group]).size > 1]
        if not torn:
            return
        first = min(torn, key=lambda group: group[0])
        other = first[codes[first] != codes[first[0]]][0]
        count = sum(map(len, torn))
        message = (
            f"{count:,} images are equal to one with another label, such as "
            f"{self._name(first[0])} ({column.value(int(first[0]))!r}) and "
            f"{self._name(other)} ({column.value(int(other))!r})"
        )
        say = warning if count > DOUBTFUL_LABELS * len(self.images) else note
        yield say("contradicting-labels", self.table.source, message, "keep the image with the right label")

    def _of_sizes(self) -> Iterator[Finding]:
        """Yield what will be done to images of several sizes, or larger than they need be."""
        sizes = self.images.sizes()
        sizes = sizes[sizes.all(axis=1)]
        canvas, kinds = self.canvas, np.unique(sizes, axis=0)
        if not len(kinds) or (len(kinds) == 1 and kinds[0].tolist() == [canvas.height, canvas.width]):
            return
        small, large = kinds[kinds.prod(axis=1).argmin()], kinds[kinds.prod(axis=1).argmax()]
        smallest, largest = f"{small[0]}x{small[1]}", f"{large[0]}x{large[1]}"
        found = f"images of {len(kinds):,} sizes, from {smallest} to {largest} pixels"
        found = f"all images have {smallest} pixels" if len(kinds) == 1 else found
        message = f"{found}: they are brought to {canvas.height}x{canvas.width}, the middle of each is kept"
        fix = "" if self.size is not None else "another size: image_size=128"
        yield note("image-sizes", self.table.source, message, fix)

    def across(self, split: Split) -> Iterator[Finding]:
        """Yield what is to be said of held-out images that equal a training image."""
        names = [name for name in ("valid", "test") if getattr(split, name).size]
        held = np.concatenate([split.valid, split.test])
        repeated = held[np.isin(self.survey.digests[held], self.survey.digests[split.train])]
        words = {"valid": "validation", "test": "test"}
        name = " and ".join(words[name] for name in names)
        fix = "remove the copies"
        if self.table.first_line and not self.schema.split:  # a table of paths may have a column of groups
            fix += ', or keep them on one side with group="..."'
        yield from self._reported(repeated, held.size, name, fix)

    def second(self, other: AbstractTable, split: Split) -> Iterator[Finding]:
        """Yield what is wrong with test images of their own, and which of them equal a training image."""
        name = self.block.columns[0].name
        if not isinstance(other.column(name), ImageColumn):
            fix = "give images, or paths to files that are there"
            yield error("no-images", other.where(name=name), "these are no images", fix)
            return
        tested = ImageCheck(Subject(other, self.schema), self.block, self.canvas)
        yield from tested.findings()
        repeated = np.flatnonzero(np.isin(tested.survey.digests, self.survey.digests[split.train]))
        fix = "remove the copies from one of the two"
        yield from tested._reported(repeated, len(tested.images), "test", fix)

    def _reported(self, repeated: np.ndarray, held: int, name: str, fix: str) -> Iterator[Finding]:
        """Yield a warning where copies can change the metrics, a note where they cannot."""
        repeated = np.setdiff1d(repeated, list(self.survey.faults))
        if not repeated.size:
            return
        if not self.is_alone:
            yield self._of_shared(repeated, held, name, fix)
            return
        say = warning if repeated.size > WORTH_A_WARNING * held else note
        message = (
            f"{repeated.size:,} of {held:,} {name} images equal a training image, which flatters the "
            f"metrics: {self._named(repeated)}"
        )
        yield say("duplicates", self.table.source, message, fix)

    def _of_shared(self, repeated: np.ndarray, held: int, name: str, fix: str) -> Finding:
        """Return the note on images that held-out rows share with training rows, which differ otherwise."""
        where = self.table.where(name=self.block.columns[0].name)
        message = (
            f"{repeated.size:,} of {held:,} {name} rows have an image of a training row: the metrics "
            "hold for images that are known"
        )
        fix = fix.replace("remove the copies", "if others are to be predicted, remove these rows")
        return note("shared-images", where, message, fix)

    def _named(self, rows: np.ndarray | Sequence[int]) -> str:
        """Return the names of the first images, and how many more there are."""
        more = f" and {len(rows) - NAMED_IMAGES:,} more" if len(rows) > NAMED_IMAGES else ""
        return ", ".join(self._name(row) for row in rows[:NAMED_IMAGES]) + more

    def _name(self, row: int | np.integer) -> str:
        """Return the path of an image, or its row."""
        return self.images.name(int(row)) or f"row {self.table.line(int(row))}"
