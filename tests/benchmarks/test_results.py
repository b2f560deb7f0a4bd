"""Results: only appended, never mixed, refused on a busy machine, and drawn from the newest."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from benchmarks import figure, machine, record


def test_append_writes_the_header_once(tmp_path: Path):
    path = tmp_path / "row.csv"
    record.append(path, [{"a": 1, "b": 2}])
    record.append(path, [{"a": 3, "b": 4}])
    assert path.read_text().split() == ["a,b", "1,2", "3,4"]


def test_append_does_not_mix_columns(tmp_path: Path):
    path = tmp_path / "row.csv"
    record.append(path, [{"a": 1}])
    with pytest.raises(ValueError, match="other columns"):
        record.append(path, [{"b": 1}])


def test_a_busy_machine_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (3.0, 3.0, 3.0))
    monkeypatch.setattr(machine, "spin_shares", lambda: [1.0])
    with pytest.raises(SystemExit, match="refused"):
        machine.is_idle(force=False, wait=0.0)
    assert machine.is_idle(force=True, wait=0.0) is False


def test_a_stolen_core_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr(machine, "spin_shares", lambda: [1.0, 0.6])
    assert machine.reasons_against() == ["a spinning process got only 60% of a core"]


def test_newest_takes_each_peers_fastest_of_the_last_contest(tmp_path: Path):
    path = tmp_path / "row.csv"
    lines = [
        ("2026-01-01", "torch", "old", 1.0, True),
        ("2026-01-02", "torch", "plain", 3.0, True),
        ("2026-01-02", "torch", "fused", 2.0, True),
        ("2026-01-02", "lamina", "train", 1.0, True),
        ("2026-01-03", "torch", "forced", 9.0, False),
    ]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("date", "contender", "variant", "ratio", "trusted"), *lines])
    assert [row["variant"] for row in figure.newest(path)] == ["fused"]
    assert [row["variant"] for row in figure.newest(path, untrusted=True)] == ["forced"]
