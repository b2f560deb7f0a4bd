"""Feeds: every row once, in the announced order, whichever way it comes."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from lamina.data.order import epoch_order
from lamina.train.loop.clock import compile_counter
from lamina.train.loop.feed import ResidentFeed, StreamedFeed, evaluation_batches, make_feed


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
