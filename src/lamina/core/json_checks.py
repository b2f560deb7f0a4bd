"""Checks of parsed JSON, composed from small ones.

A check takes a value and its place in the document (``model.options``), and raises
ArtifactError where the value has another form.
"""

from __future__ import annotations

import itertools
import reprlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from lamina.core.errors import ArtifactError
from lamina.core.wording import plain

Check = Callable[[Any, str], None]
_LARGEST = sys.float_info.max
_FIX = "load and save the network anew with the Lamina that wrote it"


def wrong(place: str, expected: str, received: Any) -> ArtifactError:
    """Return the error for a value of the wrong form.

    Args:
        place: of the value in its document.
        expected: what it should be, in words.
        received: the value.
    """
    shown = plain(reprlib.repr(received), 80)
    return ArtifactError("has the wrong form", where=place, expected=expected, received=shown, fix=_FIX)


def kind(words: str, *types: type) -> Check:
    """Return the check that a value is of one of some types; ``words`` say them."""

    def check(value: Any, place: str) -> None:
        if type(value) not in types:
            raise wrong(place, words, value)

    return check


text, flag = kind("a text", str), kind("true or false", bool)
label = kind("a text, a number, true or false", str, int, float, bool)
scalar = kind("a text, a number, true, false or null", str, int, float, bool, type(None))


def anything(value: Any, place: str) -> None:
    """Check nothing: the value is carried, and never computed with."""


def size(value: Any, place: str) -> None:
    """Check a whole number from 1."""
    if type(value) is not int or not 1 <= value < 1 << 53:
        raise wrong(place, "a whole number from 1", value)


def number(value: Any, place: str) -> None:
    """Check a number that float64 holds."""
    numbers([value], place)


def positive(value: Any, place: str) -> None:
    """Check a number above 0."""
    number(value, place)
    if value <= 0:
        raise wrong(place, "a number above 0", value)


def numbers(value: Any, place: str) -> None:
    """Check a list of numbers that float64 holds; it may be long."""
    if not isinstance(value, list) or not set(map(type, value)) <= {int, float}:
        raise wrong(place, "numbers", value)
    if value and not -_LARGEST <= min(value) <= max(value) <= _LARGEST:
        raise wrong(place, "numbers that float64 holds", max(value, key=abs))


def rising(value: Any, place: str) -> None:
    """Check a list of two or more increasing numbers."""
    numbers(value, place)
    if len(value) < 2 or not all(low < high for low, high in itertools.pairwise(value)):
        raise wrong(place, "two or more increasing numbers", value)


def texts(value: Any, place: str) -> None:
    """Check a list of texts; it may be long."""
    if not isinstance(value, list) or not set(map(type, value)) <= {str}:
        raise wrong(place, "a list of texts", value)


def one_of(*names: str) -> Check:
    """Return the check that a value is one of some texts."""

    def check(value: Any, place: str) -> None:
        if value not in names:
            raise wrong(place, "one of " + ", ".join(names), value)

    return check


def optional(check: Check) -> Check:
    """Return the check that lets null pass too."""
    return lambda value, place: None if value is None else check(value, place)


def items(check: Check) -> Check:
    """Return the check of a list and of all that is in it."""

    def check_all(value: Any, place: str) -> None:
        if not isinstance(value, list):
            raise wrong(place, "a list", value)
        for index, item in enumerate(value):
            check(item, f"{place}.{index}")

    return check_all


def mapping(check: Check) -> Check:
    """Return the check of an object and of all its values."""

    def check_all(value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise wrong(place, "an object", value)
        for name, item in value.items():
            check(item, f"{place}.{plain(name, 40)}")

    return check_all


def record(**checks: Check) -> Check:
    """Return the check of an object that has just these keys."""

    def check_all(value: Any, place: str) -> None:
        if not isinstance(value, dict) or set(value) != set(checks):
            received = sorted(value) if isinstance(value, dict) else value
            raise wrong(place, "the keys " + ", ".join(checks), received)
        for name, check in checks.items():
            check(value[name], f"{place}.{name}" if place else name)

    return check_all


def variant(tag: str, forms: Mapping[str, Check]) -> Check:
    """Return the check of an object whose ``tag`` names its form."""

    def check_one(value: Any, place: str) -> None:
        name = value.get(tag) if isinstance(value, dict) else None
        if not isinstance(name, str) or name not in forms:
            raise wrong(f"{place}.{tag}", "one of " + ", ".join(forms), name)
        forms[name](value, place)

    return check_one
