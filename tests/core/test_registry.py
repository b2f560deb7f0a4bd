"""A registry explains itself."""

from __future__ import annotations

import pytest

from lamina.core.errors import ConfigError
from lamina.core.registry import Registry


def test_a_registry_explains_itself():
    things: Registry[int] = Registry("thing")
    things.add("first", 1)
    things.add("second", 2)
    assert (things["first"], len(things), list(things)) == (1, 2, ["first", "second"])
    assert things.match("f*") == ["first"]
    assert "third" not in things
    with pytest.raises(
        ConfigError, match=r"unknown thing 'secnod' .did you mean 'second'.*one of first, second"
    ):
        things["secnod"]
    with pytest.raises(ConfigError, match="thing 'first' is registered already"):
        things.add("first", 3)
