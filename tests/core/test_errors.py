"""Errors say where, what and how to fix."""

from __future__ import annotations

import pytest

from lamina.core.errors import DataError, LaminaError, MissingExtraError, NotFittedError, require, suggest


def test_an_error_says_where_what_and_how_to_fix():
    error = DataError("wrong", where="a.csv", expected=3, received=4, fix="fix it")
    assert str(error) == "a.csv: wrong; expected 3, got 4\n  fix: fix it"
    assert str(LaminaError("wrong", received=4)) == "wrong; got 4"
    assert isinstance(error, ValueError)
    assert isinstance(NotFittedError("x"), AttributeError)


def test_suggestions_are_near():
    assert suggest("dropuot", ["dropout", "depth"]) == " (did you mean 'dropout'?)"
    assert suggest("zebra", ["dropout", "depth"]) == ""


def test_a_missing_extra_is_one_sentence():
    assert require("math", extra="x", purpose="here").__name__ == "math"
    with pytest.raises(MissingExtraError) as caught:
        require("no_such_module.inner", extra="all", purpose="for this")
    assert str(caught.value) == 'no_such_module is needed for this\n  fix: pip install "lamina[all]"'
