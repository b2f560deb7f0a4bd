"""Memory and disk: an impossible run is refused with the numbers, before anything is compiled."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.tree import named_arrays
from lamina.models import build
from lamina.train.optimizers.registry import OPTIMIZERS
from lamina.train.safeguard import budget


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
        r"(?s)does not fit into memory; expected at most 0 MiB, got 0 MiB at the least.*fix: a smaller size"
    )
    with pytest.raises(ConfigError, match=message):
        fitted()
    monkeypatch.setattr(budget, "available_mib", lambda: None)
    assert fitted().epochs == 3


def test_what_is_free_is_read_where_the_folder_will_lie(tmp_path, monkeypatch):
    asked = []

    def usage(path):
        asked.append(path)
        return SimpleNamespace(free=3 * 2**20)

    monkeypatch.setattr(budget.shutil, "disk_usage", usage)
    assert budget.free_mib(tmp_path / "runs" / "one") == 3.0 and asked == [tmp_path]

    def unknown(path):
        raise OSError

    monkeypatch.setattr(budget.shutil, "disk_usage", unknown)
    assert budget.free_mib(tmp_path) is None


@pytest.mark.parametrize(("optimizer", "copies"), [("sgd", 2), ("muon", 3), ("adamw", 4)])
def test_checkpoints_of_every_training_are_counted(optimizer, copies):
    models = [{"w": np.zeros((512, 512), np.float32)}] * 3  # 1 MiB each
    keys = {"optimizer": optimizer, "trainings": 4, "keep": 2}
    assert budget.needed_disk_mib(models, averaged=False, **keys) == (copies * 4 * 2, 3.0)
    assert budget.needed_disk_mib(models, averaged=True, **keys) == ((copies + 1) * 4 * 2, 3.0)


def test_a_state_is_as_large_as_it_is_counted(fitted):
    model = build("linear", inputs=(3,), outputs=1)
    for optimizer in OPTIMIZERS:
        state = named_arrays(fitted(optimizer=optimizer, ema=0.5, epochs=0).state)
        weights = sum(array.nbytes for name, array in state.items() if array.ndim)
        least, _ = budget.needed_disk_mib([model], optimizer=optimizer, averaged=True, trainings=1, keep=1)
        assert 0.9 * least <= weights / 2**20 <= 1.5 * least, optimizer


def test_a_folder_that_cannot_hold_the_run_is_refused_with_the_numbers(monkeypatch):
    monkeypatch.setattr(budget, "free_mib", lambda path: 1024.0)
    with pytest.raises(ConfigError) as caught:
        budget.check_disk("runs/one", checkpoints=1000.0, network=250.04)
    assert str(caught.value) == (
        "runs/one: the run does not fit on the disk; expected at most 1,024.0 MiB, got 1,250.3 MiB"
        " at the least (checkpoints 1,000.0, network 250.0, report 0.3)\n"
        "  fix: free some space, name another place with --out (out= in Python), or choose a smaller size"
    )
    budget.check_disk("runs/one", checkpoints=1000.0, network=20.0)
    monkeypatch.setattr(budget, "free_mib", lambda path: None)
    budget.check_disk("runs/one", checkpoints=1e9, network=1e9)
