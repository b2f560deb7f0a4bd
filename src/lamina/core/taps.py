"""Taps: named values inside a forward pass that others may watch or replace.

``tap(name, value)`` is the identity unless somebody listens. `observe` returns the values
beside the output, `intervene` replaces them. Batch-norm statistics, balance losses,
calibration of quantizers, Grad-CAM, activation patching and the logit lens all use this
one mechanism. Listening happens while JAX traces, so a function that was compiled *before*
the listener was set stays silent: wrap the model with `observe`, then compile. A pattern
that matches no tap is an error for the same reason.
"""

from __future__ import annotations

import contextlib
import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from lamina.core.errors import ConfigError, suggest

FEATURES = "features"
"""The tap of a model's vector for each example, (batch, features): what its head reads, or the mean of that
over positions."""


class _Listener:
    """Collects the values whose name matches a pattern and applies replacements."""

    def __init__(self, patterns: Sequence[str], replacements: Mapping[str, Callable[[Any], Any]]):
        self.patterns, self.replacements = tuple(patterns), replacements
        self.values: dict[str, Any] = {}
        self.names: set[str] = set()
        self.replaced: set[str] = set()

    def visit(self, name: str, value: Any) -> Any:
        self.names.add(name)
        for pattern, function in self.replacements.items():
            if fnmatch.fnmatchcase(name, pattern):
                self.replaced.add(pattern)
                value = function(value)
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns):
            self.values[name] = value
        return value

    def wants(self, name: str) -> bool:
        self.names.add(name)
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in (*self.patterns, *self.replacements))

    def inner(self) -> _Listener:
        return _Listener(self.patterns, self.replacements)

    def absorb(self, other: _Listener, values: dict[str, Any]) -> None:
        self.values.update(values)
        self.names |= other.names
        self.replaced |= other.replaced

    def check(self) -> None:
        silent = [p for p in self.patterns if not any(fnmatch.fnmatchcase(n, p) for n in self.names)]
        silent += [p for p in self.replacements if p not in self.replaced]
        if silent:
            raise ConfigError(
                f"no tap matches '{silent[0]}'{suggest(silent[0], self.names)}",
                expected="one of " + ", ".join(sorted(self.names)[:20])
                if self.names
                else "a model with taps",
                fix="wrap the model before jax.jit, not after: a compiled function does not listen",
            )


_LISTENER: ContextVar[_Listener | None] = ContextVar("lamina_taps", default=None)


def tap(name: str, value: Any) -> Any:
    """Mark ``value`` under ``name``; returns it, or what an intervention made of it.

    Example:
        >>> observe(lambda x: tap("double", 2 * x) + 1, "double")(3)
        (7, {'double': 6})
    """
    listener = _LISTENER.get()
    return value if listener is None else listener.visit(name, value)


def is_heard(name: str) -> bool:
    """Return whether somebody watches or replaces a tap.

    For values that a faster way never forms: take the way that forms and taps them only if it is heard.

    Example:
        >>> observe(lambda x: is_heard("double"), "double", strict=False)(3)[0], is_heard("double")
        (True, False)
    """
    listener = _LISTENER.get()
    return listener is not None and listener.wants(name)


@contextlib.contextmanager
def _listening(listener: _Listener) -> Iterator[_Listener]:
    token = _LISTENER.set(listener)
    try:
        yield listener
    finally:
        _LISTENER.reset(token)


def observe(
    function: Callable[..., Any], *patterns: str, strict: bool = True
) -> Callable[..., tuple[Any, dict[str, Any]]]:
    """Return a function that gives ``(output, {tap name: value})``.

    Args:
        function: a model, or anything that calls models. Not yet compiled.
        *patterns: shell patterns over tap names, ``"blocks.*.attention.weights"``.
        strict: raise if a pattern matches no tap.

    Raises:
        ConfigError: a pattern matched nothing.
    """

    def observed(*args: Any, **keywords: Any) -> tuple[Any, dict[str, Any]]:
        with _listening(_Listener(patterns, {})) as listener:
            output = function(*args, **keywords)
        if strict:
            listener.check()
        return output, listener.values

    return observed


def intervene(
    function: Callable[..., Any], replacements: Mapping[str, Callable[[Any], Any]]
) -> Callable[..., Any]:
    """Return a function in which every tap that matches a pattern is replaced.

    Args:
        function: a model, or anything that calls models. Not yet compiled.
        replacements: pattern → function of the value.

    Raises:
        ConfigError: a pattern matched nothing.

    Example:
        >>> intervene(lambda x: tap("double", 2 * x) + 1, {"double": lambda v: 0 * v})(3)
        1
    """

    def changed(*args: Any, **keywords: Any) -> Any:
        with _listening(_Listener((), replacements)) as listener:
            output = function(*args, **keywords)
        listener.check()
        return output

    return changed


def carried(function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[[dict], None]]:
    """Split a function for use under a transformation that traces it apart.

    Values seen inside ``jax.checkpoint``, ``jax.vmap`` or ``lax.scan`` must leave it as
    outputs. The first result returns ``(output, values)``; the second hands the values,
    transformed (stacked, say), on to whoever listens outside.

    Example:
        >>> import jax
        >>> def mapped(x):
        ...     inner, hand_on = carried(lambda v: tap("square", v * v) + 1.0)
        ...     y, values = jax.vmap(inner)(x)
        ...     hand_on(values)
        ...     return y
        >>> y, seen = observe(mapped, "square")(jax.numpy.arange(3.0))
        >>> seen["square"].tolist()
        [0.0, 1.0, 4.0]
    """
    outer = _LISTENER.get()
    if outer is None:
        return (lambda *a, **k: (function(*a, **k), {})), lambda values: None
    inner = outer.inner()

    def listened(*args: Any, **keywords: Any) -> tuple[Any, dict[str, Any]]:
        with _listening(outer.inner()) as listener:
            output = function(*args, **keywords)
        inner.names |= listener.names
        inner.replaced |= listener.replaced
        return output, listener.values

    return listened, lambda values: outer.absorb(inner, values)


def remat(function: Callable[..., Any]) -> Callable[..., Any]:
    """`jax.checkpoint` that keeps taps working: forward values are recomputed backward."""

    def recomputed(*args: Any, **keywords: Any) -> Any:
        import jax

        listened, hand_on = carried(function)
        output, values = jax.checkpoint(listened)(*args, **keywords)
        hand_on(values)
        return output

    return recomputed
