"""A game by `lamina.train.train`; options: shape, recipe, loss, data, mode (weights, race, quality)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.contenders import lamina_losses
from lamina.core.inputs import ImageSampleInputs
from lamina.models import build
from lamina.objectives.adversarial import HingeObjective, RelativisticObjective


def make(shape: Mapping[str, int], seed: int) -> Any:
    """Return the game."""
    inputs = ImageSampleInputs(shape["side"], shape["side"], shape["channels"])
    return build(
        "dcgan",
        inputs=inputs,
        outputs=0,
        size=shape["width"],
        latent=shape["latent"],
        spectral=False,
        seed=seed,
    )


def objective(shape: Mapping[str, int], loss: str, penalty: float) -> Any:
    """Return the loss that is asked for."""
    space = ImageSampleInputs(shape["side"], shape["side"], shape["channels"])
    return RelativisticObjective(space, penalty=penalty) if loss == "relativistic" else HingeObjective(space)


def rows(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return bytes of images as arrays of the engine, of no class."""
    count = len(images)
    return {"x": images, "y": np.full(count, -1, np.int32), "weight": np.ones(count, np.float32)}


def main() -> None:
    lamina_losses.compete(
        make,
        lambda chosen: objective(chosen["shape"], chosen["loss"], chosen["recipe"]["penalty"]),
        lambda data: rows(data["x"]),
        loss="train_critic_loss",
        leave=("penalty",),
    )


if __name__ == "__main__":
    main()
