"""Training: optimizers, schedules, the compiled step, the loop, populations, callbacks."""

from lamina.train.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from lamina.train.config import TrainConfig
from lamina.train.loop import TrainResult, train
from lamina.train.optimizers import OPTIMIZERS
from lamina.train.population import train_population
from lamina.train.schedules import SCHEDULES

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
