"""Improved images, and the files they are written to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.wording import counted
from lamina.data.images.column import IMAGE
from lamina.data.images.encode import encoded
from lamina.data.table import free_name


@dataclass(frozen=True, eq=False)
class EnhancedImages(Sequence):
    """Improved images, one after another.

    Args:
        images: uint8 (y, x, c) each.
        names: of the files they came from, or empty texts.
        before: what the network was given, where it degraded clean images itself; else empty.
        psnr: decibels before and after of each, where that is known.
    """

    images: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    before: tuple[np.ndarray, ...] = ()
    psnr: tuple[tuple[float, float], ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Any) -> Any:
        """Return an image, uint8 (y, x, c)."""
        return self.images[index]

    def shown(self) -> Iterator[str]:
        """Yield a line for each image: its size, and how much better it is where that is known."""
        for row, image in enumerate(self.images):
            height, width = image.shape[:2]
            better = ""
            if self.psnr:
                better = f", PSNR {self.psnr[row][0]:.2f} dB before, {self.psnr[row][1]:.2f} dB after"
            yield f"{self.names[row] or f'image {row + 1}'}: {height}x{width} pixels{better}\n"

    def told(self) -> dict[str, Any]:
        """Return number and PSNR, for JSON."""
        pairs = [{"before": before, "after": after} for before, after in self.psnr]
        return {"images": len(self.images), **({"psnr": pairs} if pairs else {})}

    def file(self, ending: str) -> bytes:
        """Return the only image as a file.

        Args:
            ending: such as ``".png"``.

        Raises:
            ConfigError: there are several images.
        """
        if len(self.images) != 1:
            received = counted(len(self.images), IMAGE)
            raise ConfigError(
                "one file holds one image", received=received, fix="give a new folder: --out better"
            )
        return encoded(self.images[0], ending)

    def files(self) -> dict[str, bytes]:
        """Return PNG files by name: each image, and beside it what it was degraded to."""
        found: dict[str, bytes] = {}
        stems: set[str] = set()
        for row, image in enumerate(self.images):
            stem = os.path.splitext(os.path.basename(self.names[row]))[0] or f"{row + 1:06d}"
            stem = free_name(f"{stem}-{row + 1}", stems) if stem in stems else stem
            stems.add(stem)
            found[f"{stem}.png"] = encoded(image)
            if self.before:
                found[f"{stem}-degraded.png"] = encoded(self.before[row])
        return found
