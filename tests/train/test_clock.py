"""The clock: what was compiled, and how many steps still fit."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.train.clock import Clock, compile_counter


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
