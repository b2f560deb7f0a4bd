from __future__ import annotations

import csv
import io
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina
from lamina.core import storage
from lamina.core.errors import ConfigError, DataError, LaminaWarning, RunError
from lamina.data.source import read
from lamina.network.prepare import prepare
from lamina.runs.console import Console
from lamina.runs.first_lines import print_first_lines
from lamina.runs.run import Finished
from lamina.runs.start import start_run
from lamina.train.config import TrainConfig
from lamina.train.loop.callbacks import Callback

QUICK = {"model": "mlp", "size": 8, "epochs": 2, "preset": "fast"}
SOLD = {**QUICK, "drop": ["price"]}


def fit(path: Path, out: Path, *, target: str = "sold", keys: dict | None = None, **more: Any) -> Finished:
    return start_run(read(str(path)), target=target, keys=keys or SOLD, out=out, **more)


def test_the_folder_holds_what_it_promises_and_nothing_else(finished: Finished):
    names = {item.name for item in finished.folder.iterdir()}
    promised = {"config.toml", "metrics.csv", "report.html", "figures", "log.txt", "network"}
    assert promised <= names <= promised | {"checkpoints"}
    assert {p.name for p in (finished.folder / "network").iterdir()} == {
        "config.json", "model.safetensors", "schema.json", "README.md", "MANIFEST.json",
    }  # fmt: skip


def test_metrics_csv_has_a_row_per_epoch(finished: Finished):
    with (finished.folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["valid_loss"]) == finished.fitted.network.history["valid_loss"][1]


def test_the_report_stands_alone_and_says_how_to_get_the_same(finished: Finished):
    page = (finished.folder / "report.html").read_text()
    assert "sold from houses.csv" in page and "<script" not in page and "src=" not in page
    assert "lamina fit" in page and "drop=price" in page
    assert "How far AUC falls" in page
    assert {path.name for path in (finished.folder / "figures").iterdir()} >= {"learning_curves.png"}


def test_the_network_knows_its_intervals(finished: Finished):
    info = lamina.load(finished.folder).info
    assert set(info.intervals) == set(info.valid)
    low, high = info.intervals["accuracy"]
    assert low <= info.valid["accuracy"] <= high
    assert "95% interval" in (finished.folder / "network" / "README.md").read_text()


def test_first_and_last_lines(houses: Path, tmp_path: Path, no_report: None):
    stream = io.StringIO()
    fit(houses, tmp_path / "run", console=Console(stream), test_table=read(str(houses)))
    text = stream.getvalue()
    places = [
        text.index(word) for word in ("device", "data", "target", "split", "model", "run  ", "compiled")
    ]
    assert places == sorted(places)
    assert f"{houses}: 240 rows, 3 columns used (2 numeric, 1 category)" in text
    assert "left out  price: dropped on request" in text
    assert "sold: binary" in text and "192 rows train, 48 validate, 240 test" in text
    last = text[text.index("valid (48 rows)") :]
    assert "test (240 rows)" in last and "log_loss" in last
    assert last.splitlines()[-1] == f"next      lamina predict {tmp_path / 'run'} {houses}"
    assert text.replace("\n\n", "\n").splitlines()[-1] in (tmp_path / "run" / "log.txt").read_text()


@pytest.mark.parametrize(
    ("keys", "said"),
    [({}, "sold: binary (task guessed)"), ({"task": "multiclass"}, "sold: multiclass, 2 classes")],
)
def test_classes_are_counted_where_each_has_an_output(houses: Path, keys: dict[str, Any], said: str):
    stream = io.StringIO()
    plan = prepare(read(str(houses)), target="sold", keys={**SOLD, **keys})
    print_first_lines(Console(stream), plan)
    (line,) = [line for line in stream.getvalue().splitlines() if line.startswith("target ")]
    assert line.removeprefix("target").strip() == said


def test_missing_kernels_are_said_once(
    houses: Path, tmp_path: Path, no_report: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        "lamina.runs.first_lines.library.notice", lambda: "no C++ compiler was found; install g++"
    )
    fit(houses, tmp_path / "r", keys={**SOLD, "epochs": 1})
    log = (tmp_path / "r" / "log.txt").read_text()
    assert log.count("kernels   no C++ compiler was found; install g++\n") == 1


def test_the_same_command_gives_the_same_bytes(houses: Path, tmp_path: Path, no_report: None):
    for name in ("a", "b"):
        fit(houses, tmp_path / name)
    for file in ("model.safetensors", "schema.json"):
        assert (tmp_path / "a" / "network" / file).read_bytes() == (
            tmp_path / "b" / "network" / file
        ).read_bytes()


