"""Data as the contenders take them: one .npz with float32 inputs and int64 labels, split already.

``python -m benchmarks.datasets digits OUT.npz`` and ``… mnist OUT.npz`` write one.
"""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import numpy as np

from benchmarks import machine

DIGITS_MEAN, DIGITS_DEVIATION = np.float32(33.3), np.float32(78.6)  # of MNIST's training pixels
# of the whole CIFAR-10's training images, from 0 to 255
CIFAR_MEAN = np.array([125.3, 123.0, 113.9], np.float32)
CIFAR_DEVIATION = np.array([63.0, 62.1, 66.7], np.float32)


def read_idx(path: Path) -> np.ndarray:
    """Return the bytes of an IDX file (the format of MNIST), gzipped."""
    content = gzip.decompress(path.read_bytes())
    axes = content[3]
    shape = np.frombuffer(content, ">i4", axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def found(*parts: str) -> Path:
    """Return a file or folder below ``$LAMINA_DATA``.

    Raises:
        SystemExit: it is not there.
    """
    path = Path(os.environ.get("LAMINA_DATA", ""), *parts)
    if not path.exists():
        raise SystemExit(f"{path} is missing: LAMINA_DATA names the folder of data sets")
    return path


def mnist() -> dict[str, np.ndarray]:
    """Return MNIST from ``$LAMINA_DATA/mnist``, pixels in [0, 1]; of its shape but random without it."""
    folder = Path(os.environ.get("LAMINA_DATA", "")) / "mnist"
    if not (folder / "train-images-idx3-ubyte.gz").exists():
        machine.say("no MNIST in $LAMINA_DATA/mnist: synthetic rows of its shape")
        return synthetic_digits()
    found = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
        found[f"x_{part}"] = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
        found[f"y_{part}"] = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz").astype(np.int64)
    return found


def mnist_pixels() -> dict[str, np.ndarray]:
    """Return `mnist` as images of bytes (rows, 28, 28, 1)."""
    data = mnist()
    pixels = {
        f"x_{part}": np.rint(255 * data[f"x_{part}"]).astype(np.uint8).reshape(-1, 28, 28, 1)
        for part in ("train", "test")
    }
    return {**data, **pixels}


def standardized_digits(x: np.ndarray) -> np.ndarray:
    """Return bytes of MNIST as float32 with mean 0 and std 1 over the training rows."""
    return (x.astype(np.float32) - DIGITS_MEAN) / DIGITS_DEVIATION


def synthetic_digits(*, rows: int = 60_000, test: int = 10_000) -> dict[str, np.ndarray]:
    """Return ten noisy prototypes of 784 pixels, in MNIST's shapes."""
    random = np.random.default_rng(0)
    prototypes = random.random((10, 784), np.float32)
    labels = random.integers(0, 10, rows + test)
    noise = random.standard_normal((rows + test, 784), np.float32)
    x = np.clip(prototypes[labels] + noise, 0, 1)
    return {"x_train": x[:rows], "y_train": labels[:rows], "x_test": x[rows:], "y_test": labels[rows:]}


def colored(side: int, *, rows: int, test: int) -> dict[str, np.ndarray]:
    """Return images of ten classes, standardized float32 (rows, side, side, 3).

    The first ones of ``$LAMINA_DATA/cifar10_subset``, each pixel repeated up to ``side``, a multiple of 32;
    noisy prototypes without it.
    """
    path = Path(os.environ.get("LAMINA_DATA", "")) / "cifar10_subset" / "cifar10_10k_2k.npz"
    if not path.exists():
        machine.say("no images in $LAMINA_DATA/cifar10_subset: synthetic ones")
        return synthetic_images(side, rows=rows, test=test)
    data, found = load(str(path)), {}
    for part, count in (("train", rows), ("test", test)):
        chosen = np.random.default_rng(0).permutation(len(data[f"x_{part}"]))[:count]
        small = data[f"x_{part}"][chosen].astype(np.float32)
        small = (small - CIFAR_MEAN) / CIFAR_DEVIATION
        found[f"x_{part}"] = small.repeat(side // 32, axis=1).repeat(side // 32, axis=2)
        found[f"y_{part}"] = data[f"y_{part}"][chosen].astype(np.int64)
    return found


def synthetic_images(side: int, *, rows: int, test: int) -> dict[str, np.ndarray]:
    """Return ten noisy prototypes of colored images."""
    random = np.random.default_rng(0)
    prototypes = random.standard_normal((10, side, side, 3), np.float32)
    labels = random.integers(0, 10, rows + test)
    x = prototypes[labels] + 8 * random.standard_normal((rows + test, side, side, 3), np.float32)
    return {"x_train": x[:rows], "y_train": labels[:rows], "x_test": x[rows:], "y_test": labels[rows:]}


def digits() -> dict[str, np.ndarray]:
    """Return scikit-learn's 1,797 digits of 64 pixels in [0, 1], 1,437 to train and 360 to test."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 16).astype(np.float32), y[order].astype(np.int64)
    return {"x_train": x[:1437], "y_train": y[:1437], "x_test": x[1437:], "y_test": y[1437:]}


def load(path: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file that this module wrote."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


if __name__ == "__main__":
    np.savez(sys.argv[2], **{"digits": digits, "mnist": mnist}[sys.argv[1]]())
