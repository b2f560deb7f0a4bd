"""A VAE by `lamina.train.train`; options shape, recipe, precision, folder, epochs, mode, as `lamina_gpt`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.contenders import lamina_losses
from lamina.core.inputs import ImageSampleInputs
from lamina.models import build
from lamina.objectives.variational import VariationalObjective


def space(shape: Mapping[str, int]) -> ImageSampleInputs:
    """Return what images are."""
    return ImageSampleInputs(shape["side"], shape["side"], 1)


def make(shape: Mapping[str, int], seed: int) -> Any:
    """Return the network; its dial counts a quarter of the hidden units."""
    return build(
        "vae",
        inputs=space(shape),
        outputs=1,
        size=shape["hidden"] // 4,
        depth=shape["depth"],
        latent=shape["latent"],
        body="dense",
        activation="relu",
        seed=seed,
    )


def rows(x: np.ndarray) -> dict[str, np.ndarray]:
    """Return images in [-1, 1] as arrays of the engine."""
    return {"x": x, "y": np.full(len(x), -1, np.int32), "weight": np.ones(len(x), np.float32)}


def main() -> None:
    lamina_losses.compete(
        make,
        lambda chosen: VariationalObjective(space(chosen["shape"]), likelihood="bernoulli"),
        lambda data: rows(data["x"]),
    )


if __name__ == "__main__":
    main()
