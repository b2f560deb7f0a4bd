"""Keys: one flat list at the door, many owners behind it.

A key is a field of a frozen dataclass; the dataclass belongs to an owner (training, a task, a modality, a
model …). Each owner claims its names from what was given and gets its own checked value: no object ever sees
a key that is not its own.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from lamina.core.errors import ConfigError, suggest

C = TypeVar("C")
ALL_KEYS = "`lamina fit --help` lists every key"


@dataclass(frozen=True)
class NoKeys:
    """The keys of an owner that has none."""


@dataclass(frozen=True)
class Owner:
    """Somebody who owns keys.

    Args:
        name: in words, such as ``"training"`` or ``"task=forecast"``.
        keys: frozen dataclass of its keys, each a field made by `key`.
        hint: what to type to make it take part, such as ``"add --task forecast"``; empty for none.
    """

    name: str
    keys: type
    hint: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its keys."""
        return tuple(field.name for field in dataclasses.fields(self.keys))


def key(
    default: Any,
    meaning: str,
    *,
    check: Callable[[Any], bool] | None = None,
    expected: str = "",
    is_duration: bool = False,
) -> Any:
    """Declare a configuration key: default, meaning, and what values are in range.

    Args:
        default: None stands for "chosen from the data, the model and the preset", or for "off".
        meaning: one phrase, without a final stop.
        check: whether a value is in range.
        expected: the range in words.
        is_duration: whether a text may be a time such as ``2m``.
    """
    metadata = {"meaning": meaning, "check": check, "expected": expected, "is_duration": is_duration}
    return dataclasses.field(default=default, metadata=metadata)


def positive(value: Any) -> bool:
    """Return whether value > 0."""
    return value > 0


def not_negative(value: Any) -> bool:
    """Return whether value >= 0."""
    return value >= 0


def one_of(*names: str) -> dict[str, Any]:
    """Return the check and its words for a choice among names."""
    return {"check": lambda value: value in names, "expected": "one of " + ", ".join(names)}


def up_to(most: int) -> dict[str, Any]:
    """Return the check and its words for a whole number from 1 to a largest one."""
    return {"check": lambda value: 1 <= value <= most, "expected": f"1 to {most}"}


POSITIVE: dict[str, Any] = {"check": positive, "expected": "> 0"}
NOT_NEGATIVE: dict[str, Any] = {"check": not_negative, "expected": ">= 0"}
FRACTION: dict[str, Any] = {"check": lambda value: 0 <= value < 1, "expected": ">= 0 and < 1"}
COLUMN_NAMES: dict[str, Any] = {
    "check": lambda value: all(isinstance(item, str) for item in value),
    "expected": "names of columns, separated by commas",
}


def check_values(config: Any) -> None:
    """Raise if a value of a key dataclass is out of range.

    Raises:
        ConfigError: naming the key, what is expected and what came.
    """
    for field in dataclasses.fields(config):
        check = field.metadata.get("check")
        value = getattr(config, field.name)
        if check is None or value is None:
            continue
        try:
            fits = bool(check(value))
        except TypeError:
            fits = False
        if not fits:
            expected = field.metadata["expected"]
            names = expected.removeprefix("one of ").split(", ") if expected.startswith("one of ") else ()
            near = suggest(value, names) if isinstance(value, str) else ""
            raise ConfigError(f"{field.name} is out of range{near}", expected=expected, received=repr(value))


def make_keys(kind: type[C], values: Mapping[str, Any]) -> C:
    """Build a key dataclass from values or texts; an unknown key is an error with a suggestion.

    Args:
        kind: the dataclass.
        values: key → value of its type, or a text as on the command line.

    Raises:
        ConfigError: a key is unknown, a text cannot be read, or a value is out of range.

    Example:
        >>> @dataclass(frozen=True)
        ... class Keys:
        ...     epochs: int = key(10, "passes", **POSITIVE)
        >>> make_keys(Keys, {"epochs": "3"}).epochs
        3
        >>> make_keys(Keys, {"epohcs": 3})
        Traceback (most recent call last):
        lamina.core.errors.ConfigError: unknown key 'epohcs' (did you mean 'epochs'?)
          fix: `lamina fit --help` lists every key
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            raise ConfigError(f"unknown key '{name}'{suggest(name, fields)}", fix=ALL_KEYS)
    made = kind(**{name: read_value(fields[name], value) for name, value in values.items()})
    check_values(made)
    return made


def claim(
    owners: Sequence[Owner], given: Mapping[str, Any], *, absent: Iterable[Owner] = (), run: str = "this run"
) -> tuple[Any, ...]:
    """Give each owner the keys that it claims, as one checked value.

    Args:
        owners: those who take part, no name twice among their keys.
        given: flat keys, values or texts.
        absent: owners who do not take part, for the refusal; looked through only where one is needed.
        run: what the run is, in words.

    Returns:
        One instance of each owner's dataclass, in their order.

    Raises:
        ConfigError: a key belongs to somebody who does not take part, or to nobody; or a value is wrong.

    Example:
        >>> @dataclass(frozen=True)
        ... class Forecast:
        ...     horizon: int = key(24, "steps ahead", **POSITIVE)
        >>> owner = Owner("task=forecast", Forecast, "add --task forecast")
        >>> claim([owner], {"horizon": "96"})
        (Forecast(horizon=96),)
        >>> claim([], {"horizon": "96"}, absent=[owner], run="this run is multiclass")
        Traceback (most recent call last):
        lamina.core.errors.ConfigError: key 'horizon' belongs to task=forecast; this run is multiclass
          fix: leave it out, or add --task forecast
    """
    owned = {name for owner in owners for name in owner.names}
    for name in given:
        if name not in owned:
            raise _unclaimed(name, owned, tuple(absent), run)
    return tuple(
        make_keys(owner.keys, {name: given[name] for name in owner.names if name in given})
        for owner in owners
    )


def _unclaimed(name: str, owned: Iterable[str], absent: Sequence[Owner], run: str) -> ConfigError:
    """Return the refusal of a key: by its owner's name if it has one, else with the nearest key."""
    owners = [owner for owner in absent if name in owner.names]
    if owners:
        several = f" and {len(owners) - 1} more" if len(owners) > 1 else ""
        hint = f", or {owners[0].hint}" if owners[0].hint else ""
        return ConfigError(
            f"key '{name}' belongs to {owners[0].name}{several}; {run}", fix=f"leave it out{hint}"
        )
    known = [*owned, *(other for owner in absent for other in owner.names)]
    return ConfigError(f"unknown key '{name}'{suggest(name, known)}", fix=ALL_KEYS)


