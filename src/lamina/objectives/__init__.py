"""What is learned: losses, metrics and the decoding of outputs."""

from lamina.objectives.base import AbstractObjective, Batch, Part, Score, Shown
from lamina.objectives.classification import BinaryObjective, MulticlassObjective, MultilabelObjective
from lamina.objectives.regression import QuantileObjective, RegressionObjective

__all__ = [
    "AbstractObjective",
    "Batch",
    "BinaryObjective",
    "MulticlassObjective",
    "MultilabelObjective",
    "Part",
    "QuantileObjective",
    "RegressionObjective",
    "Score",
    "Shown",
]
