"""Sections are values: frozen, comparable where they hold text, and bare of all but NumPy."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lamina.core import page

SOURCE = Path(__file__).parents[2] / "src"


def classes() -> list[type]:
    found = [value for _, value in inspect.getmembers(page, inspect.isclass)]
    return [value for value in found if value.__module__ == page.__name__]


@pytest.mark.parametrize("kind", classes())
def test_blocks_are_frozen_and_say_what_each_field_is(kind: type):
    assert dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen
    for field in dataclasses.fields(kind):
        owner = next(
            base for base in reversed(kind.__mro__) if field.name in getattr(base, "__annotations__", {})
        )
        assert f"    {field.name}: " in inspect.getdoc(owner).replace("  ", "    "), field.name


def test_texts_are_compared_and_arrays_are_not():
    assert page.Section("a", (page.Bullets(("b",)),)) == page.Section("a", (page.Bullets(("b",)),))
    series = page.Series("a", np.zeros(2), np.zeros(2))
    assert series == series and series != page.Series("a", np.zeros(2), np.zeros(2))


def test_titles_and_axes_are_named_alone():
    with pytest.raises(TypeError):
        page.Line((), (), "a title")
    assert page.Line((), title="a title").x == page.Axis()


def test_it_brings_numpy_alone():
    script = (
        "import sys; import lamina.core.page; "
        "print([m for m in ('matplotlib', 'jax', 'polars', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(SOURCE)}, capture_output=True
    )
    assert done.stdout.decode().strip() == "[]", done.stderr
