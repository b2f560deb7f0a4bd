"""NaN, infinity and 1e38 in batches, gradients and parameters: no checkpoint holds them.

A run recovers, or stops and says why.

    python -m tests.faults.poison --count 1000
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from tests.faults.count import counting

from lamina.core.errors import RunError
from lamina.core.tree import named_arrays, with_arrays
from lamina.models import build
from lamina.objectives import RegressionObjective
from lamina.train import Callback, TrainConfig, train
from lamina.train.safeguard.checkpoint import Checkpoints
from lamina.train.safeguard.rollback import is_finite

ROWS, EPOCHS = 96, 8
POISONS = (np.nan, np.inf, -np.inf, 1e38, -1e38)
PLACES = ("input", "target", "weight", "parameter", "moment")


def clean() -> dict[str, np.ndarray]:
    """Return rows of a linear relation."""
    x = np.random.default_rng(0).normal(size=(ROWS, 4)).astype(np.float32)
    return {"x": x, "y": x[:, :1] - 2 * x[:, 1:2], "weight": np.ones(ROWS, np.float32)}


class Poisoner(Callback):
    """Puts a value where it does not belong, once or for good.

    Args:
        chance: decides where and when.
    """

    def __init__(self, chance: random.Random):
        self.chance, self.place, self.value = chance, chance.choice(PLACES), chance.choice(POISONS)
        self.at, self.rows = chance.randrange(1, EPOCHS * 6), chance.choice((1, 3, ROWS))
        self.lasts = chance.random() < 0.3
        self.done = False

    def on_chunk_end(self, step: int, run: Any) -> None:
        if self.done and not self.lasts and self.place in ("input", "target", "weight"):
            run.feed.data = jax.tree.map(jnp.asarray, clean_padded(run.feed.data))
        if step < self.at or self.done:
            return
        self.done = True
        if self.place in ("parameter", "moment"):
            self._poison_state(run)
        else:
            name = {"input": "x", "target": "y", "weight": "weight"}[self.place]
            data = {key: np.array(array) for key, array in run.feed.data.items()}
            data[name][self.chance.sample(range(ROWS), self.rows)] = self.value
            run.feed.data = jax.tree.map(jnp.asarray, data)

    def _poison_state(self, run: Any) -> None:
        part = {"parameter": "model.", "moment": "optimizer."}[self.place]
        arrays = {name: np.array(array) for name, array in named_arrays(run.state).items()}
        names = [name for name in arrays if name.startswith(part) and arrays[name].dtype == np.float32]
        chosen = arrays[self.chance.choice(names)]
        chosen.reshape(-1)[self.chance.randrange(chosen.size)] = self.value
        run.state = jax.tree.map(jnp.asarray, with_arrays(run.state, arrays))


def clean_padded(like: Any) -> dict[str, np.ndarray]:
    """Return the clean rows, with the zero rows behind them that the device holds."""

    def padded(name: str, array: np.ndarray) -> np.ndarray:
        missing = like[name].shape[0] - ROWS
        return np.concatenate([array, np.zeros((missing, *array.shape[1:]), np.float32)])

    return {name: padded(name, array) for name, array in clean().items()}


def one(seed: int, folder: Path) -> str:
    """Poison one run; return how it ended.

    Raises:
        AssertionError: a checkpoint or the result is not finite, or the cause is not named.
    """
    chance = random.Random(seed)
    poisoner = Poisoner(chance)
    checkpoints = Checkpoints(folder, every=1, keep=3)
    config = TrainConfig(
        epochs=EPOCHS, batch_size=16, lr=0.01, chunk=chance.choice((1, 6)), finite_patience=3, patience=100
    )
    model = build("mlp", inputs=(4,), outputs=1, size=8, depth=1, seed=0)
    rows = clean()
    try:
        result = train(
            model, RegressionObjective(), rows, rows, config=config, callbacks=[checkpoints, poisoner]
        )
        assert is_finite({f"model.{name}": array for name, array in named_arrays(result.model).items()})
        ended = "recovered" if result.skipped or poisoner.done else "not met"
    except RunError as error:
        assert "not finite" in str(error) and "fix:" in str(error), str(error)
        ended = "stopped with the cause"
    checkpoints.writer.finish()
    for path in checkpoints._found():
        assert is_finite(checkpoints._read(path).arrays), f"seed {seed}: {path.name} is not finite"
    return ended


def simulate(count: int, *, seed: int = 0) -> dict[str, int]:
    """Poison ``count`` runs; return how they ended."""
    ended: Counter[str] = Counter()
    for number in range(seed, seed + count):
        folder = Path(tempfile.mkdtemp(prefix="lamina-poison-"))
        try:
            ended[one(number, folder)] += 1
        except Exception as error:
            error.add_note(f"seed {number}")
            raise
        finally:
            shutil.rmtree(folder)
    return dict(ended)


if __name__ == "__main__":
    counting(__doc__, 1000, lambda count, seed: simulate(count, seed=seed))
