"""Which space of samples data have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina.core.errors import DataError
from lamina.core.inputs import ImageInputs, TableInputs
from lamina.core.json_checks import one_of
from lamina.tasks.samples.images import PIXELS, ImageSpace
from lamina.tasks.samples.pairs import PAIRS, PairSpace
from lamina.tasks.samples.rows import ROWS, RowSpace
from lamina.tasks.samples.space import AbstractSpace

if TYPE_CHECKING:
    from lamina.modalities.base import Learned

SPACES: dict[str, type[AbstractSpace]] = {PIXELS: ImageSpace, PAIRS: PairSpace, ROWS: RowSpace}  # by kind


def fit_space(learned: Learned, *, has_density: bool = False) -> AbstractSpace:
    """Return the space of the inputs, fitted to the training rows.

    Args:
        learned: data and fitted encoder.
        has_density: whether all numbers of a row are to have a density.

    Raises:
        DataError: the inputs are neither images nor columns of a table.
    """
    inputs = learned.encoder.inputs
    if isinstance(inputs, ImageInputs):
        return ImageSpace(inputs.height, inputs.width, inputs.channels)
    if isinstance(inputs, TableInputs):
        label = next(iter(learned.schema.targets), None)
        return RowSpace.fit(
            learned.table, learned.schema.inputs, learned.rows, dither=has_density, label=label
        )
    where, fix = learned.table.source, "leave the others out: drop="
    raise DataError("inputs that are neither images nor columns of a table", where=where, fix=fix)


def restore_space(stored: Mapping[str, Any], place: str) -> AbstractSpace:
    """Return the space in an artifact's JSON, each field checked.

    Args:
        stored: from `AbstractSpace.to_json`.
        place: where it stands.

    Raises:
        ArtifactError: it is no such space.
    """
    one_of(*SPACES)(stored.get("kind"), f"{place}.kind")
    return SPACES[stored["kind"]].restore(stored, place)
