"""The base class of every layer and model: a frozen pytree that knows its own path.

A module is a dataclass whose arrays are leaves of a JAX pytree and whose other fields are
static, so ``jax.jit``, ``jax.grad``, ``jax.vmap`` and Optax take it as it is.
"""

from __future__ import annotations

import abc
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

import jax

from lamina.core.taps import is_heard, tap

M = TypeVar("M", bound="Module")

_BUILDING = "_building"  # among an instance's values while its __init__ runs


def static(**keywords: Any) -> Any:
    """Declare a field that is configuration, not an array: part of the compiled program's key."""
    return dataclasses.field(metadata={"static": True}, **keywords)


def buffer(**keywords: Any) -> Any:
    """Declare an array field that is carried and saved but never trained (running statistics)."""
    return dataclasses.field(metadata={"buffer": True}, **keywords)


@dataclass_transform(field_specifiers=(dataclasses.field, static, buffer))
class _ModuleType(abc.ABCMeta):
    """Makes every subclass of `Module` a dataclass and a node of JAX's pytrees."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        cls: Any = super().__new__(mcs, name, bases, body)
        written = [base.__dict__.get("_writes_init", False) for base in cls.__mro__[1:]]
        cls._writes_init = "__init__" in body or any(written)
        dataclasses.dataclass(init=not cls._writes_init, eq=False, repr=False)(cls)
        fields = dataclasses.fields(cls)
        cls._names = tuple(field.name for field in fields)
        cls._static = tuple(field.name for field in fields if field.metadata.get("static"))
        cls._inner = tuple(field.name for field in fields if not field.metadata.get("static"))
        cls._buffers = tuple(field.name for field in fields if field.metadata.get("buffer"))
        jax.tree_util.register_pytree_with_keys(cls, cls._flatten_keyed, cls._unflatten, cls._flatten)
        return cls

    @property
    def __signature__(cls) -> inspect.Signature:
        """That of ``__init__``, which `help` and editors would not see behind ``__call__``."""
        found = inspect.signature(cls.__init__)
        return found.replace(parameters=list(found.parameters.values())[1:])

    def __call__(cls: Any, *args: Any, **keywords: Any) -> Any:
        module = cls.__new__(cls)
        values = module.__dict__
        values.update({_BUILDING: True, "path": ""})
        module.__init__(*args, **keywords)
        del values[_BUILDING]
        for name in cls._inner:
            if name not in values and not hasattr(cls, name):
                raise TypeError(f"{cls.__name__}.__init__ left the field '{name}' empty")
            values[name] = _placed(getattr(module, name), name)
        return module


class Module(metaclass=_ModuleType):
    """A differentiable function with its parameters: ``model(x, *, key=None, train=False)``.

    Leading axes of ``x`` are batch, the last axis holds features. After construction every
    module inside another one knows where it stands: ``model.blocks[3].attention.path`` is
    ``"blocks.3.attention"``. Error messages and taps use that path. Fields are set in
    ``__init__`` and never again; `replace` makes a changed copy.

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
        >>> twice
        Twice(parts=[Scale(weight=float32[2]), Scale(weight=float32[2])])
    """

    path: str = dataclasses.field(init=False, default="", metadata={"static": True})
    if TYPE_CHECKING:
        __call__: Callable[..., Any]  # every layer and model has one, each with its own arguments

    _writes_init: ClassVar[bool]  # whether the class or one above it has an __init__ of its own
    _names: ClassVar[tuple[str, ...]]  # of all fields
    _static: ClassVar[tuple[str, ...]]  # names of the fields that are configuration
    _inner: ClassVar[tuple[str, ...]]  # names of the others: arrays, modules, lists of them
    _buffers: ClassVar[tuple[str, ...]]

    def tap(self, name: str, value: Any) -> Any:
        """Mark ``value`` inside the forward pass as ``path.name``; see `lamina.core.taps`."""
        return tap(self._tapped(name), value)

    def is_heard(self, name: str) -> bool:
        """Return whether somebody watches or replaces the tap ``name`` of this module."""
        return is_heard(self._tapped(name))

    def _tapped(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(self).__name__
        if _BUILDING not in self.__dict__:
            raise dataclasses.FrozenInstanceError(f"{kind} is frozen: replace(module, {name}=...) copies")
        if name not in self._names:
            raise AttributeError(f"{kind} declares no field '{name}'")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"{type(self).__name__} is frozen")

    def __repr__(self) -> str:
        shown = [name for name in self._names if name != "path"]
        inside = ", ".join(f"{name}={_shown(getattr(self, name))}" for name in shown)
        return f"{type(self).__name__}({inside})"

    def _flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        children = tuple([getattr(self, name) for name in self._inner])
        return children, tuple([getattr(self, name) for name in self._static])

    def _flatten_keyed(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        children, rest = self._flatten()
        keys = [jax.tree_util.GetAttrKey(name) for name in self._inner]
        return tuple(zip(keys, children, strict=True)), rest

    @classmethod
    def _unflatten(cls, rest: tuple[Any, ...], children: tuple[Any, ...]) -> Any:
        module: Any = object.__new__(cls)
        module.__dict__.update(zip(cls._static, rest, strict=True))
        module.__dict__.update(zip(cls._inner, children, strict=True))
        return module


def _shown(value: Any) -> str:
    """Return a value in words: an array as its type and shape."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{value.dtype}[{','.join(map(str, value.shape))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name!r}: {_shown(child)}" for name, child in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(_shown, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return repr(value)


def _placed(value: Any, path: str) -> Any:
    """Copy the modules in ``value`` so that each one's path starts with ``path``."""
    if isinstance(value, Module):
        children = {name: _placed(getattr(value, name), f"{path}.{name}") for name in value._inner}
        return replace(value, path=path, **children)
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
    copy: Any = object.__new__(type(module))
    for name in module._names:
        copy.__dict__[name] = changes[name] if name in changes else getattr(module, name)
    return copy


def detached(module: M) -> M:
    """Return a module that stands inside another as one of its own: paths begin with it.

    Example:
        >>> class Part(Module):
        ...     size: int = static()
        >>> class Whole(Module):
        ...     part: Part
        >>> part = Whole(Part(3)).part
        >>> part.path, detached(part).path
        ('part', '')
    """
    if not isinstance(module, Module) or not module.path:
        return module
    children = {name: _placed(getattr(module, name), name) for name in module._inner}
    return replace(module, path="", **children)


def submodules(value: Any) -> Iterator[Module]:
    """Yield every module in ``value``, itself first, in the order of its fields."""
    if isinstance(value, Module):
        yield value
        for name in value._inner:
            yield from submodules(getattr(value, name))
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
        for name in value._inner:
            inner = f"{path}.{name}" if path else name
            marked = is_buffer or name in value._buffers
            changes[name] = map_arrays(getattr(value, name), function, inner, marked)
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
