"""One text, and one network that guesses what is hidden in it, for all tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tasks.language.writers import write_text

import lamina
from lamina.cli.main import main
from lamina.network.network import Network

QUICK = "size=16 depth=1 context=16 vocabulary=300 epochs=20 lr=0.02 dropout=0".split()


@pytest.fixture(scope="package")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text(tmp_path_factory.mktemp("texts") / "t.txt", lines=200)


@pytest.fixture(scope="package")
def run(text: Path) -> Path:
    """A whole run with its report."""
    out = text.parent / "run"
    assert main(["fit", str(text), "--task", "masked_language", "--out", str(out), *QUICK]) == 0
    return out


@pytest.fixture(scope="package")
def network(run: Path) -> Network:
    return lamina.load(run)
