"""Segmentation: a class for every pixel, or the instances that the pixels belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.objectives.base import AbstractObjective, Batch, Interval, Losses, Score, Shown, gather
from lamina.objectives.metrics.overlap import (
    instance_counts,
    instance_metrics,
    mask_counts,
    mask_metrics,
    resampled_over_examples,
)
from lamina.ops.losses import binary_cross_entropy

SMOOTH = 1.0  # pixels: an image without a class is no division by zero
INSIDE, CENTER = 0, 1  # outputs of instances: foreground, nearness to the middle
DISTANCE_SHARE = 2.0  # weight of the second beside the first


def soft_dice(probabilities: Array, targets: Array) -> Array:
    """Return 1 − Dice of each image and class, of maps (b, y, x, c) in [0, 1]: (b, c).

    2 · Σ p·t / (Σ p + Σ t), counted over the pixels of an image. Use it beside cross-entropy where most
    pixels are of one class.

    Args:
        probabilities: stated by the model.
        targets: the share of each class in each pixel.

    References:
        Milletari, Navab, Ahmadi. V-Net: fully convolutional neural networks for volumetric medical image
        segmentation. 3DV 2016.
    """
    both = (probabilities * targets).sum(axis=(1, 2))
    all_of_it = probabilities.sum(axis=(1, 2)) + targets.sum(axis=(1, 2))
    return 1 - (2 * both + SMOOTH) / (all_of_it + SMOOTH)


@dataclass(frozen=True)
class SegmentationObjective(AbstractObjective):
    """A class for every pixel: cross-entropy and Dice loss together.

    Targets are class codes (b, y, x); in training they are maps (b, y, x, classes), one-hot at first, so that
    augmentation may move them as it moves the image.

    Args:
        classes: number of classes, the background among them.

    Example:
        >>> objective = SegmentationObjective(2)
        >>> objective.decode(jnp.array([[[[0.0, 1.0], [2.0, 1.0]]]])).tolist()
        [[[1, 0]]]
    """

    classes: int
    monitor = {"loss": False, "iou": True}  # noqa: RUF012
    shown = Shown("iou", "valid_iou", lambda value, scale: value)
    decoded_type = np.uint8

    @property
    def out_features(self) -> int:
        """One logit a class."""
        return self.classes

    @property
    def score(self) -> Score:
        """The mean intersection over union."""
        return Score("iou", lambda targets, points, weights: self.metrics(points, targets, weights)["iou"])

    def pick(self, arrays: Any, ids: Array, *, key: Any) -> Any:
        """Return the batch of some examples, its codes as one-hot maps."""
        batch = jax.tree.map(lambda array: gather(array, ids), arrays)
        return {**batch, "y": jax.nn.one_hot(batch["y"], self.classes, dtype=jnp.float32)}

    def _each(self, logits: Array, maps: Array) -> Array:
        """Return the loss of each image."""
        stated = jax.nn.log_softmax(logits.astype(jnp.float32), axis=-1)
        surprise = -(maps * stated).sum(axis=-1).mean(axis=(1, 2))
        return surprise + soft_dice(jnp.exp(stated), maps).mean(axis=-1)

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss of the batch."""
        each = self._each(model(batch["x"], key=key, train=True), batch["y"])
        return {"all": ((each * batch["weight"]).mean(), {})}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of the loss, of the mean IoU of each image, and of weights."""
        logits, weight = model(batch["x"]), batch["weight"]
        maps = jax.nn.one_hot(batch["y"], self.classes, dtype=jnp.float32)
        found = jax.nn.one_hot(logits.argmax(axis=-1), self.classes, dtype=jnp.float32)
        both = (found * maps).sum(axis=(1, 2))
        either = (found + maps).sum(axis=(1, 2)) - both
        present = (either > 0).astype(jnp.float32)
        iou = (both / jnp.maximum(either, 1.0) * present).sum(axis=-1) / jnp.maximum(
            present.sum(axis=-1), 1.0
        )
        return {
            "loss": (self._each(logits, maps) * weight).sum(),
            "iou": (iou * weight).sum(),
            "weight": weight.sum(),
        }

    def decode(self, outputs: Array) -> Array:
        """Return the most likely class of each pixel, uint8 (b, y, x)."""
        return outputs.argmax(axis=-1).astype(jnp.uint8)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return iou and dice, means over the classes, and pixel_accuracy, the share of right pixels."""
        return mask_metrics(mask_counts(decoded, targets, self.classes), weights)

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric, images resampled."""
        return resampled_over_examples(mask_metrics, mask_counts(decoded, targets, self.classes), weights)


@dataclass(frozen=True)
class InstanceObjective(AbstractObjective):
    """Instances: whether a pixel is inside one, and how near it is to the middle of it.

    Two maps are learned: the foreground, by cross-entropy and Dice loss, and the distance to the border of
    the instance, divided by the largest of it, by its absolute error. Where the second is high lie the
    seeds of instances, and each pixel of the foreground belongs to the nearest
    (`lamina.objectives.instances.instances_of`). Targets are uint8 maps (b, y, x, 2), 0 to 255.

    Args:
        smallest: pixels below which an instance is dropped.

    References:
        Naylor et al. Segmentation of nuclei in histopathology images by deep regression of the distance
        map. IEEE Transactions on Medical Imaging 2019.
    """

    smallest: int = 8
    monitor = {"loss": False, "dice": True}  # noqa: RUF012
    shown = Shown("dice", "valid_dice", lambda value, scale: value)
    decoded_type = np.uint8

    @property
    def out_features(self) -> int:
        """Foreground and nearness to the middle."""
        return 2

    @property
    def score(self) -> Score:
        """The share of instances that are found, at an IoU of one half."""
        return Score("ap50", lambda targets, points, weights: self.metrics(points, targets, weights)["ap50"])

    def pick(self, arrays: Any, ids: Array, *, key: Any) -> Any:
        """Return the batch of some examples, its maps as numbers from 0 to 1."""
        batch = jax.tree.map(lambda array: gather(array, ids), arrays)
        return {**batch, "y": batch["y"].astype(jnp.float32) / 255.0}

    def _each(self, outputs: Array, maps: Array) -> Array:
        """Return the loss of each image."""
        outputs = outputs.astype(jnp.float32)
        logits, inside = outputs[..., INSIDE], maps[..., INSIDE]
        surprise = binary_cross_entropy(logits, inside).mean(axis=(1, 2))
        dice = soft_dice(jax.nn.sigmoid(logits)[..., None], inside[..., None])[:, 0]
        off = jnp.abs(outputs[..., CENTER] - maps[..., CENTER]).mean(axis=(1, 2))
        return surprise + dice + DISTANCE_SHARE * off

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss of the batch."""
        each = self._each(model(batch["x"], key=key, train=True), batch["y"])
        return {"all": ((each * batch["weight"]).mean(), {})}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of the loss, of the foreground's Dice of each image, and of weights."""
        outputs, weight = model(batch["x"]), batch["weight"]
        maps = batch["y"].astype(jnp.float32) / 255.0
        found = (outputs[..., INSIDE] > 0).astype(jnp.float32)
        dice = 1 - soft_dice(found[..., None], maps[..., :1])[:, 0]
        return {
            "loss": (self._each(outputs, maps) * weight).sum(),
            "dice": (dice * weight).sum(),
            "weight": weight.sum(),
        }

    def decode(self, outputs: Array) -> Array:
        """Return both maps as uint8 (b, y, x, 2), 0 to 255."""
        outputs = outputs.astype(jnp.float32)
        maps = jnp.stack([jax.nn.sigmoid(outputs[..., INSIDE]), outputs[..., CENTER]], axis=-1)
        return jnp.round(255.0 * jnp.clip(maps, 0.0, 1.0)).astype(jnp.uint8)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return ap50 and ap75, TP / (TP + FP + FN) of instances, and iou and dice of the foreground."""
        return instance_metrics(instance_counts(self.point(decoded), targets), weights)

    def point(self, decoded: np.ndarray) -> np.ndarray:
        """Return the instances, int32 (b, y, x): 0 is background, each other number an instance."""
        from lamina.objectives.instances import instances_of

        return (
            decoded
            if decoded.ndim == 3
            else np.stack([instances_of(maps, self.smallest) for maps in decoded])
        )

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric, images resampled."""
        counts = instance_counts(self.point(decoded), targets)
        return resampled_over_examples(instance_metrics, counts, weights)
