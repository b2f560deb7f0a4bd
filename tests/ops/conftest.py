"""Other limits of a kernel, for one test."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from lamina.ops.dispatch import TABLE, Limit


@pytest.fixture
def set_limit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace some limits of a kernel until the test ends."""

    def replace(kernel: str, **limits: Limit) -> None:
        changed = dataclasses.replace(TABLE[kernel], limits={**TABLE[kernel].limits, **limits})
        monkeypatch.setitem(TABLE, kernel, changed)

    return replace
