"""When the network is looked at while it learns, and what happens if that fails."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lamina.runs.previews import Previews
from lamina.tasks.preview import Preview


class Run:
    """A run of some epochs whose model is its number of steps."""

    def __init__(self, epochs: int, done: int = 0):
        self.info = {"epochs": epochs}
        self.history = {"epoch": [float(epoch + 1) for epoch in range(done)]}
        self.states = self

    def model_to_keep(self) -> Any:
        return "model"


def look(previewer: Any, *, epochs: int, done: int = 0, limit: float | None = None, ago: float = 0.0) -> Any:
    said: list[str] = []
    previews = Previews(previewer, said.append, limit=limit, began=time.perf_counter() - ago)
    run: Any = Run(epochs, done)
    previews.on_train_begin(run)
    for epoch in range(done + 1, epochs + 1):
        previews.on_epoch_end(epoch, {}, run)
    return previews, said


def named(model: Any) -> Preview:
    return Preview(model, "a line")


@pytest.mark.parametrize(
    ("epochs", "seen"),
    [(1, [1]), (3, [1, 2, 3]), (36, [1, 4, 9, 16, 25, 36]), (360, [10, 40, 90, 160, 250, 360])],
)
def test_six_times_and_more_often_at_the_beginning(epochs: int, seen: list[int]):
    previews, said = look(named, epochs=epochs)
    assert list(previews.found) == seen and previews.found[seen[0]].value == "model"
    assert said == ["sample    a line"] * len(seen)


def test_a_resumed_run_sees_what_is_left():
    assert list(look(named, epochs=36, done=9)[0].found) == [16, 25, 36]
    assert list(look(named, epochs=36, done=10)[0].found) == [16, 25, 36]


def test_a_short_time_limit_leaves_no_room_and_a_long_one_counts_as_progress():
    assert not look(named, epochs=36, limit=20.0)[0].found
    late, _ = look(named, epochs=1_000_000 // 1_000, limit=1_000.0, ago=300.0)
    assert min(late.found) == 1, "a third of the time is over after the first epoch"


def test_previews_that_take_long_end():
    def slow(model: Any) -> Preview:
        time.sleep(0.02)
        return Preview(model)

    previews, said = look(slow, epochs=36, limit=60.0)
    assert len(previews.found) == 6 and said == []
    previews.spent = 1.19  # of 1.2 seconds
    previews.seen = 0
    previews.on_epoch_end(36, {}, Run(36))  # type: ignore[arg-type]
    assert previews.seen == 0


def test_one_that_fails_or_gives_nothing_is_asked_no_more():
    asked: list[Any] = []

    def broken(model: Any) -> Preview:
        asked.append(model)
        raise ValueError("no way")

    previews, said = look(broken, epochs=5)
    assert len(asked) == 1 and not previews.found
    assert said == ["warning: no preview of the network (ValueError: no way)"]
    previews, said = look(lambda model: None, epochs=5)
    assert not previews.found and not said
    assert not look(None, epochs=5)[0].found


def test_only_the_first_of_several_networks_is_seen():
    previews, said = look(named, epochs=2)
    run: Any = Run(2)
    previews.on_train_begin(run)
    previews.on_epoch_end(1, {}, run)
    assert len(said) == 2
