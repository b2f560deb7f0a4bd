"""A few drawn sequences of faults; many more by ``python -m tests.faults.machine``."""

from __future__ import annotations

import pytest
from tests.faults.machine import RunMachine, simulate

pytestmark = pytest.mark.faults


class OneModel(RunMachine):
    models = ("mlp",)  # each more has to be compiled


def test_whatever_happens_to_a_run_it_ends_the_same():
    met = simulate(7, machine=OneModel, steps=12)
    stopped = sum(count for what, count in met.items() if what.endswith(("killed", "interrupted", "refused")))
    assert stopped >= 7 and met["loaded"] >= 7, met
