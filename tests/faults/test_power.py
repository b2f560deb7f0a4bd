"""A few power cuts; many more by ``python -m tests.faults.power``."""

from __future__ import annotations

import pytest
from tests.faults import power

from lamina.core import storage

pytestmark = pytest.mark.faults


def test_a_power_cut_leaves_the_old_or_the_new_state():
    met = power.simulate(400)
    assert all(count > 100 for count in met.values())


def test_the_simulation_notices_a_protocol_that_does_not_sync(monkeypatch):
    """Without the folder forced to disk, an acknowledged state can be lost."""
    monkeypatch.setattr(power.DarkeningDisk, "sync_folder", lambda self, path: None)
    with pytest.raises(power.Mixture):
        power.simulate(200)
    assert isinstance(storage.disk, storage.Disk)
    assert not isinstance(storage.disk, power.DarkeningDisk)
