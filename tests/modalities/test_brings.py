"""What each block brings, measured by shuffling it."""

from __future__ import annotations

import dataclasses

import numpy as np
from tests.tasks.prediction.outcomes import outcome

from lamina.data import read
from lamina.data.schema import ColumnSchema
from lamina.modalities import MODALITIES, Block
from lamina.modalities.brings import block_importance, block_sections
from lamina.objectives.metrics import mae

ROWS = 300
RANDOM = np.random.default_rng(0)
X = {name: RANDOM.normal(size=ROWS) for name in ("used", "half", "idle")}
TABLE = read(X)
BLOCKS = tuple(Block(name, MODALITIES["table"], (ColumnSchema(name, "numeric", "", "table"),)) for name in X)
HAS = RANDOM.random(ROWS) < 0.5


def transform(table):
    x = {name: {"n": table.scalar(name).numbers()} for name in X}
    return {**x, "present": {"half": HAS[: table.height]}}


def answered(x):
    return x["used"]["n"] + np.where(x["present"]["half"], 0.5 * x["half"]["n"], 0.0)


def found(**changes):
    given = {"outputs": answered, "transform": transform, "score": ("mae", mae), **changes}
    whole = transform(TABLE)
    return outcome(table=TABLE, targets=answered(whole), weights=None, **given)


def test_what_all_rows_share_is_not_shuffled():
    shared = np.arange(5.0)

    def with_graph(table):
        return {**transform(table), "half": {"n": X["half"][: table.height], "common": {"graph": shared}}}

    def asked(x):
        np.testing.assert_array_equal(x["half"]["common"]["graph"], shared)
        return answered(x)

    assert len(block_importance(found(outputs=asked, transform=with_graph), BLOCKS)) == 3


def test_the_block_that_is_used_most_brings_most():
    used, half, idle = block_importance(found(), BLOCKS)
    assert [row.column for row in (used, half, idle)] == ["used", "half", "idle"]
    assert used.mean > 2 * half.mean > 0 and idle.mean == 0
    assert used.std > 0


def test_absence_is_shuffled_with_the_block():
    def of_presence(x):
        return x["present"]["half"].astype(float)

    whole = of_presence(transform(TABLE))
    (_, half, _) = block_importance(dataclasses.replace(found(outputs=of_presence), targets=whole), BLOCKS)
    assert half.mean > 0.2


def test_its_section():
    (section,) = block_sections(found(), BLOCKS)
    said, plot = section.blocks
    assert section.title == "What each block brings"
    assert said.text.endswith("The blocks are used: 'used'; half: 'half'; idle: 'idle'.")
    (panel,) = plot.panels
    assert panel.title == "How far MAE rises without a block" and panel.names == ("used", "half", "idle")
    assert plot.alt.startswith("The strongest: used ")


def test_nothing_to_say():
    for changes in ({"score": None}, {"table": None}, {"targets": None}, {"seconds": 0.0}):
        assert block_sections(dataclasses.replace(found(), **changes), BLOCKS) == []
