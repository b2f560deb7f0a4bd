"""Outcomes of generators that need no training: noise is scattered around real examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np

from lamina.core.inputs import ImageSampleInputs
from lamina.data.source import read
from lamina.objectives.samples import AbstractGenerativeObjective, Sampling
from lamina.tasks.samples.images import ImageSpace
from lamina.tasks.samples.target import SampleTarget

SIDE = 4


def images(count: int, seed: int) -> np.ndarray:
    """Images of one level each, with a little noise."""
    generator = np.random.default_rng(seed)
    level = generator.uniform(40, 210, (count, 1, 1, 1))
    return (level + generator.normal(0, 8, (count, SIDE, SIDE, 1))).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Scatter(AbstractGenerativeObjective):
    """Samples are levels of the model's mean and std, with noise."""

    noise: float = 0.06
    parts: Any = field(default_factory=dict, hash=False)

    def losses(self, model: Any, batch: Any, *, key: Any) -> Any:
        raise NotImplementedError

    def evaluate(self, model: Any, batch: Any, *, key: Any) -> Any:
        raise NotImplementedError

    def answer(self, model: Any, x: Any) -> Any:
        raise NotImplementedError

    def sample(self, model: Any, labels: Any, sampling: Sampling, *, key: Any) -> Any:
        keys = jax.random.split(key.astype("uint32"), 2)
        level = sampling.noise(jax.random.normal(keys[0], (len(labels), 1, 1, 1)))
        fine = jax.random.normal(keys[1], (len(labels), *self.space.shape))
        return model["mean"] + model["std"] * level + self.noise * fine


def arrays_of(table: Any) -> np.ndarray:
    return images(table.height, table.scalar("seed").numbers()[0].astype(int))


class Space(ImageSpace):
    """Images that a column of seeds stands for."""

    def arrays(self, encoder: Any, table: Any, rows: Any = None) -> Any:
        return arrays_of(table)


def table(count: int, seed: int) -> Any:
    return read({"seed": [float(seed)] * count})


def outcome(*, std: float = 0.4, seconds: float = 3.0, **changed: Any) -> Any:
    """Of 200 training and 120 held-out images, and a generator whose levels have a spread."""
    space = Space(SIDE, SIDE, 1)
    given = {
        "objective": Scatter(ImageSampleInputs(SIDE, SIDE, 1)),
        "model": {"mean": np.float32(-0.02), "std": np.float32(std)},
        "target": SampleTarget(space, "scatter"),
        "encoder": None,
        "training": table(200, 1),
        "trained_on": lambda: table(200, 1),
        "held_out": table(120, 2),
        "features_of": None,
        "seconds": seconds,
        "seed": 0,
        "keys": {"epochs": 36, "judge": None},
        "metrics": {},
        "history": {},
        "previews": {},
    }
    return SimpleNamespace(**{**given, **changed})
