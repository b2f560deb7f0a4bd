"""All the keys of `lamina.fit` in one flat list: those of training, of the data and of the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina.core.keys import COLUMN_NAMES, FRACTION, POSITIVE, key, make_keys, not_negative, one_of
from lamina.train.config import TrainConfig

PRESETS = ("fast", "balanced", "best")
TEST_TIME_AUGMENTATIONS = ("none", "flip", "shift", "flip-shift")
TASKS = ("binary", "multiclass", "multilabel", "classification", "regression")


@dataclass(frozen=True)
class FitConfig(TrainConfig):
    """Every key of a run. ``None`` means: chosen from the data, the model and the preset."""

    task: str | None = key(None, "what is learned; guessed from the target", **one_of(*TASKS))
    model: str = key("auto", "architecture by name; auto chooses and says why")
    preset: str = key("balanced", "how much time quality may cost", **one_of(*PRESETS))
    size: int | None = key(None, "the model's size dial", **POSITIVE)
    members: int | None = key(None, "networks in the ensemble", **POSITIVE)
    depth: int | None = key(None, "hidden layers or blocks", check=not_negative, expected=">= 0")
    dropout: float | None = key(None, "share of values switched off in training", **FRACTION)
    activation: str | None = key(None, "the activation between layers, for models that let you choose")
    embedding: str | None = key(
        None, "how numbers are embedded", **one_of("none", "linear", "piecewise", "periodic")
    )
    embedding_width: int | None = key(None, "length of a number's embedding", **POSITIVE)
    image_size: int | None = key(
        None, "side in pixels that images are brought to; found from the data", **POSITIVE
    )
    augment: tuple[str, ...] = key(
        (),
        "random changes of training images, some with a strength: alternate-flip,shift:4; or none",
        check=lambda value: all(isinstance(item, str) for item in value),
        expected="names separated by commas",
    )
    test_time_augmentation: str | None = key(
        None,
        "what is averaged at prediction: the image, its mirror image, shifted ones",
        **one_of(*TEST_TIME_AUGMENTATIONS),
    )
    numeric: str = key("quantile", "how numbers are scaled", **one_of("quantile", "standard"))
    loss: str | None = key(
        None,
        "what is minimized",
        **one_of("cross_entropy", "focal", "perceptron", "mse", "mae", "huber", "quantile"),
    )
    label_smoothing: float = key(0.0, "share of each label spread over the others", **FRACTION)
    class_weight: str | None = key(None, "balanced gives every class the same weight", **one_of("balanced"))
    quantiles: tuple[float, ...] = key(
        (),
        "levels to predict in regression, 0.5 among them",
        check=lambda value: all(0 < level < 1 for level in value),
        expected="levels in (0, 1)",
    )
    valid: float = key(0.2, "share of rows that validate", **FRACTION)
    test: float = key(0.0, "share of rows kept for testing", **FRACTION)
    folds: int | None = key(
        None,
        "networks trained and averaged: on as many cross-validation folds, or on the split the data name",
        **POSITIVE,
    )
    split: str | None = key(None, "column that says train, valid or test")
    group: str | None = key(None, "column whose rows of one value stay on one side of the split")
    time: str | None = key(None, "column of times: the last rows validate")
    weight: str | None = key(None, "column of row weights")
    keep: tuple[str, ...] = key((), "columns to learn from though they look like identifiers", **COLUMN_NAMES)
    drop: tuple[str, ...] = key((), "columns to leave out", **COLUMN_NAMES)
    checkpoint_every: str | int | None = key(
        None, "checkpoints of a run folder: a number of epochs, or seconds as 60s", is_duration=True
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
    return make_keys(FitConfig, values)
