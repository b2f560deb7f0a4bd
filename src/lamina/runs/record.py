"""``config.toml``: everything that decides a run, as it was asked for and as it was resolved."""

from __future__ import annotations

import os
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.core import json_checks, runtime
from lamina.core.errors import ArtifactError, ConfigError, DataError
from lamina.data.fingerprint import fingerprint
from lamina.data.table import AbstractTable
from lamina.modalities.blocks import claimed
from lamina.network.keys import meanings
from lamina.runs.toml import to_toml

if TYPE_CHECKING:
    from lamina.network.plan import Plan

_HEAD = """Every key of this run, resolved; "none" is off. Written by Lamina {version}.
Not to be edited: a resumed run is compared with it."""
# Keys that may differ when a run is resumed: what they decided, if anything, stands in the other keys.
FREE_KEYS = ("time_limit", "checkpoint_every")


@dataclass(frozen=True)
class Record:
    """What ``config.toml`` holds.

    Args:
        config: every key, resolved.
        given: the keys that were asked for, as they were given.
        target: column or columns that are predicted.
        command: what to type to get the same again.
        reason: why this model.
        data: source, path, bytes and SHA-256 of the data; no path where they came from memory.
        test_data: the same of test data of their own, or None.
        versions: package versions by name.
    """

    config: Mapping[str, Any]
    given: Mapping[str, Any]
    target: Sequence[str]
    command: str
    reason: str
    data: Mapping[str, Any]
    test_data: Mapping[str, Any] | None
    versions: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """Return the content of ``config.toml``."""
        comments = meanings(self.config)
        run = {"command": self.command, "target": list(self.target), "model_reason": self.reason}
        tables = {"run": run, "given": self.given, "data": self.data}
        tables |= {"test_data": self.test_data, "versions": self.versions}
        text = to_toml(
            self.config,
            tables={name: table for name, table in tables.items() if table is not None},
            comments=comments,
            head=_HEAD.format(version=self.versions["lamina"]),
        )
        return text.encode("utf-8", "backslashreplace")

    def fingerprint(self) -> dict[str, Any]:
        """Return what has to be the same when the run is resumed, by its name in a message."""
        found = {f"the key {name}": value for name, value in self.config.items() if name not in FREE_KEYS}
        found |= {"the target": list(self.target), "the data": self.data.get("sha256", "")}
        return found | {"the test data": (self.test_data or {}).get("sha256", "")}


def make_record(
    plan: Plan, given: Mapping[str, Any], tables: tuple[AbstractTable, AbstractTable | None], command: str
) -> Record:
    """Return the record of a run that is about to begin.

    Args:
        plan: data, model and keys.
        given: the keys that were asked for.
        tables: the data as they were read, rows that are left out among them, and test data of their own.
        command: what was typed.
    """
    table, test_table = tables
    return Record(
        config=plan.config.to_json(),
        given=given,
        target=plan.data.schema.targets,
        command=command,
        reason=plan.choice.reason,
        data=origin(table),
        test_data=None if test_table is None else origin(test_table),
        versions=runtime.versions(),
    )


def read_record(path: Path) -> Record:
    """Read ``config.toml`` of a run.

    Raises:
        ArtifactError: there is none, or it is damaged.
    """
    try:
        stored = tomllib.loads(path.read_text("utf-8"))
        _check_form(stored)
        run = stored.pop("run")
        tables = {name: stored.pop(name) for name in ("given", "data", "versions")}
        return Record(
            target=run["target"],
            command=run["command"],
            reason=run["model_reason"],
            test_data=stored.pop("test_data", None),
            config=stored,
            **tables,
        )
    except FileNotFoundError:
        raise ArtifactError("not a run folder: it has no config.toml", where=str(path.parent)) from None
    except ArtifactError as error:
        raise ArtifactError(
            f"cannot be read: it {error.message}",
            where=f"{path}, {error.where}",
            expected=error.expected,
            received=error.received,
            fix="put the file back as it was, or begin anew with `lamina fit`",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"cannot be read ({error})", where=str(path)) from error


def _check_form(stored: Mapping[str, Any]) -> None:
    """Raise where a table of ``config.toml`` is none, or holds what is read of it in another json_checks."""
    run = stored["run"]
    json_checks.texts(run["target"], "run.target")
    json_checks.text(run["command"], "run.command")
    json_checks.text(run["model_reason"], "run.model_reason")
    json_checks.mapping(json_checks.anything)(stored["given"], "given")
    json_checks.mapping(json_checks.text)(stored["versions"], "versions")
    for name in [name for name in ("data", "test_data") if name in stored]:
        json_checks.mapping(json_checks.scalar)(stored[name], name)
        json_checks.text(stored[name]["source"], f"{name}.source")
        json_checks.text(stored[name].get("path", ""), f"{name}.path")


