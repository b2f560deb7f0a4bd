"""Anomalies: scores, p-values, thresholds, labels that are measured by alone, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest import CaptureFixture

import lamina
from lamina.cli.main import main
from lamina.core.errors import ConfigError, DataError
from lamina.network.network import Network
from lamina.tasks.anomaly.target import AnomalyTarget, odd_value
from lamina.tasks.samples.images import ImageSpace

QUICK: dict[str, Any] = {"epochs": 30, "batch_size": 32, "size": 8, "contamination": 0.05}
ROWS = 240


def rows(count: int = ROWS, seed: int = 0) -> dict[str, Any]:
    """Two columns that go together, one by itself, and the group that tells which line they lie on."""
    random = np.random.default_rng(seed)
    group = random.integers(0, 2, count)
    x = random.normal(size=count)
    return {
        "x": x,
        "y": np.where(group == 1, x, -x) + 0.05 * random.normal(size=count),
        "z": random.normal(10.0, 1.0, count),
        "group": np.where(group == 1, "up", "down").tolist(),
    }


ODD = {
    "x": [0.1, 0.2, 0.0],
    "y": [0.1, -0.2, 0.1],
    "z": [10.0, 99.0, 10.0],
    "group": ["up", "down", "sideways"],
}


@pytest.fixture(scope="module")
def network() -> Network:
    return lamina.fit(rows(), task="anomaly", **QUICK)


def test_rows_unlike_the_others_have_a_higher_score(network: Network):
    usual, odd = network.score(rows(100, seed=1)).score, network.score(ODD).score
    assert odd[1] > usual.max() and odd[2] > np.quantile(usual, 0.9) > odd[0]


def test_it_says_what_is_odd_in_words(network: Network):
    found = network.score(ODD)
    assert found.is_anomaly[1] and not found.is_anomaly[0]
    assert found.reasons[1].startswith("z 99 is far above the usual: 99 % of the rows have 12")
    assert "group 'sideways' is unlike all values of training" in found.reasons[2]
    assert found.shares[1].argmax() == found.columns.index("z")
    np.testing.assert_allclose(found.shares.sum(axis=1), 1.0)


def test_p_values_are_shares_of_held_out_rows(network: Network):
    target: Any = network.target
    assert len(target.scores) == network.info.rows["valid"]
    found = network.score(ODD)
    assert found.p_value[1] == pytest.approx(1 / (1 + len(target.scores)))
    assert target.p_values(np.array([-1e9])) == 1.0
    assert found.threshold == pytest.approx(np.quantile(target.scores, 0.95))


def test_contamination_moves_the_threshold(network: Network):
    data = rows(100, seed=2)
    few, many = network.score(data, contamination=0.01), network.score(data, contamination=0.5)
    assert few.is_anomaly.sum() < many.is_anomaly.sum() and few.threshold > many.threshold
    with pytest.raises(ConfigError, match="contamination is out of range"):
        network.score(data, contamination=1.0)


def test_a_saved_network_scores_alike(network: Network, tmp_path: Path):
    network.save(tmp_path / "net")
    again = lamina.load(tmp_path / "net")
    np.testing.assert_array_equal(again.score(ODD).score, network.score(ODD).score)
    assert again.score(ODD).reasons == network.score(ODD).reasons


def test_labels_are_measured_by_and_not_learned_from(network: Network):
    data = rows()
    data["odd"] = [0] * (ROWS - 12) + [1] * 12
    data["z"][-12:] = np.random.default_rng(3).normal(40.0, 9.0, 12)
    found = lamina.fit(data, target="odd", task="anomaly", **QUICK)
    assert [column.name for column in found.schema.inputs] == ["x", "y", "z", "group"]
    metrics = found.evaluate(data)
    assert metrics["auc"] > 0.95 and metrics["average_precision"] > 0.5
    assert set(network.evaluate(rows(50))) == {"score"}
    without = {name: values for name, values in data.items() if name != "odd"}
    assert set(found.evaluate(without)) == {"score"}
    np.testing.assert_array_equal(found.predict(without), found.predict(data))


def test_labels_have_two_values():
    with pytest.raises(DataError, match="two values, such as 0 and 1"):
        lamina.fit({**rows(), "odd": [0, 1, 2] * (ROWS // 3)}, target="odd", task="anomaly", **QUICK)
    table = lamina.data.read({"a": ["no", "yes", "yes"], "b": ["u", "v", "v"]})
    assert (odd_value(table, "a"), odd_value(table, "b")) == ("yes", "u")


def test_without_held_out_rows_there_are_scores_alone():
    network = lamina.fit(rows(60), task="anomaly", valid=0.0, **{**QUICK, "epochs": 1})
    found = network.score(ODD)
    assert found.threshold is None and not found.is_anomaly.any() and np.isnan(found.p_value).all()
    assert set(network.prediction(ODD).columns) == {"score"}


def test_many_scores_are_kept_as_quantiles():
    scores = np.random.default_rng(0).normal(size=(9000, 1))
    target: Any = AnomalyTarget(ImageSpace(1, 1, 1), 0.1).calibrated(scores)
    assert len(target.scores) == 2000
    assert target.threshold == pytest.approx(np.quantile(scores, 0.9), abs=0.01)


def test_by_the_command_line(tmp_path: Path, capsys: CaptureFixture[str]):
    import polars as pl

    data, odd, run = tmp_path / "data.csv", tmp_path / "odd.csv", tmp_path / "run"
    pl.DataFrame(rows()).write_csv(data)
    pl.DataFrame(ODD).write_csv(odd)
    keys = [f"{name}={value}" for name, value in QUICK.items()]
    assert main(["fit", str(data), "--task", "anomaly", "--out", str(run), *keys]) == 0
    report = (run / "report.html").read_text()
    assert "The oddest" in report and "How scores are spread" in report
    capsys.readouterr()
    out = tmp_path / "scores.csv"
    assert main(["score", str(run), str(odd), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == 3 and told["anomalies"] >= 1 and told["out"] == str(out)
    lines = out.read_text().splitlines()
    assert lines[0] == "row,score,p_value,is_anomaly,reason" and "z 99 is far above" in lines[2]
    assert main(["predict", str(run), str(odd)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "score,p_value,is_anomaly"
    assert main(["score", str(run), str(odd), "--out", str(tmp_path / "folder")]) == 2
    assert "--out scores.csv" in capsys.readouterr().err


def test_images_have_maps_of_errors():
    random = np.random.default_rng(0)
    level = random.integers(60, 90, (120, 1, 1, 1))
    usual = (level + random.integers(0, 9, (120, 12, 12, 1))).astype(np.uint8)
    odd = usual[:4].copy()
    odd[0, 8:, :4] = 255
    network = lamina.fit(usual, task="anomaly", **{**QUICK, "epochs": 12})
    found = network.score(odd)
    assert found.score[0] > found.score[1:].max() and found.is_anomaly[0]
    assert found.maps[0].shape == (12, 12) and found.reasons[0].endswith("is at the lower left")
    files = found.as_folder()
    assert {"1.png", "scores.csv"} <= set(files)
    assert found.as_csv().decode().splitlines()[0] == "row,score,p_value,is_anomaly,reason"
    with np.load(io.BytesIO(found.as_npz())) as stored:
        assert stored["maps"].shape == (4, 12, 12)
