"""Rollback: which state is kept, when, how often it may be gone on from, and at which rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamina.core.errors import RunError
from lamina.train.safeguard.checkpoint import Snapshot
from lamina.train.safeguard.rollback import KEEP_STEPS, Rollback, is_finite


def snapshot(step: int, value: float = 1.0, **place: Any) -> Snapshot:
    where = {"epoch": step // 10, "done": step % 10, "step": step, "rollbacks": 0, **place}
    return Snapshot({"model.weight": np.array([value], np.float32), "step": np.int32(step)}, where)


def rollback(most: int = 3, *kept: Snapshot) -> Rollback:
    made = Rollback(most=most, patience=10)
    for one in kept:
        assert made.keep(one)
    return made


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("model.layer.weight", True), ("optimizer.all.mu.layer.weight", True), ("average.bias", True),
        ("best.layer.weight", True), ("best_value", False), ("lr_scale", False), ("modeling", False),
    ],
)  # fmt: skip
def test_only_weights_and_moments_have_to_be_finite(name: str, matters: bool, value: float):
    assert is_finite({name: np.array([1.0, value])}) is not matters
    assert is_finite({name: np.array([1, 2])}), "whole numbers are always finite"


def test_a_state_that_is_not_finite_is_not_kept():
    made = Rollback(most=3, patience=10)
    assert made.is_empty
    assert not made.keep(snapshot(5, np.nan)) and made.is_empty
    assert made.keep(snapshot(5)) and not made.is_empty
    assert not made.keep(snapshot(9, np.inf))
    assert made.back(epoch=1, step=9, why="", rows=np.arange(3))[0].place["step"] == 5


def test_each_rollback_halves_the_rate_again():
    made = rollback(3, snapshot(5))
    found = [made.back(epoch=1, step=7, why="why", rows=np.arange(3)) for _ in range(3)]
    assert [factor for _, factor in found] == [0.5, 0.25, 0.125]
    assert all(state.place["step"] == 5 for state, _ in found) and made.count == 3


def test_after_so_many_it_is_given_up_with_the_rows():
    made = rollback(2, snapshot(5))
    for _ in range(2):
        made.back(epoch=1, step=7, why="why", rows=np.arange(3))
    with pytest.raises(RunError) as caught:
        made.back(epoch=4, step=31, why="ten steps were not finite", rows=np.arange(20).reshape(2, 10) + 5)
    assert str(caught.value) == (
        "epoch 4, step 31: ten steps were not finite; got 2 rollbacks with a lower lr; last batch:"
        " training rows 5, 6, 7, 8, 9, 10, 11, 12 …\n"
        "  fix: lower lr, set clip=1.0, or look at the data with `lamina check`"
    )


def test_with_nothing_kept_or_none_allowed_it_is_given_up_at_once():
    for made in (Rollback(most=3, patience=10), rollback(0, snapshot(5))):
        with pytest.raises(RunError, match="0 rollbacks"):
            made.back(epoch=1, step=1, why="why", rows=np.arange(3))


def test_another_state_is_due_after_so_many_steps():
    made = Rollback(most=3, patience=10)
    assert made.is_due(0), "there is none yet"
    made.keep(snapshot(100))
    assert not made.is_due(100 + KEEP_STEPS - 1) and made.is_due(100 + KEEP_STEPS)


def test_a_snapshot_carries_the_good_state_unless_it_is_that():
    good = snapshot(5)
    made = rollback(3, good)
    assert made.good_before(snapshot(5).place) is None
    for other in (snapshot(6), snapshot(5, rollbacks=1), snapshot(5, epoch=9)):
        assert made.good_before(other.place).place["step"] == 5
    assert Rollback(most=3, patience=10).good_before(snapshot(5).place) is None


def test_a_resumed_run_has_the_count_and_the_good_state_of_before():
    made = rollback(3, snapshot(5))
    _, factor = made.back(epoch=1, step=7, why="why", rows=np.arange(3))
    later = snapshot(8, rollbacks=made.count)
    later = Snapshot(later.arrays, later.place, made.good_before(later.place))
    resumed = Rollback(most=3, patience=10)
    resumed.restore(later)
    assert resumed.count == 1
    state, again = resumed.back(epoch=1, step=9, why="why", rows=np.arange(3))
    assert (state.place["step"], factor, again) == (5, 0.5, 0.25)
    alone = Rollback(most=3, patience=10)
    alone.restore(snapshot(8))
    assert alone.back(epoch=1, step=9, why="why", rows=np.arange(3))[0].place["step"] == 8


def test_kept_states_hold_no_chain_of_older_ones():
    first, second = snapshot(5), snapshot(300)
    chained = Snapshot(second.arrays, second.place, good=first)
    made = rollback(3, chained)
    assert made.back(epoch=1, step=301, why="", rows=np.arange(3))[0].good is None
