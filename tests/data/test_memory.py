"""The memory of the machine, and of a container within it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.data import memory
from lamina.data.images.files import MOST_KEPT, most_kept
from lamina.data.memory import total_memory


def test_a_container_has_what_its_limit_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    limit = tmp_path / "limit"
    monkeypatch.setattr(memory, "_GROUP_LIMIT", str(limit))
    whole = total_memory()
    limit.write_text("max\n")
    assert total_memory() == whole
    limit.write_text(f"{1 << 20}\n")
    assert total_memory() == 1 << 20 and most_kept() == 1 << 18


def test_more_memory_is_no_reason_to_keep_more_images(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory.os, "sysconf", lambda name: 1 << 20)  # a tebibyte
    monkeypatch.setattr(memory, "_GROUP_LIMIT", "")
    assert total_memory() == 1 << 40 and most_kept() == MOST_KEPT
