"""Images of a table through a trained network, each in its own size."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.errors import ConfigError, DataError
from lamina.data.images.column import ImageColumn
from lamina.data.images.pixels import Canvas, as_channels
from lamina.tasks.enhance.enhanced import EnhancedImages
from lamina.tasks.enhance.tiles import improve
from lamina.tasks.samples.images import as_bytes, as_units
from lamina.tasks.samples.pairs import PAIRS

WHITE = 128  # levels from which a pixel of a mask is to be filled


class Improving:
    """How images are improved.

    Args:
        network: trained.
        turns: average eight turned and mirrored copies.
        mask: path of an image that is white where to fill.
        degrade: whether the images are clean, and are to be degraded first.
        seed: of the degradation.
    """

    def __init__(self, network: Any, *, turns: bool, mask: str | None, degrade: bool, seed: int):
        from lamina.core import runtime

        runtime.start()
        self.objective, self.model = network.objective, network.model
        self.name = network.schema.inputs[0].name
        self.turns, self.mask, self.degrade, self.seed = turns, mask, degrade, seed
        if mask is not None and not self.objective.degradation.takes_hole:
            raise ConfigError("mask says where holes are, and this network fills none", fix="leave mask out")
        if degrade and network.target.method == PAIRS:
            fix = "leave degrade out; lamina evaluate measures it on pairs"
            raise ConfigError(
                "how images were degraded was not told: the network learned from pairs", fix=fix
            )

    def run(self, table: Any) -> EnhancedImages:
        """Return the images of a table, improved.

        Args:
            table: as the network reads it.

        Raises:
            DataError: there are no images.
        """
        column = table.column(self.name) if self.name in table.names else None
        if not isinstance(column, ImageColumn):
            raise DataError("there are no images", where=table.source)
        found = [self._row(column, row) for row in range(len(column))]
        images, before, psnr = zip(*found, strict=True)
        names = tuple(column.place(row) for row in range(len(column)))
        if not self.degrade:
            return EnhancedImages(images, names)
        return EnhancedImages(images, names, before, psnr)

    def _row(self, column: ImageColumn, row: int) -> tuple[np.ndarray, Any, Any]:
        own = column.images.take(np.array([row]))
        height, width = map(int, own.sizes()[0])
        levels = own.pixels(Canvas(height, width, 1 if own.is_gray() else 3))[0]
        if self.degrade:
            return self._demonstrated(levels)
        known = self._known(column.place(row), height, width)
        return as_bytes(self.improved(self._given(levels, known), gray=levels.shape[-1] == 1)), None, None

    def _given(self, levels: np.ndarray, known: np.ndarray | None) -> np.ndarray:
        """Return an image as the network takes it, float32 (n, y, x, k)."""
        channels = self.objective.degradation.inputs(self.objective.space.channels).channels
        if known is None:
            return as_units(_planes(levels, channels))
        planes = as_units(_planes(levels, channels - 1))
        return np.concatenate([planes * known, np.broadcast_to(known, (*planes.shape[:-1], 1))], axis=-1)

    def improved(self, given: np.ndarray, *, gray: bool) -> np.ndarray:
        """Return better planes as one image, float32 (y, x, c).

        Args:
            given: (n, y, x, k); three images are the colors of one.
            gray: whether the image is to be gray.
        """
        found = [improve(self.objective, self.model, own, turns=self.turns) for own in given]
        image = np.concatenate(found, axis=-1)
        is_gray = gray and self.objective.degradation.keeps_gray and image.shape[-1] == 3
        return as_units(as_channels(as_bytes(image), 1)) if is_gray else image

    def _demonstrated(self, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
        """Return a clean image degraded and improved, what it was degraded to, and PSNR before and after."""
        from lamina.objectives.metrics.psnr import psnr

        degradation = self.objective.degradation
        scale, channels = degradation.scale, self.objective.space.channels
        levels = levels[: levels.shape[0] // scale * scale, : levels.shape[1] // scale * scale]
        clean = as_units(_planes(levels, channels))
        given = np.asarray(degradation.degrade(clean, key=self.seed))
        start = np.asarray(degradation.finish(degradation.start(given), given))
        before = as_bytes(np.concatenate(list(start), axis=-1))
        image = as_bytes(self.improved(given, gray=False))
        true = as_bytes(np.concatenate(list(clean), axis=-1))
        return image, before, (psnr(before, true), psnr(image, true))

    def _known(self, place: str, height: int, width: int) -> np.ndarray | None:
        """Return 1 where pixels are known, float32 (y, x, 1); None where the network fills no holes.

        Raises:
            ConfigError: nothing says where to fill, or the mask has another size.
        """
        if not self.objective.degradation.takes_hole:
            return None
        hole = _hole_of(self.mask, place)
        if hole is None:
            fix = "give --mask mask.png, white where to fill, or an image with transparent pixels"
            raise ConfigError("nothing says which pixels are missing", where=place, fix=fix)
        if hole.shape != (height, width):
            expected, received = f"{height}x{width} pixels", f"{hole.shape[0]}x{hole.shape[1]}"
            raise ConfigError(
                "the mask has another size than the image", expected=expected, received=received
            )
        return 1.0 - hole[..., None].astype(np.float32)


def _hole_of(mask: str | None, place: str) -> np.ndarray | None:
    """Return where to fill, bool (y, x): where a mask is white, or an image transparent; None: nowhere."""
    from PIL import Image

    if mask is not None:
        try:
            with Image.open(mask) as opened:
                return np.asarray(opened.convert("L")) >= WHITE
        except OSError as error:
            raise ConfigError("the mask cannot be read", where=mask, fix="give an image file") from error
    if not place:
        return None
    with Image.open(place) as opened:
        alpha = np.asarray(opened.convert("RGBA"))[..., 3]
    return alpha < WHITE if (alpha < WHITE).any() else None


def _planes(levels: np.ndarray, channels: int) -> np.ndarray:
    """Return an image (y, x, c) as the images a network of so many channels takes, (n, y, x, channels).

    A network of gray images improves the colors of an image one by one.
    """
    if channels == levels.shape[-1]:
        return levels[None]
    if channels == 1:
        return np.moveaxis(levels, -1, 0)[..., None]
    return as_channels(levels, channels)[None]
