"""Time: what was spent on compiling, and how many steps still fit."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

_COMPILE_EVENTS = (
    "/jax/core/compile/jaxpr_trace_duration",
    "/jax/core/compile/jaxpr_to_mlir_module_duration",
    "/jax/core/compile/backend_compile_duration",
)


class _CompileCounter:
    """Adds up what JAX reports about tracing and compiling."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def listen(self, event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event in _COMPILE_EVENTS:
            self.seconds += duration_secs


@functools.cache
def compile_counter() -> _CompileCounter:
    """Return the process's one counter of compile seconds, registered with JAX."""
    import jax

    counter = _CompileCounter()
    jax.monitoring.register_event_duration_secs_listener(counter.listen)
    return counter


class Clock:
    """Decides how long a chunk may be so that a run ends inside its limit.

    Args:
        limit: seconds for the whole run, or None.
        reserve: seconds to keep for what comes after training.
        now: seconds on a clock that never goes back; None for the machine's.
    """

    def __init__(self, limit: float | None, *, reserve: float = 0.0, now: Callable[[], float] | None = None):
        self.now = time.perf_counter if now is None else now
        self.began = self.now()
        self.compiled_before = compile_counter().seconds
        self.limit, self.reserve = limit, reserve
        self.step_seconds = 0.0
        self.end_seconds = 0.0

    @property
    def spent(self) -> float:
        """Seconds since the run began."""
        return self.now() - self.began

    @property
    def compile_seconds(self) -> float:
        """Seconds of tracing and compiling since the run began."""
        return compile_counter().seconds - self.compiled_before

    @property
    def left(self) -> float:
        """Seconds that training may still use, one evaluation set aside."""
        if self.limit is None:
            return float("inf")
        return self.limit - self.reserve - 1.5 * self.end_seconds - self.spent

    def steps_that_fit(self, wanted: int, *, longest: float = 5.0) -> int:
        """Return how many of the wanted steps to take before looking at the clock again.

        Args:
            wanted: steps that are due.
            longest: seconds after which a person or a signal should be heard again.
        """
        if self.step_seconds == 0.0:
            return min(wanted, 1 if self.limit is not None else 16)
        patient = max(1, int(longest / self.step_seconds))  # one step may take longer than that
        return max(0, int(min(wanted, patient, self.left / self.step_seconds)))

    def share_that_fits(self, taken: int, total: int, *, epoch: int) -> float:
        """Return which share of a run's steps can be taken inside the limit, 1 if all or if nothing is known.

        Args:
            taken: steps so far.
            total: steps of the whole run.
            epoch: steps of an epoch, each of which ends with an evaluation.
        """
        if self.limit is None or self.step_seconds == 0.0:
            return 1.0
        more = max(0.0, self.left) / (self.step_seconds + self.end_seconds / epoch)
        return min(1.0, (taken + more) / total)

    def resume(self, spent: float, step_seconds: float) -> None:
        """Go on from a clock that had come this far."""
        self.began -= spent
        self.step_seconds = step_seconds

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a chunk; the first one, which may compile, is not counted."""
        self.step_seconds = seconds / max(1, steps)
