"""Running statistics: what the taps saw in a step, written back into the model's buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jax import Array

from lamina.core.errors import ConfigError
from lamina.core.module import map_arrays
from lamina.core.rules import Rules


def with_statistics(model: Any, seen: dict[str, Array], paths: Sequence[str]) -> Any:
    """Return the model with tapped statistics in the buffers of the same path.

    Args:
        model: its buffers, and whatever else.
        seen: path → value.
        paths: patterns; what lies elsewhere is another part's to write.

    Raises:
        ConfigError: a statistic has no buffer.
    """
    mine = Rules(dict.fromkeys(paths, True), default=False)
    written: set[str] = set()

    def after(path: str, array: Any, is_buffer: bool) -> Any:
        if not is_buffer or path not in seen:
            return array
        written.add(path)
        return seen[path].astype(array.dtype) if mine[path] else array

    changed = map_arrays(model, after)
    if lost := sorted(seen.keys() - written):
        raise ConfigError(
            "running statistics have no place in the model",
            where=lost[0],
            expected="a buffer of the same path",
            fix="make the module that taps them a field of the model, and the array a buffer()",
        )
    return changed
