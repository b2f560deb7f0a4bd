"""The keys of a training run: one flat list, each with its meaning, unit and range."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from lamina.core.errors import ConfigError, suggest

C = TypeVar("C")


def key(default: Any, meaning: str, *, check: Callable[[Any], bool] | None = None, expected: str = "") -> Any:
    """Declare a configuration key: default, meaning, and what values are in range."""
    metadata = {"meaning": meaning, "check": check, "expected": expected}
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


_POSITIVE = {"check": positive, "expected": "> 0"}
_NOT_NEGATIVE = {"check": not_negative, "expected": ">= 0"}
_SHARE = {"check": lambda value: 0 <= value < 1, "expected": ">= 0 and < 1"}

OPTIMIZER_NAMES = (
    "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lion", "muon", "muon-all",
    "schedule-free",
)  # fmt: skip
SCHEDULE_NAMES = ("constant", "step", "cosine", "linear", "one-cycle", "wsd", "ramp", "plateau")


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained. ``None`` means: chosen from the model and the data."""

    seed: int = key(0, "decides every random number: weights, order, dropout, splits", **_NOT_NEGATIVE)
    epochs: int = key(100, "passes over the training rows, at most", **_NOT_NEGATIVE)
    batch_size: int | None = key(None, "rows in a step", **_POSITIVE)
    lr: float | None = key(None, "learning rate at its peak", **_POSITIVE)
    optimizer: str = key("adamw", "rule that turns gradients into steps", **one_of(*OPTIMIZER_NAMES))
    schedule: str = key("constant", "how the learning rate moves during the run", **one_of(*SCHEDULE_NAMES))
    warmup: float = key(0.0, "share of all steps in which the learning rate rises from zero", **_SHARE)
    weight_decay: float | None = key(
        None, "decoupled decay of weights (not biases and gains) per unit of lr", **_NOT_NEGATIVE
    )
    momentum: float = key(0.9, "momentum of sgd variants; first beta of adam variants", **_SHARE)
    beta2: float = key(0.999, "second beta of adam variants; decay of rmsprop", **_SHARE)
    clip: float | None = key(None, "largest norm of the whole gradient", **_POSITIVE)
    accumulate: int = key(1, "parts a batch is cut into to save memory; same result", **_POSITIVE)
    l1: float = key(0.0, "penalty on the sum of absolute weights", **_NOT_NEGATIVE)
    l2: float = key(0.0, "penalty on half the sum of squared weights", **_NOT_NEGATIVE)
    ema: float = key(0.0, "decay a step of the moving average of weights that is kept; 0 is off", **_SHARE)
    early_stopping: bool = key(True, "stop when the monitored value stays worse, restore the best weights")
    patience: int = key(16, "epochs without improvement before stopping", **_POSITIVE)
    monitor: str = key("loss", "validation value that decides what is best")
    plateau_factor: float = key(0.5, "schedule plateau: factor on the learning rate", **_SHARE)
    plateau_patience: int = key(5, "schedule plateau: epochs without improvement", **_POSITIVE)
    time_limit: float | None = key(
        None, "seconds for the whole run, compilation included; schedules end with it", **_POSITIVE
    )
    precision: str = key(
        "float32", "arithmetic of the forward and backward pass", **one_of("float32", "bfloat16")
    )
    augment: tuple[str, ...] = key(
        (),
        "random changes of training pictures, some with a strength: alternate-flip,shift:4; or none",
        check=lambda value: all(isinstance(item, str) for item in value),
        expected="names separated by commas",
    )
    device_memory: float = key(
        4096.0, "MiB of training data kept on the device; more is streamed", **_NOT_NEGATIVE
    )
    chunk: int = key(256, "steps in one compiled program call, at most", **_POSITIVE)
    finite_patience: int = key(10, "steps in a row that may be skipped as not finite", **_POSITIVE)
    rollbacks: int = key(
        3,
        "times to go back to the last good state, each with half the rate, before giving up",
        **_NOT_NEGATIVE,
    )

    def __post_init__(self) -> None:
        check_values(self)


def check_values(config: Any) -> None:
    """Raise if a value of a config dataclass is out of range.

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


def make_config(kind: type[C], values: Mapping[str, Any]) -> C:
    """Build a config from keys; an unknown key is an error with a suggestion.

    Raises:
        ConfigError: a key is unknown or a value out of range.

    Example:
        >>> make_config(TrainConfig, {"epohcs": 3})
        Traceback (most recent call last):
        lamina.core.errors.ConfigError: unknown key 'epohcs' (did you mean 'epochs'?)
          mend: `lamina fit --help` lists every key
    """
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise ConfigError(
                f"unknown key '{name}'{suggest(name, known)}", mend="`lamina fit --help` lists every key"
            )
    return kind(**values)
