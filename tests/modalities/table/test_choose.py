"""What is chosen for a table where nobody says it: the model, and the length of a run."""

from __future__ import annotations

import pytest

from lamina.core.inputs import TableInputs
from lamina.data.schema import CLASSES, NUMBERS
from lamina.modalities.base import Situation
from lamina.modalities.table.choose import choose, preset_keys


@pytest.mark.parametrize(
    ("preset", "rows", "target_kind", "epochs"),
    [
        ("balanced", 4_160, NUMBERS, 60),  # 2,000 steps of 128 rows, 60 epochs at most
        ("balanced", 13_209, NUMBERS, 33),  # 1,700 of 256
        ("balanced", 26_048, CLASSES, 10),
        ("best", 13_209, NUMBERS, 46),  # 2,400
        ("fast", 13_209, NUMBERS, 19),  # 1,000
    ],
)
def test_tables_get_about_as_many_steps_whatever_their_rows(
    preset: str, rows: int, target_kind: str, epochs: int
):
    situation = Situation(TableInputs(4), rows, target_kind, preset=preset)
    assert preset_keys(situation)["epochs"] == epochs


@pytest.mark.parametrize(
    ("preset", "rows", "optimizer"),
    [("balanced", 13_209, "muon-all"), ("balanced", 4_160, "muon"), ("best", 13_209, "muon")],
)
def test_embeddings_and_heads_go_by_muon_where_rows_are_many(preset: str, rows: int, optimizer: str):
    chosen = choose(Situation(TableInputs(4), rows, NUMBERS, preset=preset))
    assert chosen.model == "tabm-mini" and chosen.keys["optimizer"] == optimizer
