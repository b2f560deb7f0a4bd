from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from lamina.runs.console import Console
from lamina.runs.metrics_file import MetricsFile
from lamina.runs.progress import Bar, Lines, Watch
from lamina.runs.shown import ShownMetric

ACCURACY = ShownMetric("accuracy", "valid_accuracy")


class Run:
    """What a callback sees, driven by hand."""

    def __init__(self, epochs: int, steps: int = 4):
        self.history: dict[str, list[float]] = {}
        self.info: dict[str, Any] = {"epochs": epochs, "steps_per_epoch": steps}

    def train(self, *callbacks: Any, epochs: int | None = None, valid: bool = True) -> None:
        for callback in callbacks:
            callback.on_train_begin(self)
        first = len(self.history.get("epoch", ())) + 1
        for epoch in range(first, (epochs or self.info["epochs"]) + 1):
            logs = {"train_loss": 1 / epoch}
            if valid:
                logs |= {"valid_loss": 2 / epoch, "valid_accuracy": 1 - 1 / (epoch + 1), "valid_mse": 4.0}
                self.info |= {"best_epoch": epoch, "best_value": 2 / epoch}
            logs |= {"lr": 0.1, "seconds": 0.5}
            for name, value in {"epoch": float(epoch), **logs}.items():
                self.history.setdefault(name, []).append(value)
            for callback in callbacks:
                callback.on_chunk_end(epoch * self.info["steps_per_epoch"], self)
                callback.on_epoch_end(epoch, logs, self)
        for callback in callbacks:
            callback.on_train_end(self)


def lines_of(run: Run, **keys: Any) -> list[str]:
    stream = io.StringIO()
    run.train(Lines(Console(stream), ACCURACY), **keys)
    return stream.getvalue().splitlines()


def test_a_line_says_epoch_losses_best_metric_and_time_left():
    compiled, first, *_, last = lines_of(Run(3))
    assert compiled.startswith("compiled  in ")
    assert first == "epoch 1/3  loss 1.000  valid 2.000  best 2.000 at 1  accuracy 0.5000  1.0 s left"
    assert last == "epoch 3/3  loss 0.3333  valid 0.6667  best 0.6667 at 3  accuracy 0.7500"


def test_without_validation_rows_there_is_the_loss_alone():
    assert lines_of(Run(1), valid=False)[-1] == "epoch 1/1  loss 1.000"


@pytest.mark.parametrize("epochs", [1, 59, 60, 61, 200, 1000])
def test_at_most_some_sixty_lines_and_always_the_last(epochs: int):
    lines = [line for line in lines_of(Run(epochs)) if line.startswith("epoch")]
    assert min(epochs, 30) <= len(lines) <= 62
    assert lines[0].split()[1].startswith("1/") or f" 1/{epochs}" in lines[0]
    assert f"{epochs}/{epochs}" in lines[-1]


def test_the_epoch_at_which_it_stopped_early_is_said():
    lines = lines_of(Run(1000), epochs=123)
    assert "123/1000" in lines[-1] and len(lines) < 20


def test_the_log_has_every_epoch(tmp_path: Path):
    console = Console(None)
    console.keep_in(tmp_path / "log.txt")
    Run(300).train(Lines(console, ACCURACY))
    assert (tmp_path / "log.txt").read_text().count("epoch") == 300


def test_networks_are_counted_and_what_is_left_includes_them():
    stream = io.StringIO()
    watch = Lines(Console(stream), ACCURACY, networks=2)
    Run(4).train(watch)
    Run(4).train(watch)
    text = stream.getvalue()
    assert "network 1/2  epoch 4/4" in text and "network 2/2  epoch 4/4" in text
    assert (
        "network 1/2  epoch 4/4  loss 0.2500  valid 0.5000  best 0.5000 at 4  accuracy 0.8000  2.0 s left"
        in text
    )


def test_a_resumed_run_says_where_it_goes_on():
    run = Run(4)
    run.train(Lines(Console(None), ACCURACY), epochs=2)
    assert "resumed   after epoch 2 of 4" in lines_of(run)[0]


def test_time_left_ends_with_the_limit():
    watch = Watch(Console(None), ACCURACY, ends=0.0)
    watch.on_train_begin(Run(10))
    assert watch.time_left(1, 5.0, 10) == 0.0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_on_a_terminal_one_line_is_updated(columns: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("lamina.runs.progress.REFRESH_SECONDS", -1.0)
    stream = Terminal()
    Run(100).train(Bar(Console(stream), ACCURACY))
    text = stream.getvalue()
    assert text.count("\n") <= 3 and "epoch 100/100  loss" in text
    assert ("━" in text) == (columns >= 100)


def test_a_bar_that_was_never_drawn_can_be_closed():
    bar = Bar(Console(Terminal()), ACCURACY)
    bar.close()
    bar.on_train_begin(Run(1))
    bar.close()


def test_metrics_file_has_a_row_per_epoch_at_once(tmp_path: Path):
    path = tmp_path / "metrics.csv"
    seen = []

    class Look(MetricsFile):
        def on_epoch_end(self, epoch: int, logs: Any, run: Any) -> None:
            super().on_epoch_end(epoch, logs, run)
            seen.append(path.read_text().count("\n"))

    Run(3).train(Look(path))
    assert seen == [2, 3, 4]
    lines = path.read_text().splitlines()
    assert lines[0] == "epoch,train_loss,valid_loss,valid_accuracy,valid_mse,lr,seconds"
    assert lines[2].startswith("2,0.5,1.0,0.66666")


def test_metrics_file_of_a_resumed_run_has_every_epoch_once(tmp_path: Path):
    path = tmp_path / "metrics.csv"
    run = Run(5)
    run.train(MetricsFile(path), epochs=3)
    path.write_text(path.read_text() + "4,what a killed process wrote after its last checkpoint\n")
    run.train(MetricsFile(path))
    assert [line.split(",")[0] for line in path.read_text().splitlines()] == [
        "epoch",
        "1",
        "2",
        "3",
        "4",
        "5",
    ]


def test_metrics_file_of_several_networks(tmp_path: Path):
    path = tmp_path / "metrics.csv"
    file = MetricsFile(path, networks=2)
    Run(2).train(file)
    Run(2).train(file)
    assert [line[:3] for line in path.read_text().splitlines()] == ["net", "1,1", "1,2", "2,1", "2,2"]
    again = MetricsFile(path, networks=2)
    first, second = Run(2), Run(2)
    first.train(MetricsFile(tmp_path / "other.csv"))
    second.train(MetricsFile(tmp_path / "other.csv"), epochs=1)
    first.train(again)
    second.train(again)
    assert [line[:3] for line in path.read_text().splitlines()] == ["net", "1,1", "1,2", "2,1", "2,2"]
