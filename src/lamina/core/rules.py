"""Rules: one way to say "for the parameters whose path looks like this, that"."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from lamina.core.errors import ConfigError

T = TypeVar("T")


class Rules(Generic[T]):
    """An ordered mapping from path patterns to values; the first match wins.

    Weight decay, freezing, learning-rate multipliers, sharding, quantization and pruning
    are all rules over the same paths.

    Args:
        rules: shell pattern → value, in order of precedence.
        default: value for paths that no pattern matches.
        seen: what the patterns see of a path, where names from the data stand in it.

    Example:
        >>> decay = Rules({"*.bias": 0.0, "embedding.*": 0.0}, default=0.01)
        >>> decay["blocks.0.bias"], decay["blocks.0.weight"]
        (0.0, 0.01)
    """

    def __init__(self, rules: Mapping[str, T], *, default: T | None = None, seen: Callable[[str], str] = str):
        self.rules, self.default, self.seen = dict(rules), default, seen

    def __getitem__(self, path: str) -> T | None:
        path = self.seen(path)
        for pattern, value in self.rules.items():
            if fnmatch.fnmatchcase(path, pattern):
                return value
        return self.default

    def apply(self, model: Any, *, strict: bool = True) -> Any:
        """Return a tree like ``model`` that holds each array's value.

        Args:
            model: a module or any tree of arrays.
            strict: raise if a pattern matches no path at all.

        Raises:
            ConfigError: a pattern matches nothing (with ``strict``).
        """
        from lamina.core.module import map_arrays

        paths: list[str] = []

        def value_at(path: str, array: Any, is_buffer: bool) -> Any:
            paths.append(path)
            return self[path]

        tree = map_arrays(model, value_at)
        if strict:
            for pattern in self.rules:
                if not fnmatch.filter(paths, pattern):
                    raise ConfigError(
                        f"rule '{pattern}' matches no parameter",
                        expected="paths such as " + ", ".join(paths[:8]),
                    )
        return tree

    def __repr__(self) -> str:
        return f"Rules({self.rules!r}, default={self.default!r})"
