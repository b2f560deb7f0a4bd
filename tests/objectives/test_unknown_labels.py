"""Labels that nobody knows have no part in loss and metrics."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

from lamina.core.errors import DataError
from lamina.core.unknown import UNKNOWN
from lamina.data import read
from lamina.data.schema import FLAGS, Schema
from lamina.data.split import known_rows
from lamina.objectives import MultilabelObjective
from lamina.objectives.metrics import multilabel_intervals, multilabel_metrics
from lamina.tasks.audit import check
from lamina.tasks.prediction.targets import FlagTarget

LOGITS = jnp.array([[2.0, -1.0], [0.5, 3.0]])
FULL, GAP = jnp.array([[1.0, 0.0], [0.0, 1.0]]), jnp.array([[1.0, UNKNOWN], [0.0, UNKNOWN]])


def model(x, *, key=None, train=False):
    return x


def loss(targets, logits=LOGITS) -> float:
    batch = {"x": logits, "y": targets, "weight": jnp.ones(2)}
    return float(MultilabelObjective(2).losses(model, batch, key=None)["all"][0])


def test_the_loss_of_an_unknown_label_is_zero_whatever_is_answered():
    assert loss(GAP) == pytest.approx(loss(GAP, LOGITS.at[:, 1].set(99.0)))
    assert loss(GAP) < loss(FULL)


def test_what_is_evaluated_leaves_them_out():
    batch = {"x": LOGITS, "y": GAP, "weight": jnp.ones(2)}
    assert float(MultilabelObjective(2).evaluate(model, batch, key=None)["accuracy"]) == 1.0


def test_metrics_and_intervals_are_those_of_the_known_labels():
    random = np.random.default_rng(0)
    truth = (random.random((60, 2)) < 0.5).astype(float)
    given = np.clip(truth * 0.4 + random.random((60, 2)) * 0.6, 0, 1)
    gap = truth.copy()
    gap[:20, 1] = UNKNOWN
    found = multilabel_metrics(gap, given)
    alone = [
        multilabel_metrics(t, g) for t, g in ((truth[:, :1], given[:, :1]), (truth[20:, 1:], given[20:, 1:]))
    ]
    for name in ("auc", "log_loss", "f1"):
        assert found[name] == pytest.approx(np.mean([one[name] for one in alone]))
    for low, high in multilabel_intervals(gap, given).values():
        assert 0 <= low <= high


def test_a_row_counts_where_one_label_is_known():
    frame = pl.DataFrame({"x": [1.0, 2, 3], "a": [1, None, None], "b": [None, 0, None]})
    table, schema = read(frame), Schema((), (), ("a", "b"), "multilabel", FLAGS)
    assert known_rows(table, schema).tolist() == [0, 1]
    target = FlagTarget(("a", "b"))
    assert target.transform(table, np.array([0, 1])).tolist() == [[1, UNKNOWN], [UNKNOWN, 0]]
    assert target.caption([UNKNOWN, 1.0]) == "b"
    with pytest.raises(DataError, match="the target is missing"):
        target.transform(table)


def test_the_audit_says_how_many_are_unknown():
    rows = {"x": np.arange(60.0), "a": [None, 1, 0] * 20, "b": [1, 0, 1] * 20}
    found = check(pl.DataFrame(rows), ["a", "b"])
    assert [f.message for f in found.findings if f.code == "unknown-label"] == [
        "the label is not known in 20 of 60 rows: it has no part in their loss and metrics"
    ]
