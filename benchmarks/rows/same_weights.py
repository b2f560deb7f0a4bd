"""Row "same weights": whether this checkout trains the same weights as another one, bit by bit.

Three runs of `lamina fit` in both checkouts, seed 0: California housing with `mlp`, digits with `airbench`,
wine with ``preset=fast``. Arrays are compared by their bytes, whatever names they are saved under.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import datasets
from benchmarks.contest import ROOT


def sources(folder: Path) -> dict[str, list[str]]:
    """Write the data; return the words of each command after ``lamina fit``."""
    data = Path(os.environ["LAMINA_DATA"])
    digits = datasets.digits()
    images = np.rint(255 * digits["x_train"]).astype(np.uint8).reshape(-1, 8, 8, 1)
    images = images.repeat(2, axis=1).repeat(2, axis=2)  # airbench takes 9 x 9 pixels or more
    np.savez(folder / "digits.npz", x=images, y=digits["y_train"])
    california = data / "california_housing" / "california_housing.csv.gz"
    target = "MedHouseVal" if "MedHouseVal" in header(california) else header(california)[-1]
    wine = ROOT / "examples" / "data" / "wine.csv"
    return {
        "California, mlp": [str(california), "--target", target, "model=mlp", "epochs=3"],
        "digits, airbench": [str(folder / "digits.npz"), "model=airbench", "size=16", "epochs=3"],
        "wine, fast": [str(wine), "--target", "quality", "preset=fast"],
    }


def header(path: Path) -> list[str]:
    """Return the names of the columns of a gzipped CSV file."""
    import gzip

    with gzip.open(path, "rt", newline="") as file:
        return next(csv.reader(file))


def weights(checkout: Path, words: list[str], out: Path) -> list[bytes]:
    """Fit in a new process; return the bytes of each array that it saved, sorted."""
    from safetensors.numpy import load_file

    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, "-m", "lamina", "fit", *words, "--out", str(out), "--seed", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{checkout}: {done.stderr}")
    return sorted(array.tobytes() for array in load_file(out / "network" / "model.safetensors").values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="the other checkout")
    other, unlike = parser.parse_args().other.resolve(), 0
    with tempfile.TemporaryDirectory() as name:
        for number, (what, words) in enumerate(sources(Path(name)).items()):
            found = [weights(c, words, Path(name) / f"{number} {c.name}") for c in (other, ROOT)]
            same = found[0] == found[1]
            unlike += not same
            print(f"{what}: {len(found[1])} arrays, {'bit-equal' if same else 'NOT equal'}")
    sys.exit(unlike > 0)


if __name__ == "__main__":
    main()
