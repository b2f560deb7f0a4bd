"""One text, and one network that learned from it, for all tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tasks.language.writers import trained, write_text

from lamina.network.network import Network


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text(tmp_path_factory.mktemp("texts") / "t.txt")


@pytest.fixture(scope="session")
def network(text: Path) -> Network:
    return trained(text)
