"""Models as flat dictionaries, and which of their arrays are trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina.core.errors import ArtifactError, suggest
from lamina.core.module import map_arrays


def named_arrays(model: Any) -> dict[str, Any]:
    """Return ``{path: array}`` of every array in a model, in the order of its fields.

    Example:
        >>> named_arrays({"a": [np.ones(2), np.zeros(1)]}).keys()
        dict_keys(['a.0', 'a.1'])
    """
    arrays: dict[str, Any] = {}
    map_arrays(model, lambda path, array, _: arrays.setdefault(path, array))
    return arrays


def with_arrays(model: Any, arrays: Mapping[str, Any]) -> Any:
    """Return ``model`` with every array taken from ``{path: array}``.

    Raises:
        ArtifactError: a path is missing or unknown, or a shape differs.
    """
    known = named_arrays(model)
    for path in arrays:
        if path not in known:
            raise ArtifactError(f"array '{path}' has no place in the model{suggest(path, known)}")

    def taken(path: str, array: Any, _: bool) -> Any:
        if path not in arrays:
            raise ArtifactError(f"array '{path}' is missing")
        if tuple(arrays[path].shape) != tuple(array.shape):
            raise ArtifactError(
                "array has the wrong shape",
                where=path,
                expected=tuple(array.shape),
                received=tuple(arrays[path].shape),
            )
        return arrays[path]

    return map_arrays(model, taken)


def trainable(model: Any) -> Any:
    """Return a tree like ``model`` with True where an array is trained.

    Buffers (running statistics, bin edges) and integer arrays are not.
    """
    return map_arrays(model, lambda _, array, is_buffer: not is_buffer and is_float(array))


def is_float(array: Any) -> bool:
    """Return whether an array holds floats, bfloat16 among them."""
    return np.issubdtype(array.dtype, np.floating) or str(array.dtype) == "bfloat16"


def parameter_count(model: Any) -> int:
    """Return how many numbers are trained.

    Example:
        >>> parameter_count({"weight": np.ones((3, 4)), "steps": np.arange(3)})
        12
    """
    count = 0

    def add(_: str, array: Any, is_buffer: bool) -> Any:
        nonlocal count
        count += 0 if is_buffer or not is_float(array) else int(np.prod(array.shape))
        return array

    map_arrays(model, add)
    return count


def stack_modules(modules: Sequence[Any]) -> Any:
    """Return one tree whose arrays are those of equal trees (``modules``), stacked along a first axis.

    This is how populations and depth stacks are made.

    Example:
        >>> stack_modules([{"weight": np.ones((3, 2))} for _ in range(4)])["weight"].shape
        (4, 3, 2)
    """
    import jax
    import jax.numpy as jnp

    def stacked(*arrays: Any) -> Any:
        plain = all(isinstance(array, np.ndarray) for array in arrays)
        return np.stack(arrays) if plain else jnp.stack(arrays)

    return jax.tree.map(stacked, *modules)
