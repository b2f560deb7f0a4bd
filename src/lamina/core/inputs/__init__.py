"""What a model is told about its inputs before it is built; one kind a file."""

from lamina.core.inputs.base import AbstractInputs, Inputs
from lamina.core.inputs.degraded import DegradedImageInputs
from lamina.core.inputs.image import ImageInputs
from lamina.core.inputs.mixed import PRESENT, MixedInputs
from lamina.core.inputs.pair import PairInputs
from lamina.core.inputs.sample import NO_LABEL, AbstractSampleInputs, ImageSampleInputs, RowSampleInputs
from lamina.core.inputs.table import TableInputs
from lamina.core.inputs.triple import TripleInputs

__all__ = [
    "NO_LABEL",
    "PRESENT",
    "AbstractInputs",
    "AbstractSampleInputs",
    "DegradedImageInputs",
    "ImageInputs",
    "ImageSampleInputs",
    "Inputs",
    "MixedInputs",
    "PairInputs",
    "RowSampleInputs",
    "TableInputs",
    "TripleInputs",
]
