"""What is learned: losses, metrics and the decoding of outputs."""

from lamina.objectives.base import AbstractObjective, Batch, Part, Score, Shown
from lamina.objectives.classification import BinaryObjective, MulticlassObjective, MultilabelObjective
from lamina.objectives.regression import QuantileObjective, RegressionObjective
from lamina.objectives.segmentation import InstanceObjective, SegmentationObjective

__all__ = [
    "AbstractObjective",
    "Batch",
    "BinaryObjective",
    "InstanceObjective",
    "MulticlassObjective",
    "MultilabelObjective",
    "Part",
    "QuantileObjective",
    "RegressionObjective",
    "Score",
    "SegmentationObjective",
    "Shown",
]
