"""Feeds: every row once, in the announced order, whichever way it comes."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.errors import DataError
from lamina.data.order import epoch_order
from lamina.data.stream import AbstractStream
from lamina.train.loop.clock import compile_counter
from lamina.train.loop.feed import (
    MOST_PADDED,
    ResidentFeed,
    StreamedFeed,
    evaluation_batches,
    evaluation_size,
    fits,
    is_stream,
    make_feed,
    round_up,
    row_count,
    size_in_mib,
    taken,
)


def test_both_feeds_give_the_same_rows_in_the_same_order(line: Any):
    order = epoch_order(0, 0, 24, 5)
    batches = []
    for feed in (ResidentFeed(line), StreamedFeed(line)):
        data, places = feed.chunk(order)
        batches.append(np.asarray(data["x"])[np.asarray(places)])
    np.testing.assert_array_equal(*batches)
    np.testing.assert_array_equal(batches[0], line["x"][order])


def test_what_does_not_fit_is_streamed(line: Any):
    assert isinstance(make_feed(line, device_memory=1.0), ResidentFeed)
    assert isinstance(make_feed(line, device_memory=1e-6), StreamedFeed)


@pytest.mark.parametrize(("rows", "size"), [(24, 24), (24, 10), (1, 8), (23, 7)])
def test_evaluation_batches_hold_every_row_once(rows: int, size: int, line: Any):
    data = {name: array[:rows] for name, array in line.items()}
    cut = jax.tree.map(np.asarray, evaluation_batches(data, batch_size=size))
    assert cut["weight"].sum() == rows
    flat = cut["x"].reshape(-1, 3)[cut["weight"].reshape(-1) > 0]
    np.testing.assert_array_equal(flat, data["x"])


def test_runs_on_about_as_many_rows_share_their_programs(fitted: Any, line: Any):
    fitted(valid=line)
    before = compile_counter().seconds
    fewer = {name: array[:21] for name, array in line.items()}
    fitted(data=fewer, valid=fewer)
    assert compile_counter().seconds == before


class Stream(AbstractStream):
    """Examples that are made when they are asked for."""

    def __init__(self, array: np.ndarray):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.asked: list[np.ndarray] = []

    @property
    def nbytes(self) -> int:
        return self.array.nbytes

    def take(self, rows: np.ndarray) -> np.ndarray:
        self.asked.append(rows)
        return self.array[rows]


def test_sizes_are_rounded_up_to_few():
    for count in (1, 31, 32, 33, 100, 257, 5000, 99_999):
        rounded = round_up(count)
        assert rounded >= count and rounded % 32 == 0
        assert rounded - count < max(32, count / 4)
        assert round_up(rounded) == rounded
    assert len({round_up(count) for count in range(1, 5001)}) < 60
    assert round_up(MOST_PADDED + 1) == MOST_PADDED + 1, "a copy would cost more than a compilation"


def test_memory_of_a_tree():
    data = {
        "x": {"a": np.zeros((4, 2**18), np.float32), "b": np.zeros(2**20, np.uint8)},
        "weight": np.ones(4),
    }
    assert size_in_mib(data) == pytest.approx(5.0, abs=1e-4) and row_count(data) == 4


def test_the_limit_itself_still_fits(line: Any):
    size = size_in_mib(line)
    assert fits(line, device_memory=size) and not fits(line, device_memory=size * 0.999)


def test_a_stream_is_never_resident(line: Any):
    data = {**line, "x": Stream(line["x"])}
    assert is_stream(data["x"]) and not is_stream(line["x"]) and not is_stream(jax.numpy.ones(2))
    assert not fits(data, device_memory=1e9)
    assert isinstance(make_feed(data, device_memory=1e9), StreamedFeed)


def test_taking_rows_of_both_kinds(line: Any):
    rows = np.array([3, 3, 0])
    np.testing.assert_array_equal(taken(line["x"], rows), line["x"][rows])
    np.testing.assert_array_equal(taken(Stream(line["x"]), rows), line["x"][rows])


def test_resident_examples_lie_at_the_place_of_their_number(line: Any):
    feed = ResidentFeed(line)
    order = np.array([[5, 0], [23, 7]], np.int32)
    data, places = feed.chunk(order)
    assert places is order and data["x"].shape[0] == 32, "filled up"
    assert feed.chunk(order)[0] is data, "they come to the device once"
    np.testing.assert_array_equal(np.asarray(data["x"])[:24], line["x"])
    assert not np.asarray(data["weight"])[24:].any()
    assert [feed.width(steps) for steps in (3, 33)] == [32, 64]


def test_arrays_of_any_length_may_be_resident():
    """What an objective cuts its examples out of is not one row an example."""
    data = {"series": np.arange(40.0, dtype=np.float32), "weight": np.ones(24, np.float32)}
    resident = ResidentFeed(data).data
    np.testing.assert_array_equal(np.asarray(resident["series"])[:40], data["series"])


def test_streamed_examples_lie_in_the_order_of_the_chunk(line: Any):
    stream = Stream(line["x"])
    feed = StreamedFeed({**line, "x": stream})
    order = np.array([[5, 0], [23, 5]], np.int32)
    data, places = feed.chunk(order)
    np.testing.assert_array_equal(places, [[0, 1], [2, 3]])
    assert places.dtype == np.int32 and feed.width(7) == 7
    np.testing.assert_array_equal(data["x"], line["x"][[5, 0, 23, 5]])
    np.testing.assert_array_equal(data["y"], line["y"][[5, 0, 23, 5]])
    assert [rows.tolist() for rows in stream.asked] == [[5, 0, 23]], "each row once, in order"


def test_what_comes_next_is_taken_ahead_in_another_thread(line: Any):
    stream = Stream(line["x"])
    feed = StreamedFeed({**line, "x": stream})
    feed.ahead(np.array([[7, 3], [9, 3]], np.int32))
    order = np.array([[3, 11], [9, 3]], np.int32)
    data, _ = feed.chunk(order)
    np.testing.assert_array_equal(data["x"], line["x"][order.reshape(-1)])
    assert [rows.tolist() for rows in stream.asked] == [[3, 7, 9], [11]]
    data, _ = feed.chunk(order)  # nothing was begun
    np.testing.assert_array_equal(data["x"], line["x"][order.reshape(-1)])
    feed.ahead(np.array([[1, 2]], np.int32))  # a wrong guess
    data, _ = feed.chunk(order)
    np.testing.assert_array_equal(data["x"], line["x"][order.reshape(-1)])


def test_a_fault_of_what_is_taken_ahead_is_told_where_it_is_asked_for(line: Any):
    class Broken(Stream):
        def take(self, rows: np.ndarray) -> np.ndarray:
            raise DataError("gone")

    feed = StreamedFeed({**line, "x": Broken(line["x"])})
    feed.ahead(np.array([[7, 3]], np.int32))
    with pytest.raises(DataError, match="gone"):
        feed.chunk(np.array([[7, 3]], np.int32))


def test_so_much_is_taken_ahead_and_no_more(line: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lamina.train.loop.ahead.MOST_AHEAD", line["x"][:2].nbytes)
    stream = Stream(line["x"])
    feed = StreamedFeed({**line, "x": stream})
    feed.ahead(np.array([[1, 2, 3]], np.int32))
    assert not stream.asked
    feed.ahead(np.array([[1, 2]], np.int32))
    feed.chunk(np.array([[2, 1]], np.int32))
    assert [rows.tolist() for rows in stream.asked] == [[1, 2]]


def test_streamed_places_of_a_population(line: Any):
    order = np.arange(12, dtype=np.int32).reshape(2, 3, 2)[:, ::-1]
    data, places = StreamedFeed(line).chunk(order)
    assert places.shape == order.shape
    np.testing.assert_array_equal(np.asarray(data["x"])[places], line["x"][order])


@pytest.mark.parametrize(
    ("width", "batch_size", "size"),
    [(1, 32, 1024), (1, 2048, 2048), (1, 10_000, 4096), (3072, 256, 341), (2**18, 256, 64)],
)
def test_examples_with_many_values_are_evaluated_in_smaller_batches(width: int, batch_size: int, size: int):
    data = {"x": {"wide": np.broadcast_to(np.float32(0), (4, width)), "narrow": np.zeros((4, 1))}}
    assert evaluation_size(data, batch_size=batch_size) == size


def test_a_stream_is_evaluated_as_a_whole(line: Any):
    stream = Stream(line["x"])
    cut = evaluation_batches({**line, "x": stream}, batch_size=10)
    np.testing.assert_array_equal(cut["x"], evaluation_batches(line, batch_size=10)["x"])
    assert len(stream.asked) == 1
