"""A few kills in a process of its own; many more by ``python -m tests.faults.kill``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]


def test_killed_runs_end_with_the_same_bytes(root: Path):
    command = [sys.executable, "-m", "tests.faults.kill", "--count", "8"]
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "XLA_FLAGS": ""}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "lost=0, different=0, unrecoverable=0" in done.stdout
