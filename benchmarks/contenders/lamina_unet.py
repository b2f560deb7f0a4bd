"""`denoising-unet` by `lamina.train.train`; options as of `lamina_gpt`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.contenders import lamina_losses
from lamina.core.inputs import ImageSampleInputs
from lamina.models import build
from lamina.objectives.diffusion import DiffusionObjective


def make(shape: Mapping[str, int], seed: int) -> Any:
    """Return the network."""
    side = shape["side"]
    space = ImageSampleInputs(side, side, shape["colors"], shape["labels"])
    return build(
        "denoising-unet", inputs=space, outputs=1, size=shape["width"], depth=shape["depth"], seed=seed
    )


def rows(data: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return images and classes as arrays of the engine."""
    return {"x": data["x"], "y": data["y"], "weight": np.ones(len(data["x"]), np.float32)}


def main() -> None:
    def objective(chosen: Mapping[str, Any]) -> DiffusionObjective:
        shape = chosen["shape"]
        return DiffusionObjective(
            ImageSampleInputs(shape["side"], shape["side"], shape["colors"], shape["labels"])
        )

    lamina_losses.compete(make, objective, rows)


if __name__ == "__main__":
    main()
