"""How the names of images and of their archives end."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

IMAGES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif")
IDX_NAME = re.compile(r"^(?P<head>.*?)(?P<kind>images|labels)[-.]idx\d-ubyte(\.gz)?$", re.IGNORECASE)


def is_image(path: str) -> bool:
    """Return whether a name ends as those of images do.

    Example:
        >>> is_image("Cat.JPG"), is_image("cat.txt")
        (True, False)
    """
    return path.lower().endswith(IMAGES)


def idx_kind(path: str) -> str:
    """Return what an IDX file holds by its name, ``images`` or ``labels``; empty for other files.

    Example:
        >>> idx_kind("mnist/train-images-idx3-ubyte.gz"), idx_kind("t10k-labels.idx1-ubyte"), idx_kind("a")
        ('images', 'labels', '')
    """
    match = IDX_NAME.match(os.path.basename(path))
    return match["kind"].lower() if match else ""


def holds_idx(names: Iterable[str]) -> bool:
    """Return whether there is an IDX file of images among the names in a folder."""
    return any(idx_kind(name) == "images" for name in names)
