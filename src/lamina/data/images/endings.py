"""How the names of images and of their archives end."""

from __future__ import annotations

import os
import re

IMAGES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif")
IDX_NAME = re.compile(r"^(?P<head>.*?)(?P<kind>images|labels)[-.]idx\d-ubyte(\.gz)?$", re.IGNORECASE)


def is_image(path: str) -> bool:
    """Return whether a name ends as those of images do.

    Example:
        >>> is_image("Cat.JPG"), is_image("cat.txt")
        (True, False)
    """
    return path.lower().endswith(IMAGES)


def is_idx(path: str) -> bool:
    """Return whether a file is named as IDX files are.

    Example:
        >>> is_idx("mnist/train-images-idx3-ubyte.gz"), is_idx("t10k-labels.idx1-ubyte"), is_idx("a.csv")
        (True, True, False)
    """
    return bool(IDX_NAME.match(os.path.basename(path)))
