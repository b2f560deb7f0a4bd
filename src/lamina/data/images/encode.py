"""Images as the content of files."""

from __future__ import annotations

import io

import numpy as np

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
LOSSY = (".jpg", ".jpeg", ".webp")
QUALITY = 95  # of files that lose something


def encoded(image: np.ndarray, ending: str = ".png") -> bytes:
    """Return an image as the content of a file.

    Args:
        image: uint8 (y, x, c), one channel or three.
        ending: one of `FORMATS`.

    Example:
        >>> encoded(np.zeros((2, 2, 1), np.uint8))[1:4]
        b'PNG'
    """
    from PIL import Image

    stream = io.BytesIO()
    options = {"quality": QUALITY} if ending in LOSSY else {}
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(stream, FORMATS[ending], **options)
    return stream.getvalue()