def flat(*owned: Any) -> dict[str, Any]:
    """Return the keys of several instances as one flat dict that JSON can hold, tuples as lists."""
    values = {field.name: getattr(own, field.name) for own in owned for field in dataclasses.fields(own)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def read_value(field: dataclasses.Field[Any], value: Any) -> Any:
    """Return a value in the type of its key; texts are read as on the command line.

    Args:
        field: of a key dataclass, its type an annotation in words.
        value: a value, or a text.

    Raises:
        ConfigError: the text cannot be read.
    """
    name, kind = field.name, annotation(field)
    if value is None and "None" in kind:
        return None
    word = value.lower() if isinstance(value, str) else ""
    if kind.startswith("tuple"):
        if word == "auto" and "None" in kind:
            return None
        if word == "none" and (field.default == () or "str" not in kind):
            return ()
        return _read_tuple(value, float if "float" in kind else int if "int" in kind else str)
    if value is None:
        words = {"int": "a whole number", "float": "a number", "bool": "true or false"}
        raise ConfigError(f"{name} cannot be read", expected=words.get(kind, "a text"), received="None")
    if isinstance(value, bool) and not kind.startswith("bool"):
        raise ConfigError(f"{name} is not a switch", expected=kind, received=value)
    if not isinstance(value, str):
        is_whole = isinstance(value, float) and value.is_integer()
        return int(value) if kind.startswith("int") and is_whole else value
    if word in ("none", "auto") and "None" in kind and not _is_a_name(field, value):
        return None
    if kind.startswith("bool"):
        return _read_switch(name, value)
    if field.metadata.get("is_duration") and value[-1:].lower() in "smh" and value[:-1]:
        return value if kind.startswith("str") else read_seconds(value)
    return _read_number(name, kind, value)


def annotation(field: dataclasses.Field[Any]) -> str:
    """Return the type of a key in words, whether or not annotations are kept as text.

    Args:
        field: of a key dataclass.
    """
    return (
        getattr(field.type, "__name__", str(field.type)) if isinstance(field.type, type) else str(field.type)
    )


def _is_a_name(field: dataclasses.Field[Any], value: str) -> bool:
    """Return whether a word such as ``none`` is one of the names that a key takes."""
    return value in field.metadata.get("expected", "").removeprefix("one of ").split(", ")


def _read_tuple(value: Any, kind: type) -> tuple[Any, ...]:
    items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
    try:
        return tuple(kind(item) for item in items)
    except (TypeError, ValueError):
        raise ConfigError("not a list", expected="values separated by commas", received=repr(value)) from None


def _read_switch(name: str, value: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "no": False, "off": False, "0": False}
    if value.lower() not in words:
        raise ConfigError(f"{name} is a switch", expected="true or false", received=repr(value))
    return words[value.lower()]


def _read_number(name: str, kind: str, value: str) -> Any:
    for prefix, make in (("int", int), ("float", float), ("str | int", int)):
        if kind.startswith(prefix):
            try:
                return make(value)
            except ValueError:
                words = "a whole number" if make is int else "a number"
                raise ConfigError(f"{name} cannot be read", expected=words, received=repr(value)) from None
    return value


def read_seconds(text: str | float) -> float:
    """Return the seconds in ``"90"``, ``"90s"``, ``"2m"`` or ``"1h"``.

    Example:
        >>> read_seconds("2m"), read_seconds(5)
        (120.0, 5.0)
    """
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    words = str(text).strip().lower()
    number, unit = (words[:-1], units[words[-1]]) if words[-1:] in units and words else (words, 1.0)
    try:
        return float(number) * unit
    except ValueError:
        raise ConfigError(
            "not a time", expected="seconds as 90, 90s, 2m or 1h", received=repr(text)
        ) from None


@functools.cache
def keys_of_signature(name: str, fields: tuple[tuple[str, str, Any, str], ...]) -> type:
    """Return a key dataclass for options that a function declares in its signature.

    Args:
        name: of the dataclass.
        fields: name, annotation, default and meaning of each option.
    """
    made = [(field, kind, key(default, meaning)) for field, kind, default, meaning in fields]
    return dataclasses.make_dataclass(name, made, frozen=True)
