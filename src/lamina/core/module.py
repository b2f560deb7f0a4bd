"""The base class of every layer and model: a frozen pytree that knows its own path.

A module is a dataclass whose arrays are leaves of a JAX pytree and whose other fields are
static, so ``jax.jit``, ``jax.grad``, ``jax.vmap`` and Optax take it as it is. This file is
the only place that imports Equinox.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import equinox as eqx

from lamina.core.taps import tap

M = TypeVar("M", bound="Module")


def static(**keywords: Any) -> Any:
    """Declare a field that is configuration, not an array: part of the compiled program's key."""
    return eqx.field(static=True, **keywords)


def buffer(**keywords: Any) -> Any:
    """Declare an array field that is carried and saved but never trained (running statistics)."""
    return dataclasses.field(metadata={"buffer": True}, **keywords)


class Module(eqx.Module):
    """A differentiable function with its parameters: ``model(x, *, key=None, train=False)``.

    Leading axes of ``x`` are batch, the last axis holds features. After construction every
    module inside another one knows where it stands: ``model.blocks[3].attention.path`` is
    ``"blocks.3.attention"``. Error messages and taps use that path.

    Example:
        >>> import jax.numpy as jnp
        >>> class Scale(Module):
        ...     weight: jnp.ndarray
        ...     def __call__(self, x, *, key=None, train=False):
        ...         return self.tap("output", self.weight * x)
        >>> class Twice(Module):
        ...     parts: list
        ...     def __call__(self, x, *, key=None, train=False):
        ...         return self.parts[1](self.parts[0](x))
        >>> twice = Twice([Scale(jnp.ones(2)), Scale(jnp.ones(2))])
        >>> twice.parts[1].path
        'parts.1'
    """

    path: str = eqx.field(static=True, init=False, default="")

    def __check_init__(self) -> None:
        object.__setattr__(self, "path", self.path)  # in the instance, so that copies look alike
        for field in dataclasses.fields(self):
            if not field.metadata.get("static"):
                value = getattr(self, field.name)
                object.__setattr__(self, field.name, _placed(value, field.name))

    def tap(self, name: str, value: Any) -> Any:
        """Mark ``value`` inside the forward pass as ``path.name``; see `lamina.core.taps`."""
        return tap(f"{self.path}.{name}" if self.path else name, value)


def _placed(value: Any, path: str) -> Any:
    """Copy the modules in ``value`` so that each one's path starts with ``path``."""
    if isinstance(value, Module):
        copy = object.__new__(type(value))
        for field in dataclasses.fields(value):
            child = getattr(value, field.name)
            if not field.metadata.get("static"):
                child = _placed(child, f"{path}.{field.name}")
            object.__setattr__(copy, field.name, child)
        object.__setattr__(copy, "path", path)
        return copy
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(_placed(child, f"{path}.{i}") for i, child in enumerate(value))
    if isinstance(value, dict):
        return {name: _placed(child, f"{path}.{name}") for name, child in value.items()}
    return value


def replace(module: M, **changes: Any) -> M:
    """Return a copy of ``module`` with some fields changed; no initializer runs.

    Example:
        >>> import jax.numpy as jnp
        >>> class Scale(Module):
        ...     weight: jnp.ndarray
        >>> replace(Scale(jnp.ones(1)), weight=jnp.zeros(1)).weight.tolist()
        [0.0]
    """
    copy = object.__new__(type(module))
    for field in dataclasses.fields(module):
        object.__setattr__(copy, field.name, changes.get(field.name, getattr(module, field.name)))
    return copy


def submodules(value: Any) -> Iterator[Module]:
    """Yield every module in ``value``, itself first, in the order of its fields."""
    if isinstance(value, Module):
        yield value
        for field in dataclasses.fields(value):
            if not field.metadata.get("static"):
                yield from submodules(getattr(value, field.name))
    elif isinstance(value, (list, tuple)):
        for child in value:
            yield from submodules(child)
    elif isinstance(value, dict):
        for child in value.values():
            yield from submodules(child)


def map_arrays(
    value: Any, function: Callable[[str, Any, bool], Any], path: str = "", is_buffer: bool = False
) -> Any:
    """Rebuild ``value`` with ``function(path, array, is_buffer)`` in place of every array.

    This is the one walk over a model that the others (parameter names, masks, rules) use.
    """
    if isinstance(value, Module):
        changes = {}
        for field in dataclasses.fields(value):
            if not field.metadata.get("static"):
                inner = f"{path}.{field.name}" if path else field.name
                marked = is_buffer or bool(field.metadata.get("buffer"))
                changes[field.name] = map_arrays(getattr(value, field.name), function, inner, marked)
        return replace(value, **changes)
    if isinstance(value, (list, tuple)):
        names = getattr(value, "_fields", range(len(value)))
        items = [
            map_arrays(child, function, f"{path}.{name}" if path else str(name), is_buffer)
            for name, child in zip(names, value, strict=True)
        ]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {
            name: map_arrays(child, function, f"{path}.{name}" if path else str(name), is_buffer)
            for name, child in value.items()
        }
    return function(path, value, is_buffer) if hasattr(value, "dtype") else value
