"""Images that cannot be learned from, each with the answer: cases of ``test_bad_input.py``."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from tests.faults.bad_files import Case, both, fault

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
ENDINGS = ".png .jpg .jpeg .jfif .webp .tif .tiff .bmp .gif"
WHOLE = "\n  fix: replace these files by whole images, or remove them"


def pets(root: str = "pets", *, names: tuple[str, ...] = ("cat", "dog")) -> Callable[[], None]:
    """A maker of sixty images in the folders of their classes."""

    def make() -> None:
        for number, pixels in enumerate(PIXELS):
            path = Path(root) / names[number % len(names)] / f"{number:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)

    return make


def put(name: str, content: bytes) -> Callable[[], None]:
    """A maker of a file in a folder that is there."""
    return lambda: Path(name).write_bytes(content) and None


def cut(name: str) -> Callable[[], None]:
    """A maker of an image that is cut short."""
    return lambda: Path(name).write_bytes(Path(name).read_bytes()[:70]) and None


def of(make: Callable[[], None], message: str, *, data: str = "pets", target: str | None = "label") -> Case:
    return fault(make, message, data=data, target=target)


def paths() -> None:
    """A table of paths, of which one leads nowhere."""
    pets()()
    rows = [f"pets/{name}/{i:02d}.png,{name}" for i in range(60) for name in [("cat", "dog")[i % 2]]]
    Path("t.csv").write_text("\n".join(["file,y", *rows, "pets/cat/99.png,cat"]) + "\n")


IDX = bytes([0, 0, 8, 3]) + struct.pack(">3I", 1 << 30, 28, 28) + b"\0" * 100
IMAGES = {
    "an empty folder": of(
        lambda: Path("pets").mkdir(),
        f"pets: the folder is empty; expected files ending in {ENDINGS}\n"
        "  fix: put the images of each class into a folder of its own, such as pets/cat/1.jpg",
    ),
    "images without classes": of(
        pets("pets", names=(".",)),
        "pets: the images have no labels; expected a folder for each class\n"
        "  fix: put the images of each class into a folder of its own, such as pets/cat/1.jpg and "
        "pets/dog/1.jpg, or list paths and labels in a CSV file "
        "(masks: folders images/ and masks/); predict needs no labels",
    ),
    "one class": of(
        pets(names=("cat",)),
        "pets, column 'label': the target is 'cat' in every row: there is nothing to learn\n"
        "  fix: add images of another class, in a folder or under a label of its own",
    ),
    "a class without images": of(
        both(pets(), lambda: Path("pets/eel").mkdir()),
        f"pets/eel: there is no image in the folder of class 'eel'; expected files ending in {ENDINGS}\n"
        "  fix: put its images there, or remove the folder",
    ),
    "images beside classes": of(
        both(pets(), put("pets/a.png", b"x")),
        "pets: 1 image lies beside the folders of the classes, the first one a.png\n"
        "  fix: move them into the folder of their class, or away",
    ),
    "an image cut short": of(
        both(pets(), cut("pets/cat/00.png")),
        f"pets: 1 of 60 images cannot be read: pets/cat/00.png (it is cut short){WHOLE}",
    ),
    "no images by content": of(
        both(pets(), put("pets/cat/a.jpg", b"<html>"), put("pets/dog/b.gif", b"")),
        "pets: 2 of 62 images cannot be read: pets/cat/a.jpg (this is no image), "
        f"pets/dog/b.gif (the file is empty){WHOLE}",
    ),
    "a path that leads nowhere": of(
        paths,
        f"t.csv: 1 of 61 images cannot be read: pets/cat/99.png (no such file){WHOLE}",
        data="t.csv",
        target="y",
    ),
    "an IDX file that promises too much": of(
        put("train-images-idx3-ubyte.gz", gzip.compress(IDX, mtime=0)),
        "train-images-idx3-ubyte.gz: the file is not as long as its head says; expected 841,813,590,016 "
        f"values, got a file of {len(gzip.compress(IDX, mtime=0))} bytes\n  fix: fetch it anew",
        data="train-images-idx3-ubyte.gz",
    ),
}
