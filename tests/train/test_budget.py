"""Memory: an impossible run is refused with the numbers, before anything is compiled."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.train import budget


def test_what_the_machine_has_is_read(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 4096 kB\n")
    monkeypatch.setattr(budget, "_MACHINE", tmp_path / "meminfo")
    monkeypatch.setattr(budget, "_GROUP_LIMIT", tmp_path / "limit")
    monkeypatch.setattr(budget, "_GROUP_USED", tmp_path / "used")
    assert budget.available_mib() == 4.0
    (tmp_path / "limit").write_text("max")
    assert budget.available_mib() == 4.0
    (tmp_path / "limit").write_text(str(3 * 2**20))
    (tmp_path / "used").write_text(str(2**20))
    assert budget.available_mib() == 2.0
    monkeypatch.setattr(budget, "_MACHINE", tmp_path / "nowhere")
    (tmp_path / "limit").unlink()
    assert budget.available_mib() is None


def test_optimizer_average_and_members_are_counted():
    model = {"w": np.zeros((512, 512), np.float32)}  # 1 MiB
    data = {"x": np.zeros(2**19, np.float32)}
    keys = {"averaged": False, "resident": True}
    assert budget.needed_mib([model], data, optimizer="adamw", **keys) == (5.0, 2.0)
    assert budget.needed_mib([model] * 3, data, optimizer="momentum", **keys) == (12.0, 2.0)
    assert budget.needed_mib([model], data, optimizer="sgd", averaged=True, resident=False) == (4.0, 0.0)


def test_a_run_that_cannot_fit_is_refused_with_the_numbers(monkeypatch, fitted):
    monkeypatch.setattr(budget, "available_mib", lambda: 1e-6)
    message = (
        r"(?s)does not fit into memory; expected at most 0 MiB, got 0 MiB at the least.*mend: a smaller size"
    )
    with pytest.raises(ConfigError, match=message):
        fitted()
    monkeypatch.setattr(budget, "available_mib", lambda: None)
    assert fitted().epochs == 3
