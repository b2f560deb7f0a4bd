"""One image, from the bytes of its file to uint8 pixels, by Pillow."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import (  # each registers its type, so that Image.open need not load all that Pillow knows
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from lamina.data.images.pixels import Canvas, as_channels

_PLUGINS = (
    BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin,
)  # fmt: skip
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")  # no type that runs a program, as EPS does
MOST_PIXELS = 89_478_485  # a quarter of a gigabyte of RGB: where Pillow begins to warn of bombs
ORIENTATION = 0x0112  # of the EXIF standard
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MARKS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
LYING = (5, 6, 7, 8)  # orientations that exchange height and width
GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")


@dataclass(frozen=True)
class Facts:
    """What the head of a file says of its image, or the fault that keeps it from being read.

    Args:
        height: pixels from top to bottom, as displayed (after its EXIF orientation).
        width: pixels from left to right.
        mode: Pillow's word for what a pixel is.
        turn: EXIF orientation, 1 to 8.
        animated: whether there are further frames.
        fault: why it cannot be read, or an empty text.
    """

    height: int = 0
    width: int = 0
    mode: str = ""
    turn: int = 1
    animated: bool = False
    fault: str = ""


class UnreadableError(Exception):
    """An image cannot be read; the text says why."""


def read_head(path: str) -> Facts:
    """Return what the head of a file says; no pixel is decoded and no memory taken for any."""
    try:
        with open(path, "rb") as stream:
            image = opened(stream)
            has_exif = "exif" in image.info and image.format != "TIFF"  # Pillow turns a TIFF as it loads it
            turn = image.getexif().get(ORIENTATION, 1) if has_exif else 1
            turn = turn if turn in TURNS else 1
            width, height = image.size[::-1] if turn in LYING else image.size
            animated = image.format != "MPO" and bool(getattr(image, "is_animated", False))
            return Facts(height, width, image.mode, turn, animated)
    except Exception as error:
        return Facts(fault=words_of(error, path))


def decoded(content: bytes, canvas: Canvas, turn: int = 1) -> np.ndarray:
    """Return an image as uint8 (y, x, c) on a canvas: the short side fitted, the middle of the long one.

    Transparent parts become white, values of 16 bits are divided by 257, of several frames the first is
    taken, and the image is turned as its EXIF orientation says.

    Args:
        content: the bytes of the file.
        canvas: height, width and channels of the result.
        turn: EXIF orientation.

    Raises:
        UnreadableError: with the reason.
    """
    try:
        image = opened(io.BytesIO(content))
        high, wide = (canvas.width, canvas.height) if turn in LYING else (canvas.height, canvas.width)
        scale = max(high / image.height, wide / image.width)
        if image.format in ("JPEG", "MPO") and scale < 1:  # decoded at a half, a quarter or an eighth
            wanted = (-int(-image.width * scale // 1), -int(-image.height * scale // 1))
            image.draft("L" if canvas.channels == 1 else "RGB", wanted)
        image.load()
        plain = _plain(image, canvas.channels)
        if turn in TURNS:
            plain = plain.transpose(TURNS[turn])
        return _as_array(_fitted(plain, canvas))
    except Exception as error:
        raise UnreadableError(words_of(error, "")) from error


def resized(array: np.ndarray, canvas: Canvas) -> np.ndarray:
    """Return uint8 pixels (y, x, c) on a canvas."""
    array = as_channels(array, canvas.channels)
    image = Image.fromarray(array[..., 0] if canvas.channels == 1 else array)
    return _as_array(_fitted(image, canvas))


def opened(stream: io.BufferedReader | io.BytesIO) -> Image.Image:
    """Return an image whose head was read and is believable."""
    image = Image.open(stream, formats=FORMATS)
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise UnreadableError(f"it claims {width:,} x {height:,} pixels, {MOST_PIXELS:,} are the most")
    if not width or not height:
        raise UnreadableError("it has no pixel")
    return image


def _plain(image: Image.Image, channels: int) -> Image.Image:
    """Return an image of mode L or RGB."""
    wanted = "L" if channels == 1 else "RGB"
    if image.mode == wanted and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    elif image.mode == "F":
        raise UnreadableError("its values are fractions; save it with 8 or 16 bits a channel")
    elif image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB" if image.mode != "1" else "L")
    return image if image.mode == wanted else image.convert(wanted)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a gray image of 16 bits with 8."""
    values = np.asarray(image).astype(np.int64)
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise UnreadableError("its values need more than 16 bits; save it with 8 or 16")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _fitted(image: Image.Image, canvas: Canvas) -> Image.Image:
    """Return the middle of an image, as large as the canvas."""
    width, height = image.size
    if (height, width) == (canvas.height, canvas.width):
        return image
    scale = max(canvas.height / height, canvas.width / width)
    wide, high = min(canvas.width / scale, width), min(canvas.height / scale, height)
    left, top = (width - wide) / 2, (height - high) / 2
    box = (left, top, left + wide, top + high)
    return image.resize((canvas.width, canvas.height), Image.Resampling.BILINEAR, box, reducing_gap=3.0)


def _as_array(image: Image.Image) -> np.ndarray:
    """Return pixels as uint8 (y, x, c)."""
    array = np.asarray(image)
    return array[..., None] if array.ndim == 2 else array


def words_of(error: Exception, path: str) -> str:
    """Return why an image cannot be read; what is no fault of the file is raised again."""
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, Image.DecompressionBombError):
        return f"it claims more than {MOST_PIXELS:,} pixels"
    if isinstance(error, UnidentifiedImageError):
        return _words_of_head(path)
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    text = str(error)
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return "it is cut short"
    known = isinstance(error, OSError | SyntaxError | ValueError | struct.error | zlib.error)
    return f"damaged ({text.splitlines()[0]})" if known and text.strip() else "damaged"


def _words_of_head(path: str) -> str:
    """Return why Pillow makes nothing of the head of a file."""
    head = b""
    if path:
        with open(path, "rb") as stream:
            head = stream.read(16)
        if not head:
            return "the file is empty"
    known = head.startswith(_MARKS) or head[8:12] == b"WEBP"
    return "damaged, or of a kind that is not read" if known else "this is no image"
