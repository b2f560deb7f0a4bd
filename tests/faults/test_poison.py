"""A few poisoned runs; many more by ``python -m tests.faults.poison``."""

from __future__ import annotations

import pytest
from tests.faults import poison

pytestmark = pytest.mark.faults


def test_no_checkpoint_holds_what_is_not_finite():
    ended = poison.simulate(25)
    assert ended.get("recovered", 0) >= 10
    assert sum(ended.values()) == 25
