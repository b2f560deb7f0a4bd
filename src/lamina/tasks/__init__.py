"""What is learned: losses, metrics and the decoding of outputs."""

from lamina.tasks.base import AbstractTask, Batch
from lamina.tasks.classification import BinaryTask, MulticlassTask, MultilabelTask
from lamina.tasks.regression import QuantileTask, RegressionTask

__all__ = [
    "AbstractTask",
    "Batch",
    "BinaryTask",
    "MulticlassTask",
    "MultilabelTask",
    "QuantileTask",
    "RegressionTask",
]
