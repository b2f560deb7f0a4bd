"""Named things: models, optimizers, losses and whatever else is chosen by name."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from lamina.core.errors import ConfigError, suggest

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A mapping from names to things that explains itself when a name is unknown.

    Args:
        noun: what is registered, in the singular, for error messages.

    Example:
        >>> losses = Registry("loss")
        >>> losses.add("mae", abs)
        >>> losses["mae"](-2)
        2
        >>> losses["mea"]
        Traceback (most recent call last):
        lamina.core.errors.ConfigError: unknown loss 'mea' (did you mean 'mae'?); expected one of mae
    """

    def __init__(self, noun: str):
        self.noun = noun
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> None:
        """Register ``entry`` under ``name``; a name is given once only."""
        if name in self._entries:
            raise ConfigError(f"{self.noun} '{name}' is registered already")
        self._entries[name] = entry

    def match(self, pattern: str = "*") -> list[str]:
        """Return the sorted names that match a shell pattern."""
        return sorted(fnmatch.filter(self._entries, pattern))

    def __getitem__(self, name: str) -> T:
        if name in self._entries:
            return self._entries[name]
        raise ConfigError(
            f"unknown {self.noun} '{name}'{suggest(name, self._entries)}",
            expected="one of " + ", ".join(sorted(self._entries)),
        )

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