def origin(table: AbstractTable) -> dict[str, Any]:
    """Return where data came from and, of files, what tells them from any other.

    Args:
        table: the data; of those that came from memory or standard input only the shape is kept.
    """
    found: dict[str, Any] = {"source": table.source, "rows": table.height, "columns": len(table.names)}
    files = fingerprint(claimed(table).table) if os.path.exists(table.source) else None  # images by path too
    if files is None:
        return found
    size, sha256 = files
    return found | {"path": os.path.abspath(table.source), "bytes": size, "sha256": sha256}


def command_of(source: str, target: Sequence[str], keys: Mapping[str, Any], test: str | None = None) -> str:
    """Return the command that does what a call of `lamina.fit` did.

    Args:
        source: where the data came from.
        target: the target columns.
        keys: the keys that were given.
        test: where test data of their own came from.

    Example:
        >>> command_of("a b.csv", ["y"], {"epochs": 3, "keep": ["id"], "early_stopping": False})
        "lamina fit 'a b.csv' --target y epochs=3 keep=id early_stopping=false"
    """
    words = ["lamina", "fit", source, "--target", ",".join(target)]
    words += ["--test", test] if test else []
    words += [f"{name}={_typed(value)}" for name, value in keys.items() if value is not None]
    return shlex.join(words)


def command_again(command: str, folder: str | None = None) -> str:
    """Return a command that can be typed once more, in the folder where it was typed.

    The run folder that was asked for exists by now, so ``--out`` is left out; paths below the folder are
    written from there, which says nothing of the machine they lie on.

    Args:
        command: what was typed.
        folder: where it was typed; the working directory without.

    Example:
        >>> command_again("lamina fit /home/me/wine.csv --out runs/a epochs=3", "/home/me")
        'lamina fit wine.csv epochs=3'
    """
    try:
        words = shlex.split(command)
    except ValueError:  # a quotation mark too many, in a record that somebody edited
        return command
    below = (os.getcwd() if folder is None else folder).rstrip(os.sep) + os.sep
    found, is_place = [], False
    for word in words:
        if word != "--out" and not is_place and not word.startswith("--out="):
            head, sign, path = word.partition("=") if word.startswith("--") else ("", "", word)
            found.append(head + sign + path.removeprefix(below) if path != below else word)
        is_place = word == "--out" and not is_place
    return shlex.join(found)


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(_typed(item) for item in value)
    return str(value)


def check_config(stored: Mapping[str, Any], resolved: Mapping[str, Any], path: Path) -> None:
    """Refuse a ``config.toml`` that was edited: the run it describes is not the one that began.

    Args:
        stored: the keys as they stand in the file.
        resolved: the keys that the run comes to from what was asked for.
        path: the file.

    Raises:
        ConfigError: naming the first key that differs.
    """
    for name, value in resolved.items():
        written = "none" if value is None else value
        if name not in FREE_KEYS and stored.get(name) != written:
            raise ConfigError(
                f"the key {name} is not that of the run, which cannot go on with another one",
                where=str(path),
                expected=repr(written),
                received=repr(stored.get(name)),
                fix="put it back, or begin anew with `lamina fit`",
            )


def check_versions(record: Record, warn: Any, *, accept: bool = True) -> None:
    """Say which versions are not those of the run: its end will then not be the same bit for bit.

    Args:
        record: of the run to be resumed.
        warn: is told.
        accept: go on with other versions, which somebody asked for.

    Raises:
        ConfigError: versions changed, and nobody accepted it.
    """
    now = runtime.versions()
    changed = [f"{n} {v} → {now[n]}" for n, v in record.versions.items() if n in now and now[n] != v]
    if not changed:
        return
    text = f"versions changed since the run began ({', '.join(changed)})"
    if not accept:
        fix = "install those again, or go on with --accept-versions: the last bits may then differ"
        raise ConfigError(text, fix=fix)
    warn(f"{text}: the last bits may differ")


def check_unchanged(stored: Mapping[str, Any], table: AbstractTable) -> None:
    """Refuse to go on with data that are not those the run began with.

    Raises:
        DataError: the file is another one than it was.
    """
    now = origin(table)
    if stored.get("sha256") != now.get("sha256"):
        raise DataError(
            "changed since the run began, so it cannot go on with it",
            where=table.source,
            expected=f"{stored.get('bytes')} bytes, SHA-256 {str(stored.get('sha256'))[:12]}…",
            received=f"{now.get('bytes')} bytes, SHA-256 {str(now.get('sha256'))[:12]}…",
            fix="bring the file back, or begin anew with `lamina fit`",
        )
