from __future__ import annotations

from pathlib import Path

from lamina.runs.last_lines import metric_table, next_command


def test_two_parts_stand_beside_each_other_within_80_columns():
    parts = {"valid": {"balanced_accuracy": 0.87654, "auc": float("nan")}, "test": {"balanced_accuracy": 0.9}}
    intervals = {"valid": {"balanced_accuracy": (0.861, 0.892)}, "test": {}}
    table = metric_table(parts, intervals, {"valid": 12345, "test": 1})
    head, first, second = table.splitlines()
    assert head.split("  ")[-1].strip() == "test (1 row)" and "valid (12,345 rows)" in head
    assert first.split()[:5] == ["balanced_accuracy", "0.877", "(0.861", "to", "0.892)"]
    assert first.split()[-1] == "0.9000" and second.split() == ["auc", "–"]
    assert max(map(len, table.splitlines())) <= 80


def test_the_next_command_can_be_typed():
    assert next_command(Path("my runs/a"), "b c.csv") == "lamina predict 'my runs/a' 'b c.csv'"
    assert next_command(Path("r"), "<stdin>") == "lamina predict r DATA"