def test_regression_with_quantiles_reports_bounds(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lamina.report.write_figures", lambda *args, **keys: [])
    keys = {**QUICK, "quantiles": "0.05,0.5,0.95", "drop": "sold"}
    page = (fit(houses, tmp_path / "run", target="price", keys=keys).folder / "report.html").read_text()
    assert "90% interval" in page or "90 %" in page or "predicted interval" in page.lower()
    assert "How far RMSE rises" in page


def test_several_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    x = np.random.default_rng(0).normal(size=(80, 2))
    labels = read({"a": x[:, 0], "b": x[:, 1], "p": (x[:, 0] > 0) * 1, "q": (x[:, 1] > 0) * 1})
    done = start_run(labels, target=["p", "q"], keys=QUICK, out=tmp_path / "labels")
    assert "How far Log loss rises" in (done.folder / "report.html").read_text()
    monkeypatch.setattr("lamina.report.write_figures", lambda *args, **keys: [])
    numbers = read({"a": x[:, 0], "b": x[:, 1], "q": x[:, 1] * 2, "r": x[:, 0] * 3})
    done = start_run(numbers, target=["q", "r"], keys=QUICK, out=tmp_path / "numbers")
    assert "How far R² falls" in (done.folder / "report.html").read_text()


def test_no_validation_rows_and_no_epochs(houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lamina.report.write_figures", lambda *args, **keys: [])
    for name, more in (("whole", {"valid": 0}), ("none", {"epochs": 0})):
        done = fit(houses, tmp_path / name, keys={**SOLD, **more})
        assert (done.folder / "report.html").is_file() and (done.folder / "metrics.csv").is_file()
        assert done.intervals.keys() == ({"valid"} if name == "none" else set())


def test_folds_are_told_apart(houses: Path, tmp_path: Path, no_report: None):
    done = fit(houses, tmp_path / "run", keys={**SOLD, "folds": 2})
    lines = (done.folder / "metrics.csv").read_text().splitlines()
    assert [line[:3] for line in lines] == ["net", "1,1", "1,2", "2,1", "2,2"]


def test_bad_data_and_wrong_keys_write_nothing(houses: Path, tmp_path: Path):
    wrong = [({"target": "sould"}, DataError), ({"keys": {**SOLD, "epochs": -1}}, ConfigError)]
    wrong += [
        ({"keys": {**SOLD, "checkpoint_every": "never"}}, ConfigError),
        ({"keys": {"lrr": 1}}, ConfigError),
    ]
    for more, kind in wrong:
        with pytest.raises(kind):
            fit(houses, tmp_path / "run", **more)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_exists_is_refused_before_anything_is_read(houses: Path, tmp_path: Path):
    (tmp_path / "mine").write_text("")
    with pytest.raises(ConfigError, match="already exists"):
        fit(houses, tmp_path, keys={"no such key": 1})


def test_python_s_door_writes_the_same_folder(houses: Path, tmp_path: Path, no_report: None):
    frame = {"x": np.arange(60.0), "y": np.arange(60) % 2, "z": np.arange(60) % 2}
    with pytest.warns(LaminaWarning, match="equals the target"):
        net = lamina.fit(frame, target="y", out=str(tmp_path / "run"), **QUICK)
    assert net.predict({"x": [1.0]}).shape == (1,)
    assert "lamina fit '<arrays>' --target y " in (tmp_path / "run" / "config.toml").read_text()


def test_the_time_limit_includes_all_of_it(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_report: None
):
    """What reading took and what the report will take is not left for training."""
    keys = {**SOLD, "epochs": 10**6, "early_stopping": False, "time_limit": 5}
    place, limits = sys.modules["lamina.network.fit"], []

    def train(*args: Any, config: TrainConfig, **more: Any) -> Any:
        limits.append(config.time_limit)
        return trained(*args, config=config, **more)

    trained = place.train
    monkeypatch.setattr(place, "train", train)
    done = fit(houses, tmp_path / "run", keys=keys, began=time.perf_counter() - 1)
    reserve = 0.4 * 5
    assert 0 < limits[0] < 5 - 1 - reserve
    assert done.fitted.network.info.ended == "time limit"


def test_a_full_disk_stops_the_run_with_what_is_kept(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_report: None
):
    class Full(storage.Disk):
        def append(self, path: Path, content: bytes) -> None:
            if path.name == "metrics.csv":
                raise OSError(28, "No space left on device")
            super().append(path, content)

    monkeypatch.setattr(storage, "disk", Full())
    with pytest.raises(RunError, match="No space left on device") as caught:
        fit(houses, tmp_path / "run")
    assert caught.value.exit_code == 3
    assert f"to go on: lamina resume {tmp_path / 'run'}" in str(caught.value)
    assert "No space left" in (tmp_path / "run" / "log.txt").read_text()


def test_a_fault_of_ours_is_in_the_log(houses: Path, tmp_path: Path):
    class Broken(Callback):
        def on_epoch_end(self, epoch: int, logs: Any, run: Any) -> None:
            raise ZeroDivisionError("of ours")

    with pytest.raises(ZeroDivisionError) as caught:
        fit(houses, tmp_path / "run", callbacks=[Broken()])
    assert caught.value.__notes__ == [str(tmp_path / "run" / "log.txt")]
    assert "ZeroDivisionError: of ours" in (tmp_path / "run" / "log.txt").read_text()


def test_a_broken_report_does_not_cost_the_network(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(*args: object, **keys: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("lamina.runs.run.write_report", broken)
    stream = io.StringIO()
    fit(houses, tmp_path / "run", console=Console(stream))
    assert "warning: the report could not be made (ZeroDivisionError" in stream.getvalue()
    assert lamina.load(tmp_path / "run").labels == ("no", "yes")


def test_runs_without_a_name_are_numbered(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_report: None
):
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        done = start_run(read(str(houses)), target="sold", keys=SOLD)
        assert str(done.folder) == os.path.join("runs", f"houses-mlp-{number}")
