"""Every public name is documented: what it is, each argument, what comes back."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
import typing

import pytest

import lamina


def public_names() -> list[str]:
    """Dotted name of each thing that a room, or `lamina` itself, lists in ``__all__``."""
    rooms = [f"lamina.{m.name}" for m in pkgutil.iter_modules(lamina.__path__) if m.ispkg]
    return [
        f"{room}.{name}"
        for room in ["lamina", *rooms]
        for name in getattr(importlib.import_module(room), "__all__", [])
    ]


NAMES = public_names()


def resolve(name: str) -> object:
    room, _, last = name.rpartition(".")
    return getattr(importlib.import_module(room), last)


def documented_by_us(thing: object) -> bool:
    return (inspect.isclass(thing) or inspect.isroutine(thing)) and thing.__module__.startswith("lamina")


def own_docstring(thing: object) -> str:
    """The docstring as written; not an inherited one, nor the signature that dataclasses put there."""
    text = inspect.cleandoc(thing.__dict__.get("__doc__") or "") if hasattr(thing, "__dict__") else ""
    text = text or inspect.cleandoc(getattr(thing, "__doc__", None) or "")
    if inspect.isclass(thing) and text.startswith(f"{thing.__name__}("):
        return ""
    return text


def section(text: str, title: str) -> str:
    match = re.search(rf"^{title}:\n((?:[ \t]+.*\n|\n)*)", text + "\n", re.MULTILINE)
    return match.group(1) if match else ""


def arguments(thing: object) -> list[str]:
    """Names to be explained: those of a signature that is the thing's own."""
    if inspect.isclass(thing) and not has_own_signature(thing):
        return []
    return [name for name in inspect.signature(thing).parameters if name not in {"self", "args", "kwargs"}]


def has_own_signature(thing: type) -> bool:
    if issubclass(thing, BaseException) or typing.is_typeddict(thing) or inspect.isabstract(thing):
        return False
    return "__init__" in thing.__dict__ or dataclasses.is_dataclass(thing)


def explained(thing: object, text: str) -> set[str]:
    """Arguments that the text explains; a function of one or two may do it in its first line.

    A record (dataclass) may name its fields anywhere in the text, or carry ``meaning`` with each.
    """
    lines = section(text, "Args") + section(text, "Attributes")
    if dataclasses.is_dataclass(thing):
        meant = {field.name for field in dataclasses.fields(thing) if field.metadata.get("meaning")}
        return meant | {name for name in arguments(thing) if re.search(rf"\b{name}\b", text)}
    named = {name for name in arguments(thing) if re.search(rf"^\s+\**{name}\b", lines, re.MULTILINE)}
    if inspect.isroutine(thing) and len(arguments(thing)) <= 2:
        named |= {name for name in arguments(thing) if re.search(rf"\b{name}\b", text.splitlines()[0])}
    return named


@pytest.mark.parametrize("name", NAMES)
def test_docstring_says_what_goes_in_and_what_comes_out(name: str):
    thing = resolve(name)
    if not documented_by_us(thing):  # a module, a version, a table of names
        return
    text = own_docstring(thing)
    assert text, "no docstring"
    assert text.splitlines()[0].rstrip().endswith((".", "?", ":", "!")), "the first line is a sentence"
    missing = [name for name in arguments(thing) if name not in explained(thing, text)]
    assert not missing, f"Args: lacks {missing}"
    if inspect.isroutine(thing) and inspect.signature(thing).return_annotation not in {None, "None"}:
        first = text.split(maxsplit=1)[0].rstrip(":").lower()
        assert section(text, "Returns") or section(text, "Yields") or first in {"return", "yield"}, "Returns:"


def test_every_room_lists_its_public_names():
    assert {"lamina", "lamina.nn"} <= {name.rpartition(".")[0] for name in NAMES}


def test_section_finds_its_lines():
    text = "Do it.\n\nArgs:\n    one: a thing,\n        longer.\n    *two: another.\n\nReturns:\n    More.\n"
    assert section(text, "Args").split() == "one: a thing, longer. *two: another.".split()
    assert section(text, "Returns").strip() == "More."
    assert section(text, "Raises") == ""
