"""JSON from a file that nobody vouches for: what is not plain, bounded JSON is refused."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from lamina.core.errors import ArtifactError

DEEPEST = 32  # containers in one another; an artifact needs seven
MOST_BYTES = 1 << 30  # a schema of ten thousand columns has 0.7 GB
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse(content: bytes, *, where: str, most: int = MOST_BYTES) -> Any:
    """Return the value of a JSON text in UTF-8.

    Stricter than `json.loads`: no NaN, no infinity (not even as 1e999), no key twice in one
    object, no half of a surrogate pair, no more than `DEEPEST` containers in one another.

    Args:
        content: the bytes of the text.
        where: the file, for the error.
        most: size in bytes above which nothing is parsed.

    Raises:
        ArtifactError: it is anything else.

    Example:
        >>> parse(b'{"a": [1, null]}', where="config.json")
        {'a': [1, None]}
    """
    if len(content) > most:
        raise ArtifactError(
            "is too large", where=where, expected=f"{most:,} bytes at most", received=f"{len(content):,}"
        )
    try:
        value = json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
        _check_containers(value)
        if _SURROGATE.search(content):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise _not_json("it is nested too deep", where) from None
    except ValueError as error:
        raise _not_json(str(error), where) from None
    return value


def _not_json(reason: str, where: str) -> ArtifactError:
    fix = "copy it again from where it was saved"
    return ArtifactError(f"is not the JSON that Lamina writes ({reason})", where=where, fix=fix)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:40]!r} stands twice")
    return values


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _check_containers(value: Any) -> None:
    """Raise ValueError for an infinite number, or containers too deep in one another."""
    level, depth = [[value]], 0
    while level:
        if depth > DEEPEST:
            raise ValueError(f"it is nested deeper than {DEEPEST}")
        rows = [list(part.values()) if isinstance(part, dict) else part for part in level]
        if any(math.inf in row or -math.inf in row for row in rows):
            raise ValueError("a number is too large")
        level = [item for row in rows for item in row if isinstance(item, (dict, list))]
        depth += 1
