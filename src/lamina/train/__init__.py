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
from lamina.train.loop.population import train_population
from lamina.train.loop.result import TrainResult
from lamina.train.loop.train import train
from lamina.train.optimizers.registry import OPTIMIZERS
from lamina.train.optimizers.schedules import SCHEDULES
from lamina.train.step.program import AbstractAugmentation, StepContext

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "AbstractAugmentation",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "LambdaCallback",
    "ReduceLROnPlateau",
    "StepContext",
    "TerminateOnNaN",
    "TrainConfig",
    "TrainResult",
    "train",
    "train_population",
]
