"""What a network leans on: the right columns, the right words, and within its time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.casting import schema_of
from tests.tasks.prediction.outcomes import HOSTILE, outcome

from lamina.data import read
from lamina.modalities.base import Outcome
from lamina.modalities.permutation import Importance
from lamina.modalities.table.encoder import TableEncoder
from lamina.modalities.table.sections import column_importance, column_sections, importance_sections
from lamina.objectives.metrics import mae

RANDOM = np.random.default_rng(0)
X = {"used": RANDOM.normal(size=2500), "idle": RANDOM.normal(size=2500)}
TABLE = read({**X, "y": X["used"]})
ENCODER = TableEncoder.fit(TABLE, schema_of(TABLE, "y", task="regression", keep=["used"]).inputs)


def measured(part: str | None = None) -> Outcome:
    """A network that answers the first number, of all of its input or of a part of it."""

    def transform(table):
        x = ENCODER.transform(table)
        return x if part is None else {part: x, "other": {"a": np.zeros(table.height)}}

    def outputs(arrays):
        assert part is None or len(arrays["other"]["a"]) == len(arrays[part]["numeric"])
        return (arrays if part is None else arrays[part])["numeric"][:, 0]

    return outcome(
        table=TABLE,
        targets=ENCODER.transform(TABLE)["numeric"][:, 0],
        weights=np.ones(2500),
        transform=transform,
        outputs=outputs,
        score=("mae", mae),
    )


@pytest.mark.parametrize("part", [None, "table"])
def test_the_column_that_is_used_matters(part: str | None):
    used, idle = column_importance(measured(part), ["used", "idle"], ENCODER, part)
    assert used.column == "used" and used.mean > 0.5 and idle.mean == 0


def test_its_section():
    leans, limits = column_sections(measured(), ["used", "idle"], ENCODER)
    assert leans.title == "What it leans on" and limits.title == "Limits"
    (panel,) = leans.blocks[1].panels
    assert panel.title == "How far MAE rises when a column is shuffled"
    assert panel.names == ("used", "idle") and leans.blocks[1].alt.startswith("The strongest: used ")


def test_nothing_to_say():
    for changes in ({"table": None}, {"score": None}, {"seconds": 0.0}, {"targets": None}):
        assert column_sections(dataclasses.replace(measured(), **changes), ["used"], ENCODER) == []
    assert importance_sections([Importance("a", np.nan, np.nan)], "auc") == []


def test_the_strongest_come_first_and_the_others_are_counted():
    found = [Importance(f"c{i}", i / 100, np.nan) for i in range(25)]
    leans, _ = importance_sections(found, "auc")
    (panel,) = leans.blocks[1].panels
    assert panel.names[0] == "c24" and len(panel.values) == 20
    assert leans.blocks[0].text.endswith("The other 5 columns matter less.")
    assert "falls" in panel.title and not panel.spread.any()


def test_names_are_shortened():
    leans, _ = importance_sections(
        [Importance(HOSTILE, 0.1, 0.01), Importance("x" * 5000, 0.2, 0.1)], HOSTILE
    )
    (panel,) = leans.blocks[1].panels
    assert all(len(name) <= 36 for name in panel.names) and len(panel.title) < 70
