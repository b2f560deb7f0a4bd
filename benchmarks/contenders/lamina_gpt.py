"""A GPT by `lamina.train.train`; options: shape, recipe, precision, data, mode (weights, race, quality)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from benchmarks.contenders import lamina_losses
from lamina.core.arrays import Array
from lamina.core.inputs.text import TextInputs
from lamina.core.wanted import NEXT
from lamina.models import build
from lamina.objectives.base import AbstractObjective, Batch, Losses, Score
from lamina.ops.cross_entropy import cross_entropy


@dataclass(frozen=True)
class NextSymbol(AbstractObjective):
    """Cross-entropy of what comes next, at every position.

    Args:
        symbols: how many there are.
    """

    symbols: int
    monitor = {"loss": False}  # noqa: RUF012

    @property
    def out_features(self) -> int:
        return self.symbols

    @property
    def score(self) -> Score:
        return Score("loss", lambda targets, points, weights: float("nan"))

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        logits = model(batch["x"], key=key, train=True).astype(jnp.float32)
        return {"all": (cross_entropy(logits, batch["y"]).mean(), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        each = cross_entropy(model(batch["x"]).astype(jnp.float32), batch["y"]).mean(-1)
        return {"loss": (each * batch["weight"]).sum(), "weight": batch["weight"].sum()}

    def decode(self, outputs: Array) -> Array:
        return outputs

    def metrics(self, decoded: Any, targets: Any, weights: Any = None) -> dict[str, float]:
        return {}

    def intervals(self, decoded: Any, targets: Any, weights: Any, *, seed: int) -> dict[str, Any]:
        return {}


def make(shape: Mapping[str, int], seed: int) -> Any:
    """Return the network."""
    return build(
        "gpt",
        inputs=TextInputs(shape["symbols"], shape["time"]),
        outputs=shape["symbols"],
        size=shape["width"],
        depth=shape["depth"],
        heads=shape["heads"],
        wants=NEXT,
        seed=seed,
    )


def rows(tokens: np.ndarray) -> dict[str, Any]:
    """Return texts of one symbol more than are read as arrays of the engine."""
    ids = np.ascontiguousarray(tokens[:, :-1], np.int32)
    x = {"ids": ids, "scale": np.ones(ids.shape, np.float32)}
    return {"x": x, "y": tokens[:, 1:].astype(np.int32), "weight": np.ones(len(ids), np.float32)}


def main() -> None:
    lamina_losses.compete(
        make,
        lambda chosen: NextSymbol(chosen["shape"]["symbols"]),
        lambda data: rows(data["x"]),
        schedule="constant",
    )


if __name__ == "__main__":
    main()
