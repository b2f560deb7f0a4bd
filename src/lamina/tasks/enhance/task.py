"""Enhancement as a task: clean images are degraded as they are shown, and a network learns to undo it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from lamina.core.errors import DataError
from lamina.core.inputs import ImageSampleInputs
from lamina.core.wanted import IMPROVED
from lamina.data.images.column import IMAGE
from lamina.tasks.enhance.guide import EnhanceGuide
from lamina.tasks.enhance.keys import COLORIZE, USUAL_CROP, EnhanceKeys, degradation_of
from lamina.tasks.enhance.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.samples.task import AbstractSampleTask

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.schema import Schema
    from lamina.modalities.base import Learned, Outcome
    from lamina.modalities.blocks import Claims
    from lamina.objectives.base import AbstractObjective
    from lamina.tasks.base import AbstractTarget, Roles

ENHANCE = "enhance"
_ONLY_IMAGES = "an image is improved by itself"


class EnhanceTask(AbstractSampleTask):
    """Noise, holes, lost pixels or lost colors, undone."""

    name = ENHANCE
    summary = "improves images"
    learns = "from clean images, which it degrades itself"
    noun = IMAGE
    keys = EnhanceKeys
    verbs = VERBS
    wants = IMPROVED
    guide = EnhanceGuide()

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return the column of images as input; other columns are left out.

        Raises:
            DataError: there is not one column of images.
        """
        cells = [name for name in claims.modalities if name in claims.table.cell_names]
        if not cells:
            fix = "give a folder of images, a table of their paths, or an array (n, y, x) or (n, y, x, c)"
            raise DataError("there are no images", where=claims.table.source, fix=fix)
        schema = super().roles(claims, given)
        own = tuple(column for column in schema.inputs if column.name in cells)
        if len(own) != 1:
            names = ", ".join(f"'{column.name}'" for column in own) or "none"
            fix = "leave the others out: drop="
            raise DataError("not one column of images", where=claims.table.source, received=names, fix=fix)
        others = tuple((column.name, _ONLY_IMAGES) for column in schema.inputs if column not in own)
        return dataclasses.replace(schema, inputs=own, dropped=(*schema.dropped, *others))

    def fit(self, learned: Learned, keys: EnhanceKeys) -> AbstractTarget:
        """Learn the size of the images.

        Raises:
            DataError: they are texts, have no color to be learned, or are too small to be reduced.
            ConfigError: a key belongs to another degradation.
        """
        target: Any = super().fit(learned, keys)
        where = learned.table.source
        size, degradation = target.inputs, degradation_of(keys)
        if not isinstance(size, ImageSampleInputs):
            raise DataError("there are no images", where=where)
        if degradation.needs_color and size.channels != 3:
            fix = f"give images with colors; degrade={COLORIZE} learns them"
            raise DataError("the images are gray", where=where, fix=fix)
        if min(size.height, size.width) < degradation.scale:
            raise DataError("the images are too small to be reduced", where=where)
        return target

    def method_of(self, inputs: Any, keys: EnhanceKeys) -> str:
        """Return the name of the degradation."""
        return keys.degrade

    def objective(self, inputs: Any, target: Any, keys: EnhanceKeys) -> AbstractObjective:
        """Return the difference of improved and clean images."""
        from lamina.objectives.enhancement import EnhancementObjective

        return EnhancementObjective(target.inputs, degradation_of(keys), keys.crop or USUAL_CROP)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return images before and after, and how far the network helps."""
        from lamina.tasks.enhance.sections import enhance_sections

        return enhance_sections(outcome)


TASKS.add(ENHANCE, EnhanceTask())
