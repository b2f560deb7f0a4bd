"""Public names of a package that import their module when they are first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy(package: str, places: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a package whose names stand in modules below it.

    Args:
        package: its ``__name__``.
        places: public names of a module, separated by spaces, by the module's name.

    Example:
        >>> get, names = lazy("lamina.core", {"wording": "plain count"})
        >>> get("count")(1200), names()
        ('1,200', ['count', 'plain'])
    """
    where = {name: module for module, names in places.items() for name in names.split()}

    def __getattr__(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(
            importlib.import_module(where[name] if "." in where[name] else f"{package}.{where[name]}"), name
        )

    return __getattr__, lambda: sorted(where)
