"""What is said before training loads no JAX: `lamina check` takes half a second, not three."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SOURCE = Path(__file__).parents[1] / "src"
HEAVY = ["jax", "jaxlib", "lamina.models", "lamina.nn", "lamina.objectives", "lamina.train", "matplotlib"]


def loaded(script: str, folder: Path) -> str:
    """What a script has loaded of the heavy packages, in an interpreter of its own."""
    code = f"{script}\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


SCRIPTS = {
    "the rooms": "import lamina.modalities, lamina.tasks",
    "all modalities and tasks": (
        "from lamina.modalities import MODALITIES\nfrom lamina.tasks import TASKS\n"
        "for entries in (MODALITIES, TASKS):\n    [entries[name] for name in entries]"
    ),
    "check of a table": "import lamina\nassert not lamina.check('t.csv', 'y', test_data='t.csv').errors",
    "check of numbers": "import lamina\nassert lamina.check('t.csv', 'a').schema.task == 'regression'",
    "check of images": "import lamina\nassert lamina.check('pets', image_size=16).schema.task == 'binary'",
    "the command line": (
        "from lamina.cli.main import main\nassert main(['check', 't.csv', '--target', 'y']) == 0"
    ),
    "encoders": (
        "from lamina.data import read\n"
        "from lamina.modalities import Learned\n"
        "from lamina.tasks.audit import ask, cast_roles\nimport numpy as np\n"
        "found = cast_roles(read('t.csv'), 'y', ask({}))\n"
        "table, rows = found.claims.table, np.arange(40)\n"
        "(block,) = found.blocks\n"
        "encoder = block.modality.fit(table, block, rows, block.modality.keys())\n"
        "encoder.transform(table)\n"
        "found.task.fit(Learned(table, found.schema, encoder, rows), found.task.keys()).transform(table)"
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table and a folder of images."""
    folder, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    rows = [f"{x:.4f},{'uvw'[i % 3]},{'no yes'.split()[i % 2]}" for i, x in enumerate(random.normal(size=60))]
    (folder / "t.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    for i in range(60):
        path = folder / "pets" / ("cat", "dog")[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (8, 8), dtype=np.uint8)).save(path)
    return folder


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_heavy_is_loaded(name: str, folder: Path):
    assert loaded(SCRIPTS[name], folder) == "[]"
