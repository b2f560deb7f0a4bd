"""The length of a run that nobody set."""

from __future__ import annotations

import pytest

from lamina.core.inputs import TableInputs
from lamina.network.choose import choose, preset_keys


@pytest.mark.parametrize(
    ("preset", "rows", "task", "epochs"),
    [
        ("balanced", 4_160, "regression", 60),  # 2,000 steps of 128 rows, 60 epochs at most
        ("balanced", 13_209, "regression", 33),  # 1,700 of 256
        ("balanced", 26_048, "binary", 10),
        ("best", 13_209, "regression", 46),  # 2,400
        ("fast", 13_209, "regression", 19),  # 1,000
    ],
)
def test_tables_get_about_as_many_steps_whatever_their_rows(preset: str, rows: int, task: str, epochs: int):
    assert preset_keys(preset, task=task, rows=rows)["epochs"] == epochs


@pytest.mark.parametrize(
    ("preset", "rows", "optimizer"),
    [("balanced", 13_209, "muon-all"), ("balanced", 4_160, "muon"), ("best", 13_209, "muon")],
)
def test_embeddings_and_heads_go_by_muon_where_rows_are_many(preset: str, rows: int, optimizer: str):
    chosen = choose("auto", preset, task="regression", inputs=TableInputs(4), rows=rows)
    assert chosen.spec.name == "tabm-mini" and chosen.keys["optimizer"] == optimizer
