"""Named things: models, optimizers, losses and whatever else is chosen by name."""

from __future__ import annotations

import fnmatch
import importlib
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from lamina.core.errors import ConfigError, suggest

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A mapping from names to things that explains itself when a name is unknown.

    Args:
        noun: what is registered, in the singular, for error messages.
        places: for names that are not registered yet, the module that registers them when it is imported.

    Example:
        >>> losses = Registry("loss")
        >>> losses.add("mae", abs)
        >>> losses["mae"](-2)
        2
        >>> losses["mea"]
        Traceback (most recent call last):
        lamina.core.errors.ConfigError: unknown loss 'mea' (did you mean 'mae'?); expected one of mae
    """

    def __init__(self, noun: str, *, places: Mapping[str, str] | None = None):
        self.noun, self.places = noun, dict(places or {})
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> None:
        """Register ``entry`` under ``name``; a name is given once only."""
        if name in self._entries:
            raise ConfigError(f"{self.noun} '{name}' is registered already")
        self._entries[name] = entry

    def match(self, pattern: str = "*") -> list[str]:
        """Return the sorted names that match a shell pattern."""
        return sorted(fnmatch.filter(self, pattern))

    def __getitem__(self, name: str) -> T:
        if name not in self._entries and name in self.places:
            importlib.import_module(self.places[name])
        if name in self._entries:
            return self._entries[name]
        raise ConfigError(
            f"unknown {self.noun} '{name}'{suggest(name, self)}",
            expected="one of " + ", ".join(sorted(self)),
        )

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter({**self.places, **self._entries})

    def __len__(self) -> int:
        return len({**self.places, **self._entries})
