"""What goes to standard output: one JSON object, or lines for a person."""

from __future__ import annotations

import json
import math
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object; NaN and infinity, which JSON does not know, become null."""
    print(json.dumps(json_value(value), ensure_ascii=False, allow_nan=False, indent=1), flush=True)


def json_value(value: Any) -> Any:
    """Return a value in the types that JSON knows.

    Example:
        >>> json_value({"auc": float("nan"), "rows": (1, 2)})
        {'auc': None, 'rows': [1, 2]}
    """
    if isinstance(value, Mapping):
        return {str(name): json_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if hasattr(value, "item"):  # a NumPy number
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def width() -> int:
    """Return how many columns a line may have: those of the terminal, at most 100; elsewhere 100."""
    return min(100, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 100


def definitions(pairs: Sequence[tuple[str, str]], *, indent: int = 0, most: int = 24) -> str:
    """Return names with their texts beside them, wrapped to the width of the terminal.

    Args:
        pairs: name and text.
        indent: spaces before the names.
        most: width of the names at most; a longer one stands on a line of its own.

    Example:
        >>> print(definitions([("lr", "learning rate"), ("epochs", "passes")]))
        lr      learning rate
        epochs  passes
    """
    names = min(most, max((len(name) for name, _ in pairs), default=0)) + 2
    return "\n".join(_definition(name, text, indent, names) for name, text in pairs)


def _definition(name: str, text: str, indent: int, names: int) -> str:
    lead = f"{' ' * indent}{name:<{names}}"
    if not text:
        return lead.rstrip()
    if len(name) + 2 > names:
        lead = " " * (indent + names)
    filled = textwrap.fill(
        text,
        max(40, width()),
        initial_indent=lead,
        subsequent_indent=" " * (indent + names),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"{' ' * indent}{name}\n{filled}" if len(name) + 2 > names else filled
