"""Griffe extension: our docstrings as the documentation is to read them.

An ``Example:`` section is what Griffe knows as ``Examples:``; otherwise it becomes a note whose doctest is
read as quotations and links. The star of ``(*batch, width)`` is a star, not the beginning of italics.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

SHAPES = re.compile(r"^Shapes:\n(?:[ \t]+.*\n?|\n)+", re.MULTILINE)


def readable(text: str) -> str:
    """Return a docstring with both changes made."""
    text = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)
    return SHAPES.sub(lambda section: section[0].replace("(*", r"(\*"), text)


class HouseDocstrings(griffe.Extension):
    """Make every docstring readable."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change one docstring."""
        if obj.docstring:
            obj.docstring.value = readable(obj.docstring.value)
