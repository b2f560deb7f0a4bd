"""One image from its bytes: every mode becomes gray or color of eight bits, and faults have a reason."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lamina.data.images.decode import UnreadableError, decoded, read_head
from lamina.data.images.pixels import Canvas, as_channels

COLOR, GRAY = Canvas(8, 8, 3), Canvas(8, 8, 1)


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def square(mode: str, color) -> Image.Image:
    return Image.new(mode, (8, 8), color)


MODES = {
    "black and white": (square("1", 1), "PNG", {}, (255, 255, 255)),
    "gray": (square("L", 90), "PNG", {}, (90, 90, 90)),
    "gray, half transparent": (square("LA", (0, 127)), "PNG", {}, (128, 128, 128)),
    "color": (square("RGB", (10, 200, 30)), "PNG", {}, (10, 200, 30)),
    "transparent becomes white": (square("RGBA", (0, 0, 0, 0)), "PNG", {}, (255, 255, 255)),
    "palette": (square("RGB", (10, 200, 30)).quantize(4), "PNG", {}, (10, 200, 30)),
    "palette, transparent": (
        square("RGB", (9, 9, 9)).quantize(4), "PNG", {"transparency": 0}, (255, 255, 255),
    ),
    "sixteen bits": (
        Image.fromarray(np.full((8, 8), 257 * 77, np.uint16)), "PNG", {}, (77, 77, 77),
    ),
    "sixteen bits, TIFF": (
        Image.fromarray(np.full((8, 8), 257 * 77, np.uint16)), "TIFF", {}, (77, 77, 77),
    ),
    "inks, TIFF": (square("CMYK", (0, 0, 0, 0)), "TIFF", {}, (255, 255, 255)),
    "inks, JPEG": (square("CMYK", (0, 0, 0, 255)), "JPEG", {}, (0, 0, 0)),
    "BMP": (square("RGB", (10, 200, 30)), "BMP", {}, (10, 200, 30)),
    "GIF": (square("RGB", (10, 200, 30)), "GIF", {}, (10, 200, 30)),
    "WebP": (square("RGB", (10, 200, 30)), "WEBP", {"lossless": True}, (10, 200, 30)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODES)
def test_every_mode_becomes_color_and_gray(name):
    image, kind, options, expected = MODES[name]
    content = saved(image, kind, **options)
    color = decoded(content, COLOR)
    assert color.shape == (8, 8, 3) and color.dtype == np.uint8
    assert np.abs(color.astype(int) - expected).max() <= 1
    gray = decoded(content, GRAY)
    assert gray.shape == (8, 8, 1)
    assert np.abs(gray.astype(int) - as_channels(color, 1)).max() <= 1


def test_gray_is_the_same_for_arrays_and_files():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    content = saved(Image.fromarray(pixels))
    np.testing.assert_array_equal(decoded(content, GRAY), as_channels(pixels, 1))
    np.testing.assert_array_equal(decoded(content, COLOR), pixels)


@pytest.mark.parametrize("turn", range(1, 9))
def test_images_stand_as_their_orientation_says(tmp_path, turn):
    upright = np.zeros((6, 4), np.uint8)
    upright[0, :] = 255  # a bright edge above
    upright[:, 0] = 128
    stored = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: np.transpose,
        6: lambda a: np.rot90(a, 1), 7: lambda a: np.rot90(a, 2).T, 8: lambda a: np.rot90(a, -1),
    }[turn](upright)  # fmt: skip
    image = Image.fromarray(np.ascontiguousarray(stored))
    exif = image.getexif()
    exif[0x0112] = turn
    (tmp_path / "a.png").write_bytes(saved(image, exif=exif))
    facts = read_head(str(tmp_path / "a.png"))
    assert (facts.height, facts.width, facts.turn) == (6, 4, turn)
    found = decoded((tmp_path / "a.png").read_bytes(), Canvas(6, 4, 1), facts.turn)
    np.testing.assert_array_equal(found[..., 0], upright)


def test_tiffs_are_turned_once(tmp_path):
    stored = np.zeros((6, 6), np.uint8)
    stored[0] = 255  # to be shown on the right
    image = Image.fromarray(stored)
    exif = image.getexif()
    exif[0x0112] = 6
    (tmp_path / "a.tif").write_bytes(saved(image, "TIFF", exif=exif))
    facts = read_head(str(tmp_path / "a.tif"))
    found = decoded((tmp_path / "a.tif").read_bytes(), Canvas(6, 6, 1), facts.turn)
    assert (found[:, -1] == 255).all() and (found[:, :-1] == 0).all()


def test_the_middle_of_the_long_side_is_kept():
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 200
    assert (decoded(saved(Image.fromarray(wide)), GRAY) == 200).all()
    assert (decoded(saved(Image.fromarray(wide.T)), GRAY) == 200).all()
    small = decoded(saved(Image.fromarray(np.kron(wide, np.ones((4, 4), np.uint8)))), GRAY)
    assert np.abs(small[:, 1:-1].astype(int) - 200).max() <= 1


def test_large_jpegs_are_decoded_small_and_look_the_same():
    ramp = np.linspace(0, 255, 400)
    pixels = np.stack([np.add.outer(ramp, ramp) / 2] * 3, axis=-1).astype(np.uint8)
    content = saved(Image.fromarray(pixels), "JPEG", quality=95)
    plain = Image.fromarray(pixels).resize((20, 20), Image.Resampling.BILINEAR)
    found = decoded(content, Canvas(20, 20, 3))
    assert np.abs(found.astype(int) - np.asarray(plain)).max() <= 4


def png(width: int, height: int) -> bytes:
    """A PNG file whose head claims a size, and that holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


