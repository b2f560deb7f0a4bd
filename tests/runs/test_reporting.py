"""From a run to its report: what it has come to, its facts, and what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lamina.core.page import Plot
from lamina.modalities.table.sections import column_sections
from lamina.runs.folder import RunFolder
from lamina.runs.outcome import outcome_of
from lamina.runs.record import read_record
from lamina.runs.reporting import run_facts, source_name, write_report
from lamina.runs.run import Finished


@pytest.fixture(scope="module")
def run(finished: Finished):
    """The run, its evaluated rows, and what it has come to."""
    table = finished.fitted.evaluated["valid"].table
    return finished, table, outcome_of(finished.fitted, finished.intervals, 3.0)


def test_what_a_run_has_come_to(run):
    finished, table, outcome = run
    network = finished.fitted.network
    assert outcome.evaluated == "validation" and outcome.count == table.height == len(outcome.targets)
    assert outcome.metrics == outcome.valid_metrics == network.info.valid
    np.testing.assert_allclose(outcome.outputs(outcome.transform(table)), outcome.decoded, rtol=1e-5)
    np.testing.assert_array_equal(outcome.measured(table), outcome.targets)
    assert [outcome.caption(code) for code in (0, 1)] == ["no", "yes"]
    assert outcome.training.height == network.info.rows["train"] and outcome.augment is None


def test_training_rows_are_no_evaluated_rows(run):
    _, table, outcome = run
    seen, held = (
        set(zip(t.column("size").numbers(), t.column("price").numbers(), strict=True))
        for t in (outcome.training, table)
    )
    assert len(held) == table.height
    assert not seen & held


def test_the_score_is_the_metric(run):
    _, _, outcome = run
    name, measure = outcome.score
    assert name == "auc"
    assert measure(outcome.targets, outcome.decoded, None) == pytest.approx(outcome.metrics["auc"])


def test_columns_are_judged_by_it(run):
    finished, _, outcome = run
    network = finished.fitted.network
    leans, _ = column_sections(outcome, [c.name for c in network.schema.inputs], network.encoder.only)
    (panel,) = next(block for block in leans.blocks if isinstance(block, Plot)).panels
    assert set(panel.names) == {"size", "age", "kind"}


def test_facts_of_a_run(run):
    finished, _, outcome = run
    record = read_record(finished.folder / "config.toml")
    facts = run_facts(finished.fitted, record, outcome, (9.0, 2.0))
    assert facts.model == "mlp" and facts.seconds == 9.0 and facts.evaluated_rows == outcome.count
    assert facts.watched[0] == "Accuracy" and len(facts.watched[1]) == 2
    kinds = {column["name"]: column["kind"] for column in facts.columns}
    assert kinds == {
        "sold": "target", "size": "numeric", "age": "numeric", "kind": "category", "price": "dropped",
    }  # fmt: skip
    assert "--out" not in facts.command


def test_what_is_written(run, tmp_path: Path):
    finished, _, _ = run
    record = read_record(finished.folder / "config.toml")
    given = {"intervals": finished.intervals, "seconds": (9.0, 2.0)}
    folder = RunFolder(tmp_path)
    write_report(folder, finished.fitted, record, **given, costly_seconds=0.0, images=False)
    page = folder.report.read_text()
    assert "A neural network (mlp) that predicts sold: which of two classes a row belongs to." in page
    assert "What it leans on" not in page and not folder.figures.exists()


@pytest.mark.parametrize(
    ("source", "name"),
    [("a\\b.csv", "b.csv"), ("<frame>", "a data frame"), ("<arrays>", "arrays"), ("x" * 90, "x" * 30)],
)
def test_source_names(source: str, name: str):
    assert source_name(source).startswith(name) and len(source_name(source)) <= 60
