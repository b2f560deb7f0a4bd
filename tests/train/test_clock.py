"""The clock: what was compiled, and how many steps still fit. Time itself is handed in."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.models import build
from lamina.objectives import RegressionObjective
from lamina.train import TrainConfig
from lamina.train.loop.clock import Clock, compile_counter
from lamina.train.loop.engine import SingleEngine
from lamina.train.loop.loop import Loop
from lamina.train.loop.plan import make_program
from lamina.train.loop.result import make_result


class Time:
    """A time that passes only where it is told to, by ``each`` at every look."""

    def __init__(self, each: float = 0.0):
        self.now, self.each = 100.0, each

    def __call__(self) -> float:
        self.now += self.each
        return self.now


def test_what_is_spent_and_left():
    time = Time()
    clock = Clock(10.0, reserve=2.0, now=time)
    time.now += 3.0
    assert (clock.spent, clock.left) == (3.0, 5.0)
    clock.end_seconds = 2.0  # an evaluation and a half are set aside
    assert clock.left == 2.0
    assert Clock(None, now=time).left == float("inf")


def test_steps_that_fit():
    time = Time()
    free = Clock(None, now=time)
    assert free.steps_that_fit(1000) == 16, "nothing is known of a step yet, nothing hurries"
    free.took(10, 1.0)
    assert free.step_seconds == 0.1
    assert free.steps_that_fit(1000) == 50  # five seconds, then somebody may speak
    assert free.steps_that_fit(1000, longest=1.0) == 10
    assert free.steps_that_fit(7) == 7
    short = Clock(1.0, reserve=0.5, now=time)
    assert short.steps_that_fit(1000) == 1, "nothing is known, and it may take all there is"
    short.took(1, 0.125)
    assert short.steps_that_fit(1000) == 4
    time.now += 0.26
    assert short.steps_that_fit(1000) == 1
    time.now += 1.0
    assert short.steps_that_fit(1000) == 0
    assert Clock(0.0, now=time).left == 0


def test_a_step_longer_than_anyone_waits_is_taken_unless_a_limit_forbids_it():
    free, short = Clock(None, now=Time()), Clock(1.0, now=Time())
    free.took(1, 8.0)
    short.took(1, 8.0)
    assert free.steps_that_fit(1000) == 1
    assert short.steps_that_fit(1000) == 0


def test_share_of_a_run_that_fits():
    assert Clock(None, now=Time()).share_that_fits(5, 100, epoch=10) == 1
    clock = Clock(10.0, now=Time())
    assert clock.share_that_fits(0, 100, epoch=10) == 1, "nothing is known of a step yet"
    clock.took(1, 0.4)
    clock.end_seconds = 1.0  # a tenth of a second a step, and one and a half are set aside for the last
    assert clock.share_that_fits(10, 100, epoch=10) == pytest.approx((10 + 8.5 / 0.5) / 100)
    assert clock.share_that_fits(10, 20, epoch=10) == 1, "more would fit than is asked for"
    time = Time()
    late = Clock(1.0, now=time)
    late.took(1, 0.4)
    time.now += 2.0
    assert late.share_that_fits(10, 100, epoch=10) == 0.1


def test_a_resumed_clock_goes_on():
    time = Time()
    clock = Clock(10.0, now=time)
    clock.resume(4.0, 0.25)
    assert (clock.spent, clock.left, clock.step_seconds) == (4.0, 6.0, 0.25)
    assert clock.steps_that_fit(1000) == 20


def test_compilation_is_counted_once():
    counter = compile_counter()
    before = counter.seconds
    program = jax.jit(lambda x: jnp.sin(x) * 1.2345)
    clock = Clock(None)
    program(jnp.ones(7))
    after = counter.seconds
    assert after > before and clock.compile_seconds == after - before
    program(jnp.ones(7))
    assert counter.seconds == after


def limited(line: Any, time: Time, limit: float | None, **keys: Any) -> Loop:
    """A run on 24 examples, three steps an epoch, whose every step takes 0.1 of ``time``."""
    plain = {"epochs": 10**6, "lr": 1e-3, "batch_size": 8, "optimizer": "sgd", "early_stopping": False}
    config = TrainConfig(**{**plain, "time_limit": limit, **keys})
    program = make_program(RegressionObjective(), config)
    model = build("linear", inputs=(3,), outputs=1)
    clock = Clock(limit, now=time)
    loop = Loop(lambda hyper: SingleEngine(model, program, config, hyper), line, line, config, clock=clock)
    chunk, end = loop.states.chunk, loop.states.end

    def slow_chunk(data: Any, places: Any, ids: Any, count: int) -> Any:
        time.now += 0.1 * count
        return chunk(data, places, ids, count)

    def slow_end(valid: Any, epoch: int) -> Any:
        time.now += 0.5
        return end(valid, epoch)

    loop.states.chunk, loop.states.end = slow_chunk, slow_end  # type: ignore[method-assign]
    return loop


def test_a_run_ends_inside_its_limit_and_its_schedule_with_it(line: Any):
    limited(line, Time(), None, epochs=1).run()  # compiles
    time = Time()
    loop = limited(line, time, 8.0, schedule="linear", warmup=0.1)
    loop.run()
    assert loop.ended == "time limit"
    assert time.now - 100 <= 8.0, "the last evaluation included"
    assert time.now - 100 > 8.0 - 0.8 - 0.5, "no more is left than a step, an evaluation and its reserve"
    rates = loop.history["lr"]
    assert len(rates) == loop.epoch == 9 or len(rates) == loop.epoch == 10
    assert max(rates) > 5e-4 and 0 <= rates[-1] < 2e-4, "it falls to zero as the time runs out"
    assert rates[-3:] == sorted(rates[-3:], reverse=True)


def test_a_limit_that_is_not_reached_changes_nothing(line: Any):
    free = limited(line, Time(), None, epochs=2, schedule="linear", warmup=0.1)
    wide = limited(line, Time(), 600.0, epochs=2, schedule="linear", warmup=0.1)
    free.run()
    wide.run()
    assert free.history["lr"] == wide.history["lr"]
    assert free.history["train_loss"] == pytest.approx(wide.history["train_loss"], rel=1e-6)


def test_a_limit_already_spent_takes_one_step_and_gives_a_model(line: Any):
    loop = limited(line, Time(each=0.1), 0.05)
    loop.run()
    result = make_result(loop, loop.state, None)
    assert result.ended == "time limit" and result.epochs == 1 and result.steps <= 1
    assert np.isfinite(result.model.numeric.weight).all()
