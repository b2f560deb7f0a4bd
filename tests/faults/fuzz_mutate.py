"""Small changes to valid files: of bytes, of JSON, of safetensors, of the members of an archive."""

from __future__ import annotations

import copy
import io
import json
import random
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

TOKENS = (
    b"0", b"-1", b"1e999", b"-1e-999", b"9" * 40, b"9" * 5000, b"NaN", b"Infinity", b"null", b"true", b"{",
    b"}", b"[", b"]", b"[" * 2000, b",", b":", b";", b"\t", b'"', b"'", b"\\", b"\\ud800", b"=", b"#", b"\n",
    b"\r\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b"../", b"%s", b"inf", b"1,5",
    b"2024-02-30",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 7, 255, 4096, 2**31, 2**53, 2**63, -(2**63), 10**30, 10**400, 0.5,
    -0.5, -0.0, 1e-320, 1e308, float("nan"), float("inf"), "", "x", "é\u202e", "\ud800", "a" * 3000, "none",
    "numeric", "category", "quantile", "MulticlassObjective", "float64", "%Y", "%q", [], {}, [[]], [None],
    [0] * 500, ["a", "a"], [1, "a"], {"": 0}, {"name": "x"}, {"kind": "category"},
)  # fmt: skip


MOST_REPEATED = 1 << 18  # bytes


def mutated_bytes(content: bytes, chance: random.Random, tokens: Sequence[bytes] = TOKENS) -> bytes:
    """Change, insert, remove, repeat or cut some bytes."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8, 30))):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                data[place:place] = chance.choice(tokens)
            case 2:
                del data[place : place + chance.choice((1, 2, 10, 100))]
            case 3:
                other = chance.randrange(len(data) + 1)
                data[place:place] = data[other : other + chance.choice((1, 8, 100))]
            case 4:
                token = chance.choice(tokens)
                data[place : place + len(token)] = token
            case 5 if chance.random() < 0.2:
                del data[place:]
    return bytes(data)


def mutated_value(value: Any, chance: random.Random) -> Any:
    """Change a few places of parsed JSON, in place where it can be."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        holder = _holder(value, chance)
        if holder is None:
            return _drawn(chance)
        _change(holder, chance)
    return value


def _holder(value: Any, chance: random.Random) -> Any:
    """Return a container on a random way down, any depth with the same chance of stopping."""
    holder = value if isinstance(value, (dict, list)) and value else None
    while holder is not None and chance.random() < 0.75:
        inner = list(holder.values()) if isinstance(holder, dict) else holder[:50]
        inner = [child for child in inner if isinstance(child, (dict, list)) and child]
        if not inner:
            break
        holder = chance.choice(inner)
    return holder


def _change(holder: Any, chance: random.Random) -> None:
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    if not keys:
        return
    key, other = chance.choice(keys), chance.choice(keys)
    match chance.randrange(8):
        case 0 | 1 | 2:
            holder[key] = _drawn(chance)
        case 3:
            del holder[key]
        case 4:
            holder[key], holder[other] = holder[other], holder[key]
        case 5:
            holder[key] = _repeated(holder[key], chance.choice((1, 2, 60)))
        case 6 if isinstance(holder, dict):
            holder[chance.choice(("", "x", "name", "kind", "size", "depth", "__class__"))] = copy.deepcopy(
                holder[other]
            )
        case _:
            holder[key] = _near(holder[key], chance)


def _repeated(value: Any, times: int) -> list[Any]:
    """Return a value several times; not so often that a repetition of repetitions has hundreds of MB."""
    return [value] * max(min(times, MOST_REPEATED // len(json.dumps(value))), 1)


def _drawn(chance: random.Random) -> Any:
    """Return a copy: a case must not change what the next one draws."""
    return copy.deepcopy(chance.choice(VALUES))


def _near(value: Any, chance: random.Random) -> Any:
    """Return a value not far from this one."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, (int, float)):
        return chance.choice((value + 1, value - 1, -value, value * 1000, value // 2, str(value)))
    if isinstance(value, str):
        return chance.choice((value + "x", value[1:], value * 3, value.upper(), [value], " " + value))
    return _drawn(chance)


def to_text(value: Any, indent: int | None = None) -> bytes:
    """Return JSON with whatever JSON should not hold; Lamina's layout (1) takes ten times as long."""
    return (json.dumps(value, indent=indent, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def mutated_json(content: bytes, chance: random.Random, indent: int | None = None) -> bytes:
    """Change a JSON text by its structure, now and then by its bytes."""
    if chance.random() < 0.2:
        return mutated_bytes(content, chance)
    text = to_text(mutated_value(json.loads(content), chance), indent)
    return mutated_bytes(text, chance) if chance.random() < 0.05 else text


def mutated_safetensors(content: bytes, chance: random.Random) -> bytes:
    """Change the header, the length it claims, or the arrays behind it."""
    if chance.random() < 0.15:
        return mutated_bytes(content, chance)
    size = struct.unpack("<Q", content[:8])[0]
    header, data = content[8 : 8 + size], content[8 + size :]
    if chance.random() < 0.85:
        header = json.dumps(mutated_value(json.loads(header), chance)).encode("utf-8", "surrogatepass")
    if chance.random() < 0.2:
        data = chance.choice((data[:-4], data + b"\0" * 4, b"", data * 2, mutated_bytes(data, chance)))
    length = len(header)
    if chance.random() < 0.1:
        length = chance.choice((0, 1, length - 1, length + 1, 2**31, 2**63, 2**64 - 1))
    return struct.pack("<Q", length) + header + data


def mutated_archive(content: bytes, chance: random.Random) -> bytes:
    """Change members of a ZIP archive, whose checksums stay right, or its bytes."""
    if chance.random() < 0.3:
        return mutated_bytes(content, chance)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = chance.choice(list(members))
    member = members.pop(name)
    head = chance.choice((128, 128, 128, len(member)))
    member = (
        mutated_bytes(member[:head], chance, (*TOKENS, b"|O", b"<f8", b"<U9", b"(9999999999,)"))
        + member[head:]
    )
    if chance.random() < 0.2:
        name = chance.choice(("X.npy", "y.npy", "x_train.npy", "../X.npy", "X", "é.npy", "columns.npy"))
    members[name] = member
    buffer = io.BytesIO()
    packing = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for filename, part in members.items():
            archive.writestr(filename, part)
    return buffer.getvalue()
