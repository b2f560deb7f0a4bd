"""What is fuzzed: each target takes bytes, and may only be content with them or raise an error of ours."""

from __future__ import annotations

import functools
import io
import json
import os
import random
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tests.faults import fuzz_mutate as mutate

from lamina.core import manifest
from lamina.core.manifest import to_json
from lamina.data.schema import CLASSES

FILES = ("config.json", "schema.json", "model.safetensors")


@dataclass(frozen=True)
class Target:
    """Something that reads what nobody vouches for.

    Args:
        run: reads the bytes; returns if they are accepted.
        seeds: makes valid inputs.
        change: makes another input of a valid one.
    """

    run: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]
    change: Callable[[bytes, random.Random], bytes]

    def case(self, chance: random.Random) -> bytes:
        """Return a random input."""
        return self.change(chance.choice(self.seeds()), chance)


@functools.cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    """Return a folder of this process, in memory where there is such a place; it goes with the process."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(prefix="lamina-fuzz-", dir=memory if memory.is_dir() else None)


def _folder() -> Path:
    return Path(_temporary().name)


@functools.cache
def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT)


def _write(path: str, content: bytes) -> None:
    """Put another content into a file that stays open, which takes a tenth of the time."""
    file = _open(path)
    os.ftruncate(file, 0)
    os.pwrite(file, content, 0)


# --- artifacts: the first byte says of which one a file is replaced ------------------------------------


@functools.cache
def _artifacts() -> list[dict[str, bytes]]:
    from tests.faults.artifacts import images, network

    from lamina.network.artifact import to_files

    tabm = {"members": 2, "embedding_width": 2}
    made = [  # tables of few columns, all of them together of every kind
        network("binary", model="logistic", rows=9, columns=["number", "word"]),
        network("multiclass", scale="standard", size=4, depth=1, rows=16, columns=["gap", "flag", "same"]),
        network("multilabel", scale="standard", size=2, folds=2, members=2, rows=9, columns=["when"]),
        network("regression", model="tabm-mini", size=4, rows=9, columns=["gap", "word"], **tabm),
        network(
            "quantile", model="ft-transformer", size=8, depth=1, rows=6, columns=["number", "when", "flag"]
        ),
        images(size=1, test_time_augmentation="flip"),
    ]
    return [_short(to_files(net)) for net in made]


def _short(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files of a network with five of a thousand knots of each quantile scaler."""
    stored = json.loads(files["schema.json"])
    columns = [column for block in stored["blocks"].values() for column in block.get("columns", [])]
    scalers = [column["scaler"] for column in columns if column["kind"] == "numeric"]
    scalers += [scaler for column in columns for scaler in column.get("scales", {}).values()]
    for scaler in scalers:
        for name in {"knots", "levels"} & set(scaler):
            scaler[name] = scaler[name][:: len(scaler[name]) // 4]
    return {**files, "schema.json": to_json(stored)}


@functools.cache
def _table(of_images: bool) -> Any:
    from tests.faults.artifacts import drawn, frame

    from lamina.data import read

    return drawn() if of_images else read(frame().head(3))


@functools.cache
def _described(which: int) -> Any:
    """Return what the documents of an artifact say, read once for all weights that are tried with them."""
    from lamina.network.load import read_documents

    return read_documents(_artifacts()[which], manifest.FORMAT_VERSION, place=Path("net"))


def _load_with(name: str, content: bytes) -> None:
    """Load an artifact whose manifest fits the altered file, and use all of it but the model itself."""
    from lamina.network.load import from_files

    which = content[0] % len(_artifacts()) if content else 0
    if name == "model.safetensors":
        _use(_described(which).filled(content[1:]))
        return
    files = {**_artifacts()[which], name: content[1:]}
    network = from_files(files, manifest.FORMAT_VERSION, place=Path("net"))
    _use(network)
    if name == "schema.json":  # no other file decides what the encoders do
        for encoder in network.encoder.encoders.values():
            _transform(encoder)


def _transform(encoder: Any) -> None:
    """Encode some rows; images need the memory of the size that is asked for, so only up to a size."""
    canvas = getattr(encoder, "canvas", None)
    if canvas is None or canvas.height * canvas.width < 1 << 20:
        encoder.transform(_table(canvas is not None))


def _use(network: Any) -> None:
    """Do with a network what needs no compiled model."""
    str(network)
    shape, levels = (2, len(network.labels)), network.objective.quantiles
    decoded = network.target.in_unit(np.zeros((*shape, len(levels)) if levels else shape))
    network.task.predict(decoded, _table(False), network.objective, network.target)
    network.target.caption(0 if network.schema.target_kind == CLASSES else np.zeros(shape[1]))


def _stored(name: str) -> list[bytes]:
    return [bytes([index]) + files[name] for index, files in enumerate(_artifacts())]


def _behind_first(
    change: Callable[[bytes, random.Random], bytes],
) -> Callable[[bytes, random.Random], bytes]:
    return lambda content, chance: content[:1] + change(content[1:], chance)


def _artifact(name: str) -> Target:
    change = mutate.mutated_safetensors if name.endswith("safetensors") else mutate.mutated_json
    return Target(functools.partial(_load_with, name), lambda: _stored(name), _behind_first(change))


@functools.cache
def _saved() -> Path:
    from lamina.core import storage

    return storage.write_folder(_folder() / "net", {"a.bin": b"\0" * 10, "b.json": b"{}\n"})


@functools.cache
def _manifests() -> list[bytes]:
    return [(_saved() / manifest.MANIFEST).read_bytes()]


def _read_manifest(content: bytes) -> None:
    _manifests()  # before it is replaced
    _write(f"{_saved()}/{manifest.MANIFEST}", content)
    manifest.read_versioned(_saved())


# --- configs ---------------------------------------------------------------------------------------------


@functools.cache
def _config() -> dict[str, Any]:
    """Return every key of a run of several classes in a table, flat."""
    from lamina.core.keys import flat
    from lamina.modalities import MODALITIES
    from lamina.models import MODELS
    from lamina.network.keys import ALWAYS
    from lamina.tasks import task_named

    present = [*(owner.keys for owner in ALWAYS), task_named("multiclass").keys, MODALITIES["table"].keys]
    return flat(*(keys() for keys in (*present, MODELS["mlp"].keys)))


@functools.cache
def _records() -> list[bytes]:
    from lamina.runs.record import Record

    config = _config()
    data = {"source": "a.csv", "rows": 3, "columns": 2, "path": "/a.csv", "bytes": 9, "sha256": "0" * 64}
    given = {"epochs": "3", "keep": "a,b", "model": "mlp"}
    versions = {"lamina": "0.1.0", "jax": "0.10.2"}
    record = Record(config, given, ["y"], "lamina fit a.csv", "you asked for it", data, data, versions)
    whole = record.to_bytes()
    return [whole, re.sub(rb"(?m) *#.*$", b"", whole)]  # without comments most changes meet a value


def _read_config(content: bytes) -> None:
    from lamina.network.keys import check_keys
    from lamina.runs.record import check_config, check_versions, read_record

    path = _folder() / "config.toml"
    _write(str(path), content)
    record = read_record(path)
    check_keys(record.given)
    check_versions(record, lambda text: None)
    record.fingerprint()
    check_config(record.config, _config(), path)


_PAIRS = (
    "a.csv\nepochs=3\nlr=0.01\nkeep=[\"a\",'b']\nearly_stopping=false\ntime_limit=60s\n--seed=3",
    "a.csv\n--target\ny\n--task\nbinary\n--model=mlp\nsize=8\nquantiles=0.1,0.5,0.9\nschedule=cosine",
    "-\n--time-limit\n2m\nfolds=5\nprecision=bfloat16\ncheckpoint_every=60s\ngroup=none\nvalid=0.2",
)


@functools.cache
def _parser() -> Any:
    from lamina.cli.fit import make_parser

    return make_parser()


def _read_pairs(content: bytes) -> None:
    from lamina.cli.arguments import HelpShown
    from lamina.cli.fit import _keys
    from lamina.network.keys import check_keys

    parser = _parser()
    words = content.decode("utf-8", "surrogateescape").split("\n")
    try:
        options, pairs = parser.read(words, pairs=True)
    except HelpShown:
        return
    check_keys(_keys(parser, options, pairs))


# --- tables ----------------------------------------------------------------------------------------------


@functools.cache
def _tables() -> list[bytes]:
    from tests.faults.artifacts import frame

    whole = frame()
    forms: tuple[tuple[list[str], int, dict[str, Any]], ...] = (
        (["number", "word", "yes"], 12, {}),
        (["gap", "price"], 8, {"separator": ";", "quote_style": "always"}),
        (["flag", "kind"], 12, {"separator": "|", "line_terminator": "\r\n"}),
        (["word", "when"], 6, {"separator": "\t"}),
        (["gap", "first"], 20, {"separator": ";", "decimal_comma": True}),
        (["same", "second", "yes"], 6, {}),
    )
    return [whole.select(names).head(rows).write_csv(**form).encode() for names, rows, form in forms]


def _read_table(ending: str, content: bytes) -> None:
    """Read a file and look at every column in the ways in which learning does."""
    from lamina.data import read
    from lamina.tasks.audit import ask, cast_roles

    path = f"{_folder()}/t.{ending}"
    _write(path, content)
    table = read(path)
    cast_roles(table, table.names[-1], ask({}))


def _check_table(content: bytes) -> None:
    from lamina.tasks.audit import check

    path = f"{_folder()}/c.csv"
    _write(path, content)
    check(path)


@functools.cache
def _archives() -> list[bytes]:
    arrays = {"X": np.arange(20.0).reshape(10, 2) ** 1.3, "y": np.arange(10) % 2}
    parts = {"x_train": arrays["X"], "y_train": arrays["y"], "x_test": arrays["X"], "y_test": arrays["y"]}
    named = arrays | {"columns": np.array(["a", "b"]), "weight": np.ones(10, np.float32)}
    drawn = {"X": np.arange(6 * 16, dtype=np.uint8).reshape(6, 4, 4), "y": np.arange(6) % 2}
    found = []
    for chosen in (arrays, parts, named, drawn):
        buffer = io.BytesIO()
        np.savez(buffer, **chosen)
        found.append(buffer.getvalue())
    return found


def _lines(content: bytes, chance: random.Random) -> bytes:
    """Change bytes, or move, repeat and drop whole fields and lines."""
    if chance.random() < 0.5:
        return mutate.mutated_bytes(content, chance)
    separator = chance.choice((b"\n", b",", b";", b"=", b'"'))
    parts = content.split(separator)
    for _ in range(chance.choice((1, 2, 5, 20))):
        place, other = chance.randrange(len(parts)), chance.randrange(len(parts))
        match chance.randrange(4):
            case 0:
                parts[place], parts[other] = parts[other], parts[place]
            case 1:
                parts[place] = chance.choice(mutate.TOKENS)
            case 2:
                parts.insert(place, parts[other])
            case 3 if len(parts) > 1:
                del parts[place]
    return separator.join(parts)


TARGETS = {
    **{name: _artifact(name) for name in FILES},
    "MANIFEST.json": Target(_read_manifest, _manifests, functools.partial(mutate.mutated_json, indent=1)),
    "config.toml": Target(_read_config, _records, _lines),
    "key=value": Target(_read_pairs, lambda: [text.encode() for text in _PAIRS], _lines),
    "csv": Target(functools.partial(_read_table, "csv"), _tables, _lines),
    "csv, checked": Target(_check_table, _tables, _lines),
    "npz": Target(functools.partial(_read_table, "npz"), _archives, mutate.mutated_archive),
}
