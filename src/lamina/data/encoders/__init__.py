"""Fitted translations of columns into arrays, and of answers back into labels."""

from lamina.core.inputs import TableInputs
from lamina.data.encoders.image import ImageEncoder, ImageStream
from lamina.data.encoders.kinds import Encoder, fitted, has_images, restored
from lamina.data.encoders.table import TableEncoder
from lamina.data.encoders.target import TargetEncoder

__all__ = [
    "Encoder",
    "ImageEncoder",
    "ImageStream",
    "TableEncoder",
    "TableInputs",
    "TargetEncoder",
    "fitted",
    "has_images",
    "restored",
]
