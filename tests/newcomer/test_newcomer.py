"""A newcomer needs no line of src: a modality and a task of a test go the whole way of the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

KEYS = ["--target", "hits", "--task", "count", "peaks=4", "checkpoint_every=1", "chunk=1"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Spectra of four numbers, and how often something was hit."""
    random = np.random.default_rng(0)
    spectra = random.uniform(0, 1, (120, 4)).round(3)
    hits = random.poisson(np.exp(3 * spectra[:, 0]))
    lines = [f"{'~'.join(map(str, row))},{count}" for row, count in zip(spectra, hits, strict=True)]
    path = tmp_path_factory.mktemp("spectra") / "spectra.csv"
    path.write_text("spectrum,hits\n" + "\n".join(lines) + "\n")
    return path


def start(root: Path, folder: Path, *words: str) -> subprocess.Popen[str]:
    """The command line in a process that knows the newcomers."""
    script = "import sys, tests.newcomer.toys; from lamina.cli.main import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}", "XLA_FLAGS": ""}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", script, *words], cwd=folder, env=environment, **pipes)


def lamina(root: Path, folder: Path, *words: str) -> str:
    process = start(root, folder, *words)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def weights(run: Path) -> bytes:
    return (run / "network" / "model.safetensors").read_bytes()


def test_fit_kill_resume_save_load_predict_report(root: Path, table: Path, tmp_path: Path):
    lamina(root, tmp_path, "fit", str(table), *KEYS, "--out", "whole", "epochs=40")
    killed = start(root, tmp_path, "fit", str(table), *KEYS, "--out", "killed", "epochs=40")
    for _ in range(1200):  # until there is something to go on from
        if any((tmp_path / "killed" / "checkpoints").glob("*/MANIFEST.json")) or killed.poll() is not None:
            break
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    lamina(root, tmp_path, "resume", "killed")
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")

    predicted = lamina(root, tmp_path, "predict", "killed", str(table)).split()
    assert predicted[0] == "prediction" and len(predicted) == 121
    counts = np.array(predicted[1:], int)
    true = np.loadtxt(table, delimiter=",", skiprows=1, usecols=1)
    assert np.abs(counts - true).mean() < np.abs(true - true.mean()).mean()  # it has learned something
    found = json.loads(lamina(root, tmp_path, "evaluate", "killed", str(table), "--json"))
    assert found["task"] == "count" and found["metrics"]["mae"] > 0
    page = (tmp_path / "killed" / "report.html").read_text()
    assert "4 peaks were read." in page and "rows were counted." in page
    assert "that predicts hits: how many" in page
    stored = json.loads((tmp_path / "killed" / "network" / "schema.json").read_text())
    assert stored["blocks"] == {"spectrum": {"modality": "spectrum", "name": "spectrum", "peaks": 4}}


def test_its_keys_and_checks_are_its_own(root: Path, table: Path, tmp_path: Path):
    process = start(root, tmp_path, "fit", str(table), "--target", "hits", "--task", "count", "quantiles=0.5")
    assert (
        "key 'quantiles' belongs to task=regression and 1 more; this run is count" in process.communicate()[1]
    )
    negative = tmp_path / "negative.csv"
    negative.write_text(table.read_text() + "1~2~3~4,-1\n")
    process = start(root, tmp_path, "fit", str(negative), "--target", "hits", "--task", "count")
    assert "a count is negative" in process.communicate()[1] and process.returncode == 2
