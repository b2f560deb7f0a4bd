"""Enhancement as a task: clean images are degraded as they are shown, and a network learns to undo it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.errors import DataError
from lamina.core.inputs import ImageSampleInputs
from lamina.core.wanted import IMPROVED
from lamina.data.images.column import CLEAN, IMAGE
from lamina.data.schema import CELLS
from lamina.tasks.base import Suit
from lamina.tasks.enhance.check import of_pairs
from lamina.tasks.enhance.guide import EnhanceGuide
from lamina.tasks.enhance.keys import COLORIZE, USUAL_CROP, EnhanceKeys, degradation_of, method_of
from lamina.tasks.enhance.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.samples.pairs import PairSpace
from lamina.tasks.samples.target import SampleTarget
from lamina.tasks.samples.task import AbstractSampleTask

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Learned, Outcome, Subject
    from lamina.modalities.blocks import Claims
    from lamina.objectives.base import AbstractObjective
    from lamina.tasks.base import AbstractTarget, Roles

ENHANCE = "enhance"
_ONLY_IMAGES = "an image is improved by itself"


class EnhanceTask(AbstractSampleTask):
    """Noise, holes, lost pixels or lost colors, undone; or whatever was done to the images of pairs."""

    name = ENHANCE
    summary = "improves images"
    learns = "from clean images, which it degrades itself"
    noun = IMAGE
    keys = EnhanceKeys
    optional_target = CELLS
    verbs = VERBS
    wants = IMPROVED
    guide = EnhanceGuide()

    def suits(self, table: AbstractTable, targets: Sequence[str]) -> Suit | None:
        """Return why it may be taken: there are two columns of images, of which one is called `CLEAN`."""
        if targets or CLEAN not in table.cell_names or len(table.cell_names) != 2:
            return None
        images = [name for name in table.cell_names if table.column(name).storage == IMAGE]
        if len(images) != 2:
            return None
        return Suit(f"'{CLEAN}' holds what the images beside it should be")

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return the column of images as input; other columns are left out.

        The target, where there is one, is the column of clean images.

        Raises:
            DataError: there is not one column of images beside it.
        """
        cells = [name for name in claims.modalities if name in claims.table.cell_names]
        if not cells:
            fix = "give a folder of images, a table of their paths, or an array (n, y, x) or (n, y, x, c)"
            raise DataError("there are no images", where=claims.table.source, fix=fix)
        if not given.targets and CLEAN in cells and len(cells) > 1 and CLEAN not in given.keys.drop:
            given = dataclasses.replace(given, targets=(CLEAN,))
        schema = super().roles(claims, given)
        own = tuple(column for column in schema.inputs if column.name in cells)
        if len(own) != 1:
            names = ", ".join(f"'{column.name}'" for column in own) or "none"
            fix = "leave the others out: drop=; of pairs, name the column of clean images: --target"
            raise DataError("not one column of images", where=claims.table.source, received=names, fix=fix)
        others = tuple((column.name, _ONLY_IMAGES) for column in schema.inputs if column not in own)
        return dataclasses.replace(schema, inputs=own, dropped=(*schema.dropped, *others))

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong with pairs."""
        if subject.schema.targets:
            yield from of_pairs(subject.table if other is None else other, subject.schema)

    def fit(self, learned: Learned, keys: EnhanceKeys) -> AbstractTarget:
        """Learn the size of the images.

        Raises:
            DataError: they are texts, have no color to be learned, are too small to be reduced, or do not
                make pairs.
            ConfigError: a key belongs to another degradation.
        """
        where, names = learned.table.source, learned.schema.targets
        method = method_of(keys, paired=bool(names))
        if not names:
            space = self.space_of(learned, method)
        else:
            given = learned.schema.inputs[0].name
            space = PairSpace.fit(learned.table, given, names[0], learned.rows)
        size, degradation = space.inputs(0), degradation_of(keys, space)
        if not isinstance(size, ImageSampleInputs):
            raise DataError("there are no images", where=where)
        if degradation.needs_color and size.channels != 3:
            fix = f"give images with colors; degrade={COLORIZE} learns them"
            raise DataError("the images are gray", where=where, fix=fix)
        if min(size.height, size.width) < degradation.scale:
            raise DataError("the images are too small to be reduced", where=where)
        return SampleTarget(space, method)

    def objective(self, inputs: Any, target: Any, keys: EnhanceKeys) -> AbstractObjective:
        """Return the difference of improved and clean images."""
        from lamina.objectives.enhancement import EnhancementObjective

        return EnhancementObjective(
            target.inputs, degradation_of(keys, target.space), keys.crop or USUAL_CROP
        )

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return images before and after, and how far the network helps."""
        from lamina.tasks.enhance.sections import enhance_sections

        return enhance_sections(outcome)


TASKS.add(ENHANCE, EnhanceTask())
