"""What a saved network holds is a function of the data, the keys and the versions."""

from __future__ import annotations

import numpy as np

import lamina
from lamina.network.artifact import to_files


def test_equal_runs_leave_equal_files():
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 3))
    y = np.where(x[:, 0] > 0, "yes", "no")
    first, second = (to_files(lamina.fit(x, y, model="mlp", size=8, epochs=3, seed=5)) for _ in range(2))
    assert first == second
