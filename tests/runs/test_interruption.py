from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from lamina.runs.interruption import Interruption


@pytest.fixture
def heard(number: int) -> Iterator[None]:
    """The signal is not ignored, as it is in a suite that runs in the background."""
    before = signal.signal(number, signal.default_int_handler)
    yield
    signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_remembered_and_the_second_stops(number: int, heard: None):
    before = signal.getsignal(number)
    with Interruption() as interruption:
        assert interruption.reason() is None
        os.kill(os.getpid(), number)
        assert interruption.reason() == "interrupted"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
            signal.sigtimedwait([], 1)  # the handler runs between two steps of the interpreter
    assert signal.getsignal(number) is before


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            os.kill(os.getpid(), signal.SIGINT)
            assert interruption.reason() is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_nothing_is_touched():
    reasons = []

    def run() -> None:
        with Interruption() as interruption:
            reasons.append(interruption.reason())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert reasons == [None]
