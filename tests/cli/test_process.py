"""The command as a process: status, streams, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
QUICK = ["--model", "mlp", "size=8", "preset=fast"]


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE), "XLA_FLAGS": "", "PYTHONWARNINGS": "default"}


def lamina(*words: str) -> list[str]:
    return [sys.executable, "-m", "lamina", *words]


def test_version_and_help_import_nothing_heavy(environment: dict[str, str]):
    script = (
        "import sys; from lamina.cli.main import main; main(['--version']); main(['--help']); main([]); "
        "main(['nonsense']); "
        "print([m for m in ('jax', 'numpy', 'polars', 'rich', 'matplotlib', 'optax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_json_alone_is_on_standard_output(animals: Path, environment: dict[str, str]):
    """The whole of it, report included, with nothing but the progress on the other stream."""
    command = lamina("fit", str(animals), "--target", "species", "--json", "epochs=2", *QUICK)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "epoch 2/2" in done.stderr and "Warning" not in done.stderr
    assert (Path(found["run"]) / "report.html").is_file() and (Path(found["run"]) / "figures").is_dir()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_with_130_and_the_line_to_type(number: int, animals: Path, environment: dict[str, str]):
    words = [
        "fit",
        str(animals),
        "--target",
        "species",
        "--out",
        "r",
        "epochs=100000",
        "early_stopping=false",
    ]
    with subprocess.Popen(
        lamina(*words, *QUICK), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch"):
                break
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.splitlines()[-1] == "lamina resume r" and "Traceback" not in error
    assert list(Path("r/checkpoints").iterdir())


def test_a_signal_before_training_writes_nothing(environment: dict[str, str]):
    with subprocess.Popen(
        lamina("check", "-"), env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        import time

        time.sleep(1.5)  # it waits for its standard input by then
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and error == "lamina: interrupted\n"


def test_a_reader_who_left_is_no_fault(run: Path, animals: Path, environment: dict[str, str]):
    command = " ".join(lamina("predict", str(run), str(animals))) + " | head -n 1; exit ${PIPESTATUS[0]}"
    many = Path("many.csv")
    head, *rows = animals.read_text().splitlines()
    many.write_text("\n".join([head, *rows * 200]) + "\n")
    command = command.replace(str(animals), str(many))
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
    assert done.stdout == "prediction\n" and done.stderr == "" and done.returncode == 141
