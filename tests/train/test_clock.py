"""The clock: what was compiled, and how many steps still fit."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.train.loop.clock import Clock, compile_counter


def test_steps_that_fit():
    free = Clock(None)
    assert free.left == float("inf")
    free.took(10, 1.0)
    assert free.steps_that_fit(1000) == 50  # five seconds, then somebody may speak
    short = Clock(1.0, reserve=0.5)
    assert short.steps_that_fit(1000) == 1  # nothing is known of a step yet
    short.took(1, 0.1)
    assert 3 <= short.steps_that_fit(1000) <= 5
    assert Clock(0.0).left <= 0


def test_share_of_a_run_that_fits():
    assert Clock(None).share_that_fits(5, 100, epoch=10) == 1
    clock = Clock(10.0)
    assert clock.share_that_fits(0, 100, epoch=10) == 1, "nothing is known of a step yet"
    clock.took(1, 0.4)
    clock.end_seconds = 1.0  # a tenth of a second a step, and one and a half are set aside for the last
    assert abs(clock.share_that_fits(10, 100, epoch=10) - (10 + 8.5 / 0.5) / 100) < 0.01
    assert clock.share_that_fits(10, 20, epoch=10) == 1, "more would fit than is asked for"
    late = Clock(1e-9)
    late.took(1, 0.4)
    assert late.share_that_fits(10, 100, epoch=10) == 0.1


def test_a_schedule_ends_with_the_time(fitted: Any):
    keys = {"schedule": "linear", "early_stopping": False, "lr": 1e-3, "warmup": 0.1}
    fitted(epochs=1, **keys)  # compiles
    result = fitted(epochs=10**6, time_limit=2.0, **keys)
    rates = result.history["lr"]
    assert result.ended == "time limit" and 1 < result.epochs < 10**6
    assert max(rates) > 5e-4 and 0 <= rates[-1] < 3e-4
    free = fitted(epochs=2, **keys)
    limited = fitted(epochs=2, time_limit=600, **keys)
    assert free.history["lr"] == limited.history["lr"], "a limit that is not reached changes nothing"


def test_a_step_longer_than_anyone_waits_is_taken_unless_a_limit_forbids_it():
    free, short = Clock(None), Clock(1.0)
    free.took(1, 8.0)
    short.took(1, 8.0)
    assert free.steps_that_fit(1000) == 1
    assert short.steps_that_fit(1000) == 0


def test_compilation_is_counted_once():
    counter = compile_counter()
    before = counter.seconds
    program = jax.jit(lambda x: jnp.sin(x) * 1.2345)
    program(jnp.ones(7))
    after = counter.seconds
    assert after > before
    program(jnp.ones(7))
    assert counter.seconds == after


def test_a_limit_already_spent_takes_few_steps_and_gives_a_model(fitted: Any):
    began = time.perf_counter()
    result = fitted(epochs=10**6, time_limit=0.05, early_stopping=False)
    assert time.perf_counter() - began < 20
    assert result.ended == "time limit"
    assert np.isfinite(result.model.numeric.weight).all()