GOOD = saved(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)))
JPEG = saved(Image.open(io.BytesIO(GOOD)), "JPEG")
HEADS = {
    "missing": (None, "no such file"),
    "empty": (b"", "the file is empty"),
    "text": (b"hello world", "this is no image"),
    "a PNG with a damaged head": (GOOD[:20] + b"??" + GOOD[22:], "damaged, or of a kind that is not read"),
    "PostScript, which is a program": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "this is no image"),
    "a bomb": (png(40_000, 3_000), "it claims 40,000 x 3,000 pixels, 89,478,485 are the most"),
    "a large bomb": (png(400_000, 300_000), "it claims more than 89,478,485 pixels"),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_heads_that_are_refused(tmp_path, name):
    content, reason = HEADS[name]
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    assert read_head(str(path)).fault == reason


BODIES = {
    "PNG cut short": (GOOD[: len(GOOD) // 2], "it is cut short"),
    "JPEG cut short": (JPEG[: len(JPEG) // 2], "it is cut short"),
    "too few rows": (png(64, 64), "it is cut short"),
    "fractions": (saved(Image.fromarray(np.zeros((8, 8), np.float32)), "TIFF"),
                  "its values are fractions; save it with 8 or 16 bits a channel"),
    "more than sixteen bits": (saved(Image.fromarray(np.full((8, 8), 70_000, np.int32)), "TIFF"),
                               "its values need more than 16 bits; save it with 8 or 16"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_are_refused(name):
    content, reason = BODIES[name]
    with pytest.raises(UnreadableError) as caught:
        decoded(content, COLOR)
    assert str(caught.value) == reason


def test_damaged_files_are_refused_with_a_reason():
    random = np.random.default_rng(0)
    for content in (GOOD, JPEG, saved(Image.open(io.BytesIO(GOOD)), "TIFF", compression="tiff_lzw")):
        for _ in range(60):
            damaged = bytearray(content)
            for place in random.integers(0, len(damaged), 3):
                damaged[place] = random.integers(256)
            try:
                assert decoded(bytes(damaged), COLOR).shape == (8, 8, 3)
            except UnreadableError as error:
                assert str(error)
