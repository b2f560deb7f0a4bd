"""Errors that teach: where it went wrong, what was expected, what came, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LaminaError(Exception):
    """A fault described so that a person can fix it.

    The text is built from the parts given, in this order: ``where: message``, then
    ``expected …``, ``received …`` and the fix on a line of its own.

    Args:
        message: what is wrong, one sentence without a final stop.
        where: file, row and column, or the path of a layer.
        expected: what would have been right.
        received: what came instead.
        fix: what the reader can do about it.

    Example:
        >>> error = LaminaError("target column is absent", where="houses.csv", fix="use --target price")
        >>> print(error)
        houses.csv: target column is absent
          fix: use --target price
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        expected: object = None,
        received: object = None,
        fix: str | None = None,
    ):
        self.message, self.where, self.fix = message, where, fix
        self.expected, self.received = expected, received
        super().__init__(self._text())

    def _text(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.expected is not None:
            text += f"; expected {self.expected}"
        if self.received is not None:
            text += f"{',' if self.expected is not None else ';'} got {self.received}"
        if self.fix:
            text += f"\n  fix: {self.fix}"
        return text


class DataError(LaminaError, ValueError):
    """The data cannot be learned from, or do not fit the network."""


class ConfigError(LaminaError, ValueError):
    """A configuration key is unknown, or its value is out of range."""


class ShapeError(LaminaError, ValueError):
    """An array's shape does not fit the layer that received it."""


class ArtifactError(LaminaError, ValueError):
    """A saved network is damaged, altered, incomplete or of a newer format."""


class NotFittedError(LaminaError, AttributeError):
    """A network was asked for an answer before it was trained."""


class MissingExtraError(LaminaError, ImportError):
    """An optional dependency is needed for this job and is not installed."""


class RunError(LaminaError, RuntimeError):
    """A run could not go on: disk full, diverged beyond repair, time too short."""

    exit_code = 3


class RunLockedError(LaminaError, RuntimeError):
    """Another process is using this run folder."""


class Interrupted(LaminaError):
    """A run stopped on request after writing a checkpoint."""

    exit_code = 130


class LaminaWarning(UserWarning):
    """Something in the data or the run deserves a look, but nothing is stopped."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest known word, or nothing.

    Example:
        >>> suggest("epohcs", ["epochs", "lr"])
        " (did you mean 'epochs'?)"
        >>> suggest("zzz", ["epochs", "lr"])
        ''
    """
    near = difflib.get_close_matches(str(word), [str(k) for k in known], n=1, cutoff=0.5)
    return f" (did you mean '{near[0]}'?)" if near else ""


def require(module: str, *, extra: str, purpose: str) -> object:
    """Import an optional module, or say in one sentence how to install it.

    Args:
        module: dotted name of the module to import.
        extra: the optional extra of Lamina that brings it.
        purpose: what it is needed for, as the end of "is needed ...".

    Returns:
        The imported module.

    Raises:
        MissingExtraError: the module is not installed.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise MissingExtraError(
            f"{name} is needed {purpose}", fix=f'pip install "lamina[{extra}]"'
        ) from error
