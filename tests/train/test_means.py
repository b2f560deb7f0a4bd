"""Means of an epoch: chunks weighed by their steps, parts by their turns."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.objectives import Part
from lamina.train.loop.means import EpochMeans, plain, turns

ONE = {"all": Part()}
TWO = {"critic": Part(("critic.*",)), "generator": Part(("generator.*",), every=5)}


def test_turns_by_counting():
    for every in (1, 2, 3, 7):
        for step in range(15):
            for count in range(9):
                expected = sum(number % every == 0 for number in range(step, step + count))
                assert turns(step, count, every) == expected


def test_plain_numbers_and_arrays():
    assert plain(np.float32(0.5)) == 0.5 and isinstance(plain(np.float32(0.5)), float)
    assert isinstance(plain(np.int32(3)), int)
    np.testing.assert_array_equal(plain([1.0, 2.0]), [1.0, 2.0])


def test_chunks_are_weighed_by_their_steps():
    means = EpochMeans(ONE)
    means.add({"all": {"loss": np.float32(2.0), "extra": 1.0}}, step=0, count=3)
    means.add({"all": {"loss": np.float32(6.0), "extra": 5.0}}, step=3, count=1)
    assert means.logs() == {"train_loss": 3.0, "train_extra": 2.0}


def test_parts_are_weighed_by_their_turns_and_summed():
    means = EpochMeans(TWO)
    nothing = {"loss": np.float32(np.nan)}
    means.add({"critic": {"loss": 1.0}, "generator": {"loss": 8.0}}, step=0, count=6)  # turns 0 and 5
    means.add({"critic": {"loss": 3.0}, "generator": nothing}, step=6, count=2)
    means.add({"critic": {"loss": 1.0}, "generator": {"loss": 2.0}}, step=8, count=3)  # turn 10
    logs = means.logs()
    assert list(logs) == ["train_loss", "train_critic_loss", "train_generator_loss"]
    assert logs["train_critic_loss"] == pytest.approx((6 * 1 + 2 * 3 + 3 * 1) / 11)
    assert logs["train_generator_loss"] == pytest.approx((2 * 8 + 2) / 3), (
        "the chunk without a turn counts not"
    )
    assert logs["train_loss"] == logs["train_critic_loss"] + logs["train_generator_loss"]


def test_a_loss_that_is_not_finite_is_not_hidden():
    means = EpochMeans(ONE)
    means.add({"all": {"loss": np.float32(np.nan)}}, step=0, count=2)
    means.add({"all": {"loss": np.float32(1.0)}}, step=2, count=2)
    assert np.isnan(means.logs()["train_loss"])


def test_another_epoch_begins_from_zero_and_logs_the_same_names():
    means = EpochMeans(ONE)
    means.add({"all": {"loss": 2.0, "extra": 1.0}}, step=0, count=3)
    means.clear()
    assert means.logs() == {"train_loss": 0.0, "train_extra": 0.0}
    means.add({"all": {"loss": 4.0, "extra": 3.0}}, step=3, count=3)
    assert means.logs() == {"train_loss": 4.0, "train_extra": 3.0}


def test_a_population_has_one_value_a_member():
    means = EpochMeans(ONE)
    means.add({"all": {"loss": np.array([1.0, 2.0])}}, step=0, count=1)
    means.add({"all": {"loss": np.array([3.0, 6.0])}}, step=1, count=3)
    np.testing.assert_allclose(means.logs()["train_loss"], [2.5, 5.0])


def test_a_snapshot_keeps_them_and_later_chunks_do_not_reach_it():
    means = EpochMeans(TWO)
    means.add({"critic": {"loss": 1.0}, "generator": {"loss": 2.0}}, step=0, count=4)
    place = means.to_place()
    before = json.dumps(place)
    means.add({"critic": {"loss": 9.0}, "generator": {"loss": 9.0}}, step=4, count=4)
    assert json.dumps(place) == before
    other = EpochMeans(TWO)
    other.restore(json.loads(before))
    other.add({"critic": {"loss": 9.0}, "generator": {"loss": 9.0}}, step=4, count=4)
    assert other.logs() == means.logs()
    assert json.dumps(place) == before, "nor what is done with it"
