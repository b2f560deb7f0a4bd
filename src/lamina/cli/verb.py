"""Commands that only networks of some tasks have, such as to write text or give vectors."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.cli.arguments import READING, Parser
from lamina.cli.output import print_json
from lamina.cli.predictions import check_place, write_new
from lamina.core import storage
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
    usual = verbs_named(name)[0]  # which network it is of is known later; the words are the same for all
    fields = _fields(name)
    options, pairs = _parser(name, usual, fields).read(words, pairs=usual.reads)
    _check_options(name, usual, options)
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
    if verb.reads:
        given[verb.asked] = _read(network, verb, given[verb.asked], pairs)
    elif given.get(verb.asked) in (STDIN, [STDIN]):
        given[verb.asked] = sys.stdin.read()
    _give(verb, verb.run(network, verb.made(given)), options)
    return 0


def _parser(name: str, verb: Verb, fields: dict[str, dataclasses.Field[Any]]) -> Parser:
    """Return what reads the words after a verb."""
    summary = VERBS[name][0]
    parser = Parser(name, f"{summary[0].upper()}{summary[1:]}.", epilog=READING if verb.reads else "")
    parser.add_argument("run", metavar="RUN", help="a run folder, or a saved network")
    for field in fields.values():
        if verb.reads and field.name == verb.asked:
            parser.add_argument(field.name, metavar=field.name.upper(), help=field.metadata["meaning"])
        else:
            _add(parser, field)
    if verb.saved:
        text = f"{_places(verb.saved)}; standard output without"
        parser.add_argument("--out", metavar="PATH", help=text)
    more = "; needs --out" if verb.saved else ""
    parser.add_argument("--json", action="store_true", help=f"one JSON object on standard output{more}")
    return parser


def _check_options(name: str, verb: Verb, options: Any) -> None:
    """Refuse a file that cannot be written, before anything is computed.

    Raises:
        ConfigError: its ending is unknown, it is there already, or ``--json`` stands without it.
    """
    if not verb.saved:
        return
    if options.out is None:
        if options.json:
            fix = f"add --out {name}{next(iter(verb.saved))}"
            raise ConfigError("--json says what was written, so it needs --out", fix=fix)
        return
    if Path(options.out).suffix.lower() not in verb.saved:
        expected = _places(verb.saved)
        raise ConfigError("unknown type of file", where=options.out, expected=expected)
    check_place(options.out)


def _read(network: Network, verb: Verb, data: str, pairs: dict[str, str]) -> Any:
    """Return data as the verb reads them; keys that are given count more."""
    from lamina.cli.trained import read_for
    from lamina.data.source import owned_by_reader

    return read_for(network, data, {**owned_by_reader(data, verb.reading), **pairs})


def _give(verb: Verb, found: Any, options: Any) -> None:
    """Write what a verb gives to a file, or show it."""
    out = getattr(options, "out", None)
    if out is not None:
        content = verb.saved[Path(out).suffix.lower()](found)
        if isinstance(content, bytes):
            write_new(out, content)
        else:
            storage.write_folder(out, content)
    if options.json:
        place = {} if out is None else {"out": out}
        print_json({"run": options.run, **place, **verb.told(found)})
    elif out is None:
        _show(verb.shown(found), end=not verb.saved)


def _places(endings: Mapping[str, Any]) -> str:
    """Return where a verb can write, for a person."""
    *others, last = (
        *(f"a {ending} file" for ending in endings if ending),
        *(["a new folder"] * ("" in endings)),
    )
    return f"{', '.join(others)} or {last}" if others else last


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
        others = [f"lamina {verb} RUN {own.tried(network.target)}".rstrip() for verb, own in verbs.items()]
        others = ["lamina predict RUN DATA", *others] if network.task.predicts else others
        message = f"a network of the task {network.task.name} does not {name}"
        raise ConfigError(message, fix=" or ".join(others))
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


def _show(pieces: Iterator[str], *, end: bool = False) -> str:
    """Print a text as it is written, with a line end behind it or none, and return it."""
    found = []
    for piece in pieces:
        print(piece, end="", flush=True)
        found.append(piece)
    if end:
        print()
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
