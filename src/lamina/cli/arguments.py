"""Reading a command line: options, and ``key=value`` pairs anywhere after DATA."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from lamina.core.errors import ConfigError, suggest

READING = "keys, as in `lamina fit`: those of the file, such as encoding=windows-1252 or sheet=2"
_PAIR = re.compile(r"([A-Za-z_][\w-]*)=(.*)", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are ours: one sentence, the nearest word, the fix.

    Args:
        command: the verb.
        summary: what it does, one sentence.
        epilog: what stands below the options in its help.
    """

    def __init__(self, command: str, summary: str, *, epilog: str = ""):
        super().__init__(
            prog=f"lamina {command}",
            description=summary,
            epilog=epilog or None,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.command = command

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found wrong as one of our errors."""
        raise ConfigError(message, where=self.prog, fix=f"{self.prog} --help")

    def read(self, words: Sequence[str], *, pairs: bool = False) -> tuple[argparse.Namespace, dict[str, str]]:
        """Return the options, and the pairs if the command takes any.

        Args:
            words: the words after the verb.
            pairs: whether ``key=value`` may stand anywhere after DATA.

        Raises:
            ConfigError: an option or a word that the command does not know.
        """
        try:
            options, left = self.parse_known_args(list(words))
        except SystemExit as ending:  # --help has been printed
            raise HelpShown from ending
        found: dict[str, str] = {}
        for word in left:
            match = _PAIR.fullmatch(word) if pairs else None
            if match is None or word.startswith("-"):
                self._refuse(word, pairs)
            name, value = match[1].replace("-", "_"), match[2]
            if found.setdefault(name, value) != value:
                self.error(f"{name} is given twice, as {found[name]} and as {value}")
        return options, {name: _bare(value) for name, value in found.items()}

    def _refuse(self, word: str, pairs: bool) -> NoReturn:
        if not word.startswith("-"):
            expected = "key=value" if pairs else None
            raise ConfigError(
                f"what is '{word}'?", where=self.prog, expected=expected, fix=f"{self.prog} --help"
            )
        name = word.partition("=")[0]
        key, keys = name.lstrip("-").replace("-", "_"), config_keys() if pairs else []
        if key in keys:
            fix = f"keys are written without dashes: {key}={word.partition('=')[2] or '…'}"
            raise ConfigError(f"no option is called {name}", where=self.prog, fix=fix)
        options = [option for action in self._actions for option in action.option_strings]
        near = suggest(name, options) if suggest(key, [option.lstrip("-") for option in options]) else ""
        raise ConfigError(
            f"unknown option {name}{near or suggest(key, keys)}", where=self.prog, fix=f"{self.prog} --help"
        )


class HelpShown(Exception):
    """The help has been printed, and the command is done."""


def config_keys() -> list[str]:
    """Return the names of all configuration keys."""
    from lamina.network.keys import declared_keys

    return list(dict.fromkeys(key.field.name for keys in declared_keys().values() for key in keys))


def merged(options: dict[str, Any], pairs: dict[str, str], parser: Parser) -> dict[str, str]:
    """Return the keys given as options and as pairs; a key given as both must say the same.

    Args:
        options: key → value of its option, None where it was not given.
        pairs: from `Parser.read`.
        parser: raises the error.

    Raises:
        ConfigError: a key is given twice and differently.
    """
    keys = dict(pairs)
    for name, value in options.items():
        if value is None:
            continue
        if keys.setdefault(name, value) != value:
            parser.error(f"{name} is given twice, as {value} and as {keys[name]}")
    return keys


def column_names(given: Sequence[str], known: Sequence[str] = ()) -> str | list[str]:
    """Return the columns of a repeated or comma-separated option; one name comes as a text.

    Args:
        given: the texts as typed.
        known: columns of the data; a text that is one of them is taken whole, commas and all.

    Example:
        >>> column_names(["a,b", "c"]), column_names(["price, USD"], ["price, USD", "size"])
        (['a', 'b', 'c'], 'price, USD')
    """
    names: list[str] = []
    for text in given:
        parts = [text] if text in known else [part.strip() for part in text.split(",") if part.strip()]
        names += parts or [text]
    return names[0] if len(names) == 1 else names


def _bare(value: str) -> str:
    """Take off what a list or a text wears in Python, as in ``keep=["id"]``."""
    if value[:1] + value[-1:] == "[]":
        items = [item.strip() for item in value[1:-1].split(",")]
        return ",".join(_bare(item) for item in items)
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
