"""The keys of a training run: one flat list, each with its meaning, unit and range."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.keys import FRACTION, NOT_NEGATIVE, POSITIVE, check_values, key, one_of

OPTIMIZER_NAMES = (
    "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "sparse-adam", "lion", "muon",
    "muon-all", "schedule-free",
)  # fmt: skip
SCHEDULE_NAMES = ("constant", "step", "cosine", "linear", "one-cycle", "wsd", "ramp", "plateau")


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained. ``None`` means: chosen from the model and the data."""

    seed: int = key(0, "decides every random number: weights, order, dropout, splits", **NOT_NEGATIVE)
    epochs: int = key(100, "passes over the training rows, at most", **NOT_NEGATIVE)
    steps_per_epoch: int | None = key(
        None, "steps of an epoch, behind which is validated; without, one pass", **POSITIVE
    )
    batch_size: int | None = key(None, "rows in a step", **POSITIVE)
    lr: float | None = key(None, "learning rate at its peak", **POSITIVE)
    optimizer: str = key("adamw", "rule that turns gradients into steps", **one_of(*OPTIMIZER_NAMES))
    schedule: str = key("constant", "how the learning rate moves during the run", **one_of(*SCHEDULE_NAMES))
    warmup: float = key(0.0, "share of all steps in which the learning rate rises from zero", **FRACTION)
    weight_decay: float | None = key(
        None, "decoupled decay of weights (not biases and gains) per unit of lr", **NOT_NEGATIVE
    )
    momentum: float = key(0.9, "momentum of sgd variants; first beta of adam variants", **FRACTION)
    beta2: float = key(0.999, "second beta of adam variants; decay of rmsprop", **FRACTION)
    clip: float | None = key(None, "largest norm of the whole gradient", **POSITIVE)
    accumulate: int = key(1, "microbatches a batch is cut into to save memory; same result", **POSITIVE)
    l1: float = key(0.0, "penalty on the sum of absolute weights", **NOT_NEGATIVE)
    l2: float = key(0.0, "penalty on half the sum of squared weights", **NOT_NEGATIVE)
    ema: float = key(0.0, "decay a step of the moving average of weights that is kept; 0 is off", **FRACTION)
    early_stopping: bool = key(True, "stop when the monitored value stays worse, restore the best weights")
    patience: int = key(16, "epochs without improvement before stopping", **POSITIVE)
    monitor: str = key("loss", "validation value that decides what is best")
    plateau_factor: float = key(0.5, "schedule plateau: factor on the learning rate", **FRACTION)
    plateau_patience: int = key(5, "schedule plateau: epochs without improvement", **POSITIVE)
    time_limit: float | None = key(
        None,
        "seconds for the whole run, compilation included; schedules end with it",
        is_duration=True,
        **POSITIVE,
    )
    precision: str = key(
        "float32",
        "arithmetic of the forward and backward pass; mixed: only products in bfloat16",
        **one_of("float32", "bfloat16", "mixed"),
    )
    device_memory: float = key(
        4096.0, "MiB of training data kept on the device; more is streamed", **NOT_NEGATIVE
    )
    chunk: int = key(256, "steps in one compiled program call, at most", **POSITIVE)
    finite_patience: int = key(10, "steps in a row that may be skipped as not finite", **POSITIVE)
    rollbacks: int = key(
        3,
        "times to roll back to the last good state, each with half the rate, before giving up",
        **NOT_NEGATIVE,
    )

    def __post_init__(self) -> None:
        check_values(self)
