"""Commands that only networks of some tasks have, such as to write text."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lamina.cli.arguments import Parser
from lamina.cli.output import print_json
from lamina.core.errors import ConfigError
from lamina.core.keys import annotation
from lamina.tasks.base import Verb
from lamina.tasks.verbs import VERBS, verbs_named

if TYPE_CHECKING:
    from lamina.network.network import Network

STDIN = "-"


def run(name: str, words: Sequence[str], began: float) -> int:
    """Do what a verb of a task says.

    Args:
        name: of the verb.
        words: the words after it.
        began: when the process began (``time.perf_counter``).
    """
    fields = _fields(name)
    summary = VERBS[name][0]
    parser = Parser(name, f"{summary[0].upper()}{summary[1:]}.")
    parser.add_argument("run", metavar="RUN", help="a run folder, or a saved network")
    for field in fields.values():
        _add(parser, field)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options, _ = parser.read(words)
    given = {key: value for key in fields if (value := getattr(options, key)) is not None}
    from lamina.cli.trained import load_network

    network = load_network(options.run)
    verb = _verb_of(network, name)
    foreign = set(given) - {field.name for field in dataclasses.fields(verb.keys)}
    if foreign:
        task = network.task.name
        raise ConfigError(f"--{min(foreign).replace('_', '-')} is no option of {name} for the task {task}")
    if verb.asks:
        if options.json:
            raise ConfigError(f"{name} answers line by line, so it has no --json", fix="leave --json out")
        return _converse(network, verb, given)
    if given.get(verb.asked) in (STDIN, [STDIN]):
        given[verb.asked] = sys.stdin.read()
    pieces = verb.run(network, verb.made(given))
    if options.json:
        print_json({"run": options.run, "text": "".join(pieces)})
    else:
        _show(pieces)
        print()
    return 0


def _fields(name: str) -> dict[str, dataclasses.Field[Any]]:
    """Return the keys of a verb, of whichever task: the network says later which it is."""
    found: dict[str, dataclasses.Field[Any]] = {}
    for verb in verbs_named(name):
        for field in dataclasses.fields(verb.keys):
            found.setdefault(field.name, field)
    return found


def _verb_of(network: Network, name: str) -> Verb:
    """Return the verb as the task of a network does it.

    Raises:
        ConfigError: the task has no such verb.
    """
    verbs = network.task.verbs
    if name not in verbs:
        others = ", ".join(f"lamina {verb} RUN" for verb in verbs) or "lamina predict RUN DATA"
        raise ConfigError(f"a network of the task {network.task.name} does not {name}", fix=others)
    return verbs[name]


def _add(parser: Parser, field: dataclasses.Field[Any]) -> None:
    option, kind = "--" + field.name.replace("_", "-"), annotation(field)
    shown = "" if field.default in (None, "", ()) else f" ({field.default})"
    text = field.metadata["meaning"].replace("%", "%%") + shown
    if kind.startswith("bool"):
        parser.add_argument(option, dest=field.name, action="store_const", const="true", help=text)
    elif kind.startswith("tuple"):
        text += "; may be given several times"
        parser.add_argument(option, dest=field.name, action="append", metavar="TEXT", help=text)
    else:
        parser.add_argument(option, dest=field.name, metavar=field.name.upper(), help=text)


def _show(pieces: Iterator[str]) -> str:
    """Print a text as it is written, and return it."""
    found = []
    for piece in pieces:
        print(piece, end="", flush=True)
        found.append(piece)
    return "".join(found)


def _converse(network: Network, verb: Verb, given: dict[str, Any]) -> int:
    """Answer line after line, what was said so far being part of each question, until the input ends."""
    is_terminal = sys.stdin.isatty()
    said = given.pop(verb.asked, "")
    while True:
        if is_terminal:
            print("> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            return 0
        said += line if line.endswith("\n") else line + "\n"
        said += _show(verb.run(network, verb.made({**given, verb.asked: said})))
        said += "\n"
        print()
