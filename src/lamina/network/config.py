"""All the keys of `lamina.fit` in one flat list: those of training, of the data and of the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina.core.errors import ConfigError
from lamina.train.config import TrainConfig, key, make_config, not_negative, one_of, positive

_SHARE = {"check": lambda value: 0 <= value < 1, "expected": ">= 0 and < 1"}
_POSITIVE = {"check": positive, "expected": "> 0"}
_NAMES = {
    "check": lambda value: all(isinstance(item, str) for item in value),
    "expected": "names of columns, separated by commas",
}
PRESETS = ("fast", "balanced", "best")
VIEWS = ("one", "flip", "shift", "flip-shift")
TASKS = ("binary", "multiclass", "multilabel", "classification", "regression")


@dataclass(frozen=True)
class FitConfig(TrainConfig):
    """Every key of a run. ``None`` means: chosen from the data, the model and the preset."""

    task: str | None = key(None, "what is learned; guessed from the target", **one_of(*TASKS))
    model: str = key("auto", "architecture by name; auto chooses and says why")
    preset: str = key("balanced", "how much time quality may cost", **one_of(*PRESETS))
    size: int | None = key(None, "the model's size dial", **_POSITIVE)
    members: int | None = key(None, "networks in the ensemble", **_POSITIVE)
    depth: int | None = key(None, "hidden layers or blocks", check=not_negative, expected=">= 0")
    dropout: float | None = key(None, "share of values switched off in training", **_SHARE)
    activation: str | None = key(None, "the bend between layers, for models that let you choose")
    embedding: str | None = key(
        None, "how numbers are embedded", **one_of("none", "linear", "piecewise", "periodic")
    )
    embedding_width: int | None = key(None, "length of a number's embedding", **_POSITIVE)
    image_size: int | None = key(
        None, "side in pixels that pictures are brought to; found from the data", **_POSITIVE
    )
    views: str | None = key(
        None, "what is averaged at prediction: the picture, its mirror image, shifted ones", **one_of(*VIEWS)
    )
    numeric: str = key("quantile", "how numbers are scaled", **one_of("quantile", "standard"))
    loss: str | None = key(
        None,
        "what is minimized",
        **one_of("cross_entropy", "focal", "perceptron", "mse", "mae", "huber", "quantile"),
    )
    label_smoothing: float = key(0.0, "share of each label spread over the others", **_SHARE)
    class_weight: str | None = key(None, "balanced gives every class the same weight", **one_of("balanced"))
    quantiles: tuple[float, ...] = key(
        (),
        "levels to predict in regression, 0.5 among them",
        check=lambda value: all(0 < level < 1 for level in value),
        expected="levels in (0, 1)",
    )
    valid: float = key(0.2, "share of rows that validate", **_SHARE)
    test: float = key(0.0, "share of rows kept for testing", **_SHARE)
    folds: int | None = key(
        None,
        "networks trained and averaged: on as many cross-validation folds, or on the split the data name",
        **_POSITIVE,
    )
    split: str | None = key(None, "column that says train, valid or test")
    group: str | None = key(None, "column whose rows of one value stay on one side of the split")
    time: str | None = key(None, "column of times: the last rows validate")
    weight: str | None = key(None, "column of row weights")
    keep: tuple[str, ...] = key((), "columns to learn from though they look like identifiers", **_NAMES)
    drop: tuple[str, ...] = key((), "columns to leave out", **_NAMES)
    checkpoint_every: str | int | None = key(
        None, "checkpoints of a run folder: a number of epochs, or seconds as 60s"
    )

    def train_config(self) -> TrainConfig:
        """Return the part that the training engine takes."""
        names = [field.name for field in dataclasses.fields(TrainConfig)]
        return TrainConfig(**{name: getattr(self, name) for name in names})

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict, tuples as lists."""
        values = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def fit_config(values: Mapping[str, Any]) -> FitConfig:
    """Build the config from keys of the right types, or texts as on the command line.

    Args:
        values: key → value; what is left out keeps its default.

    Returns:
        The config, every value of its type and in range.

    Raises:
        ConfigError: a key is unknown, a text cannot be read, or a value is out of range.

    Example:
        >>> fit_config({"epochs": "5", "time_limit": "2m", "early_stopping": "false"}).time_limit
        120.0
    """
    known = {field.name: str(field.type) for field in dataclasses.fields(FitConfig)}
    read = {name: _read(name, known.get(name, ""), value) for name, value in values.items()}
    return make_config(FitConfig, read)


def _read(name: str, kind: str, value: Any) -> Any:
    if kind.startswith("tuple"):
        return _read_tuple(value, float if "float" in kind else str)
    if isinstance(value, bool) and not kind.startswith("bool"):
        raise ConfigError(f"{name} is no switch", expected=kind, received=value)
    if not isinstance(value, str):
        is_whole = isinstance(value, float) and value.is_integer()
        return int(value) if kind.startswith("int") and is_whole else value
    if value.lower() in ("none", "auto") and "None" in kind and (name, value) != ("embedding", "none"):
        return None
    if kind.startswith("bool"):
        return _read_switch(name, value)
    if name in ("time_limit", "checkpoint_every") and value[-1:].lower() in "smh" and value[:-1]:
        return value if name == "checkpoint_every" else read_seconds(value)
    return _read_number(name, kind, value)


def _read_tuple(value: Any, kind: type) -> tuple[Any, ...]:
    items = value.split(",") if isinstance(value, str) else value
    try:
        return tuple(kind(item.strip() if isinstance(item, str) else item) for item in items)
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
