"""Training: optimizers, schedules, the compiled step, the loop, populations, callbacks."""

from lamina.train.config import TrainConfig
from lamina.train.loop.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from lamina.train.loop.loop import TrainResult, train
from lamina.train.loop.population import train_population
from lamina.train.optimizers.registry import OPTIMIZERS
from lamina.train.optimizers.schedules import SCHEDULES

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "LambdaCallback",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
    "TrainConfig",
    "TrainResult",
    "train",
    "train_population",
]
