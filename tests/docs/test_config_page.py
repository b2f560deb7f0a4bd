"""The page of configuration keys is the declaration of the keys, row by row."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from lamina.network.config import FitConfig

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "config.md"


def row(field: dataclasses.Field) -> str:
    """One key as the page shows it."""
    default = "–" if field.default is None else str(field.default).lower().replace("()", "–")
    is_switch = isinstance(field.default, bool)
    expected = "true, false" if is_switch else field.metadata["expected"].removeprefix("one of ")
    return f"| `{field.name}` | {default} | {expected} | {field.metadata['meaning']} |"


def test_every_key_stands_on_the_page_as_it_is_declared():
    missing = [r for r in map(row, dataclasses.fields(FitConfig)) if r not in PAGE.read_text().splitlines()]
    assert not missing, "put these rows into docs/reference/config.md:\n" + "\n".join(missing)
