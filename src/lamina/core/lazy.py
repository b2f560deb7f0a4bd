"""Public names of a package that import their module when they are first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy(
    package: str, places: Mapping[str, str], *, modules: str = ""
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a package whose names are defined in modules below it.

    Args:
        package: its ``__name__``.
        places: public names of a module, separated by spaces, by the module's name.
        modules: modules of the package that are public themselves, separated by spaces.

    Example:
        >>> get, names = lazy("lamina.core", {"wording": "plain count"}, modules="shapes")
        >>> get("count")(1200), get("shapes").__name__, names()
        ('1,200', 'lamina.core.shapes', ['count', 'plain', 'shapes'])
    """
    where = {name: module for module, names in places.items() for name in names.split()}
    below = modules.split()

    def __getattr__(name: str) -> Any:
        if name in below:
            return importlib.import_module(f"{package}.{name}")
        if name not in where:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        module = where[name] if "." in where[name] else f"{package}.{where[name]}"
        return getattr(importlib.import_module(module), name)

    return __getattr__, lambda: sorted([*where, *below])
