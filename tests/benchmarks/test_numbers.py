"""What turns seconds into a claim: spreads, ratios, agreement, flops."""

from __future__ import annotations

import pytest
from benchmarks import limits, spread


def test_ratio_is_of_medians_with_quartiles_of_the_rounds():
    found = spread.ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
    assert found.median == 2.0
    assert (found.low, found.high) == (2.0, 2.5)
    assert found.runs == 3


def test_spread_of_one_value():
    assert spread.spread([2.0]) == spread.Spread(2.0, 2.0, 2.0, 1)


@pytest.mark.parametrize(
    ("ours", "theirs", "paired", "expected"),
    [
        ([0.90, 0.92, 0.91], [0.91, 0.90, 0.92], False, True),
        ([0.90, 0.90, 0.90], [0.95, 0.95, 0.95], False, False),
        ([0.1, 0.5, 0.9], [0.15, 0.55, 0.95], False, True),  # lost in the noise between seeds ...
        ([0.1, 0.5, 0.9], [0.15, 0.55, 0.95], True, False),  # ... but every model is better
        ([0.9], [0.8], False, ""),
    ],
)
def test_agreement(ours: list[float], theirs: list[float], paired: bool, expected: bool | str):
    assert spread.agree(ours, theirs, tolerance=0.002, paired=paired) == expected


def test_training_flops_leave_out_the_gradient_of_the_inputs():
    assert limits.training_flops((3, 2), rows=1) == 2 * 2 * 6
    assert limits.training_flops((3, 2, 4), rows=10) == 2 * 10 * (2 * 6 + 3 * 8)
