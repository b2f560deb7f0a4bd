"""The values of each schedule, by hand."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from lamina.train.optimizers.schedules import SCHEDULES, factor

TOTAL = 100.0
HALF = np.sqrt(0.5)

# step → factor on a run of a hundred steps
VALUES = {
    "constant": {0: 1, 50: 1, 100: 1, 150: 1},
    "plateau": {0: 1, 50: 1, 100: 1},
    "step": {0: 1, 49: 1, 50: 0.1, 74: 0.1, 75: 0.01, 100: 0.01},
    "cosine": {0: 1, 25: 0.5 + HALF / 2, 50: 0.5, 75: 0.5 - HALF / 2, 100: 0, 150: 0},
    "linear": {0: 1, 30: 0.7, 50: 0.5, 100: 0, 150: 0},
    "one-cycle": {0: 0.04, 15: 0.52, 30: 1, 65: 0.5, 100: 0, 150: 0},
    "wsd": {0: 1, 80: 1, 90: 0.5, 95: 0.25, 100: 0, 150: 0},
    "ramp": {0: 1e-6, 50: 1e-3, 100: 1, 150: 1},
}
WARMED = [0, 1, 4, 9, 10, 55, 100]


@jax.jit
def all_of(step: float, warmup: float) -> dict[str, jax.Array]:
    """Every schedule, alone and behind its warm-up."""
    total = np.float32(TOTAL)
    alone = {name: schedule(step, total) for name, schedule in SCHEDULES.items()}
    return {"alone": alone, "factor": {name: factor(name, step, total, warmup) for name in SCHEDULES}}


def at(step: float, warmup: float = 0.0) -> dict[str, dict[str, float]]:
    found = jax.device_get(all_of(np.float32(step), np.float32(warmup)))
    return {kind: {name: float(value) for name, value in of.items()} for kind, of in found.items()}


def test_every_schedule_stands_here():
    assert set(VALUES) == set(SCHEDULES)


@pytest.mark.parametrize("name", VALUES)
def test_values_by_hand(name: str):
    for step, value in VALUES[name].items():
        found = at(step)
        assert found["alone"][name] == pytest.approx(value, abs=1e-6), step
        assert found["factor"][name] == pytest.approx(value, abs=1e-6), "without a warm-up it is the same"


@pytest.mark.parametrize("name", VALUES)
def test_a_warm_up_rises_in_a_line_and_takes_its_steps_from_the_rest(name: str):
    schedule = jax.jit(SCHEDULES[name])
    for step in WARMED:
        rise = min((step + 1) / 10, 1.0)
        rest = float(schedule(np.float32(max(step - 10, 0)), np.float32(TOTAL - 10)))
        assert at(step, 10.0)["factor"][name] == pytest.approx(rise * rest, abs=1e-6), step


def test_a_run_that_is_all_warm_up_divides_by_nothing():
    for warmup in (TOTAL, 2 * TOTAL):
        for name, value in at(50, warmup)["factor"].items():
            assert np.isfinite(value) and 0 <= value <= 1, name


@pytest.mark.parametrize("name", ["cosine", "linear", "wsd", "step"])
def test_a_decay_never_rises(name: str):
    values = [at(step)["alone"][name] for step in range(0, 101, 10)]
    assert values == sorted(values, reverse=True)
