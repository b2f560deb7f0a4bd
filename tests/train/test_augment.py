"""Augmentation in the compiled step."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.models import build
from lamina.tasks import MulticlassTask, RegressionTask
from lamina.train import TrainConfig, train
from lamina.train.augment import Augmentation, batch_losses

KEY = hashed_keys(0, 1)[0]


def batch(rows: int = 8) -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {
        "x": jnp.asarray(random.integers(0, 256, (rows, 6, 6, 1)), jnp.uint8),
        "y": jnp.asarray(random.integers(0, 3, rows), jnp.int32),
        "weight": jnp.ones(rows),
    }


def test_words_become_changes():
    assert Augmentation.of(("flip", "shift:3", "mixup")) == Augmentation(
        (("flip", 0.5), ("shift", 3.0), ("mixup", 0.2))
    )
    assert Augmentation.of(()) is None and Augmentation.of(("none",)) is None


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "flipp",
            "unknown augmentation 'flipp' (did you mean 'flip'?); expected none, or some of brightness",
        ),
        ("shift:far", "strength of 'shift' is out of range; expected a number from 0, got far"),
        ("shift:-1", "strength of 'shift' is out of range; expected a number from 0, got -1"),
        ("cutout:nan", "strength of 'cutout' is out of range; expected a number from 0, got nan"),
    ],
)
def test_wrong_words(word: str, said: str):
    with pytest.raises(ConfigError) as caught:
        Augmentation.of((word,))
    assert str(caught.value).startswith(said)


def test_mixup_mixes_pictures_and_losses_in_the_same_shares():
    one = batch()
    mixed = Augmentation.of(("mixup:1",))(one, KEY)
    share = np.asarray(mixed["share"])
    assert 0 < share[0] < 1 and (share == share[0]).all()
    x = np.asarray(one["x"], np.float32)
    assert np.allclose(mixed["x"], share[0] * x + (1 - share[0]) * np.roll(x, 1, 0), atol=1e-3)
    model, task = build("lenet", inputs=(12, 12, 1), outputs=3), MulticlassTask(3)
    large = {**mixed, "x": jnp.repeat(jnp.repeat(mixed["x"], 2, 1), 2, 2) / 255}
    found = batch_losses(task, model, large, key=KEY)["all"][0]
    parts = [task.losses(model, {**large, "y": y}, key=KEY)["all"][0] for y in (mixed["y"], mixed["partner"])]
    assert np.isclose(found, share[0] * parts[0] + (1 - share[0]) * parts[1], rtol=1e-5)


def test_cutmix_shares_are_the_areas():
    one = batch()
    one["x"] = jnp.broadcast_to(jnp.arange(8, dtype=jnp.uint8)[:, None, None, None], (8, 6, 6, 1))
    seen = set()
    for seed in range(20):
        mixed = Augmentation.of(("cutmix",))(one, hashed_keys(seed, 1)[0])
        own = (np.asarray(mixed["x"]) == np.asarray(one["x"])).mean((1, 2, 3))
        assert np.allclose(own, mixed["share"], atol=1e-6)
        seen.add(round(float(own[0]), 3))
    assert len(seen) > 5


def test_regression_targets_are_mixed_too():
    one = {**batch(), "y": jnp.arange(8.0)[:, None]}
    mixed = Augmentation.of(("mixup",))(one, KEY)
    assert mixed["partner"].tolist() == np.roll(np.arange(8.0), 1)[:, None].tolist()
    model = build("lenet", inputs=(12, 12, 1), outputs=1)
    large = {**mixed, "x": jnp.repeat(jnp.repeat(mixed["x"], 2, 1), 2, 2) / 255}
    assert np.isfinite(batch_losses(RegressionTask(1), model, large, key=KEY)["all"][0])


@pytest.mark.parametrize("words", [(), ("flip", "shift:1", "cutmix")])
def test_training_learns_and_repeats(words: tuple[str, ...]):
    random = np.random.default_rng(0)
    y = np.arange(96) % 2
    x = (random.uniform(0, 60, (96, 12, 12, 1)) + 150 * y[:, None, None, None]).astype(np.uint8)
    rows = {"x": x, "y": y.astype(np.int32), "weight": np.ones(96, np.float32)}
    config = TrainConfig(epochs=6, lr=3e-3, augment=words, batch_size=16, accumulate=2)
    from lamina.core.inputs import ImageInputs

    inputs = ImageInputs(12, 12, 1, (100.0,), (80.0,))
    model = build("lenet", inputs=inputs, outputs=2)
    results = [train(model, MulticlassTask(2), rows, rows, config=config) for _ in range(2)]
    assert results[0].history["valid_accuracy"][-1] > 0.95
    assert results[0].history["train_loss"] == results[1].history["train_loss"]


def test_rows_that_are_made_when_asked_for():
    class Stream:
        """As the encoder of pictures gives them."""

        def __init__(self, array: np.ndarray):
            self.array, self.shape, self.dtype, self.nbytes = array, array.shape, array.dtype, array.nbytes

        def __len__(self) -> int:
            return len(self.array)

        def take(self, rows: np.ndarray) -> np.ndarray:
            return self.array[rows]

    x = np.random.default_rng(0).integers(0, 256, (40, 12, 12, 1)).astype(np.uint8)
    rows = {"x": x, "y": (np.arange(40) % 2).astype(np.int32), "weight": np.ones(40, np.float32)}
    config, model = TrainConfig(epochs=2, lr=1e-3), build("lenet", inputs=(12, 12, 1), outputs=2)
    model = build("airbench", inputs=(12, 12, 1), outputs=2, size=4)
    x_float = {**rows, "x": x.astype(np.float32)}
    plain = train(model, MulticlassTask(2), x_float, x_float, config=config)
    streamed = {**rows, "x": Stream(x.astype(np.float32))}
    found = train(model, MulticlassTask(2), streamed, streamed, config=config)
    assert np.allclose(plain.history["train_loss"], found.history["train_loss"], rtol=1e-4)
