"""The thread that writes: one job at a time, and what goes wrong in it is said once."""

from __future__ import annotations

import threading

import pytest

from lamina.train.safeguard.background import BackgroundWriter


def broken() -> None:
    raise OSError("no room")


def test_the_next_job_waits_for_the_one_before():
    writer, gate, seen = BackgroundWriter(), threading.Event(), []
    writer.begin(lambda: (gate.wait(10), seen.append("first")))
    assert writer.is_busy and not seen
    gate.set()
    writer.begin(lambda: seen.append("second"))
    writer.finish()
    assert seen == ["first", "second"] and not writer.is_busy


def test_what_goes_wrong_is_raised_at_the_next_call_once():
    writer = BackgroundWriter()
    writer.begin(broken)
    with pytest.raises(OSError, match="no room"):
        writer.finish()
    writer.finish()


def test_leaving_waits_and_raises():
    seen: list[str] = []
    with BackgroundWriter() as writer:
        writer.begin(lambda: seen.append("written"))
    assert seen == ["written"]
    with pytest.raises(OSError, match="no room"), BackgroundWriter() as writer:
        writer.begin(broken)


def test_leaving_because_of_something_else_raises_that():
    writer = BackgroundWriter()
    with pytest.raises(KeyError, match="of the loop"), writer:
        writer.begin(broken)
        raise KeyError("of the loop")
    assert not writer.is_busy
    writer.finish()  # what went wrong in the thread was let go
