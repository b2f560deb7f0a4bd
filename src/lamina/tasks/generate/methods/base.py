"""What a method of generation is: which model and objective learn a distribution."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import AbstractSampleInputs, ImageSampleInputs
from lamina.core.keys import NoKeys
from lamina.modalities.base import Choice, Situation
from lamina.tasks.guide import rounding_keys
from lamina.tasks.samples.guide import paced

if TYPE_CHECKING:
    from lamina.objectives.samples import AbstractGenerativeObjective

# Training keys of networks that are better the longer they train; the moving average is what is kept.
TRAINING: Mapping[str, Any] = {
    "optimizer": "adamw",
    "lr": 1e-3,
    "weight_decay": 0.0,
    "schedule": "cosine",
    "warmup": 0.02,
    "patience": 1000,
}


class AbstractMethod(abc.ABC):
    """A way to learn a distribution and to draw from it.

    Attributes:
        name: what people type.
        summary: what it does, as it stands behind "method:".
        wants: what outputs it wants of a model, one of `lamina.core.wanted.WANTED`.
        keys: frozen dataclass of the keys of the task that are its own; None leaves one to `defaults`.
        defaults: its keys where the user says nothing.
        of_images: the model for images.
        of_rows: the model for rows; empty where it is for images only.
        batch: examples of a step.
        steps: preset → training steps.
        row_steps: … for rows, where these need others.
        training: training keys.
        image_training: … for images, where these need others.
        rounds: whether products of its networks of images may round their operands where that is faster.
    """

    name: str
    summary: str
    wants: str
    keys: type = NoKeys
    defaults: Mapping[str, Any] = {}
    of_images: str = ""
    of_rows: str = ""
    batch: int = 128
    steps: Mapping[str, int] = {"fast": 1_500, "balanced": 8_000, "best": 30_000}
    row_steps: Mapping[str, int] | None = None
    training: Mapping[str, Any] = TRAINING
    image_training: Mapping[str, Any] | None = None
    rounds: bool = False

    @abc.abstractmethod
    def objective(self, space: AbstractSampleInputs, keys: Any) -> AbstractGenerativeObjective:
        """Return what gradient descent minimizes.

        Args:
            space: what samples are.
            keys: of the task, its own filled in.
        """

    def model(self, *, is_image: bool) -> str:
        """Return the model that learns images, or rows; empty where it is not for them."""
        return self.of_images if is_image else self.of_rows

    def architecture(self, keys: Any, *, is_image: bool) -> tuple[str, dict[str, Any]]:
        """Return the model, and options of it, where the user says nothing.

        Args:
            keys: of the task, its own filled in.
            is_image: whether samples are images.
        """
        return self.model(is_image=is_image), {}

    def choose(self, situation: Situation) -> Choice:
        """Return model, options and keys for so many samples.

        Args:
            situation: what the model is chosen for; its inputs are those of samples.
        """
        is_image = isinstance(situation.inputs, ImageSampleInputs)
        name, options, reason = situation.model, {}, "you asked for it"
        if name == "auto":
            name, options = self.architecture(self.filled(situation.keys), is_image=is_image)
            reason = f"method={self.name}: {self.summary}"
        steps = self.steps if is_image or self.row_steps is None else self.row_steps
        training = self.training if not is_image or self.image_training is None else self.image_training
        keys = {**training, **self.defaults, **paced(situation, steps, self.batch)}
        if self.rounds and is_image:
            keys |= rounding_keys()
        return Choice(name, options, keys, reason)

    def filled(self, keys: Any) -> Any:
        """Return the keys of the task with its own defaults for what was left open."""
        still_open = {name: value for name, value in self.defaults.items() if getattr(keys, name) is None}
        return replace(keys, **still_open)

    def own(self) -> frozenset[str]:
        """Return the names of its keys."""
        return frozenset(field.name for field in fields(self.keys))
