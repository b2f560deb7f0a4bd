"""Augmentation in the compiled step."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs
from lamina.core.random import make_key
from lamina.modalities.image.augment import Augmentation, mirrored_now
from lamina.models import build
from lamina.objectives import MulticlassObjective, RegressionObjective
from lamina.ops.augment import CHANGES
from lamina.train import StepContext, TrainConfig, TrainResult, train

KEY = make_key(0)
MIXUP = Augmentation((("mixup", 1.0),))

GEOMETRIC = ("flip", "turn-over", "transpose", "shift", "rotate", "zoom", "shear", "crop")


def batch(rows: int = 8) -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {
        "x": random.integers(0, 256, (rows, 6, 6, 1)).astype(np.uint8),
        "y": random.integers(0, 3, rows).astype(np.int32),
        "weight": np.ones(rows, np.float32),
    }


def step_of(seed: int = 0, ids: Any = None, epoch: int = 0) -> StepContext:
    return StepContext(make_key(seed), KEY, np.arange(8) if ids is None else ids, np.int32(epoch))


def mixed_batch(word: str, one: dict[str, Any], context: StepContext | None = None) -> dict[str, np.ndarray]:
    return jax.device_get(jax.jit(Augmentation.of((word,)))(one, context or step_of()))


def enlarged(mixed: dict[str, Any]) -> dict[str, Any]:
    """The batch with images that are large enough for a network, from 0 to 1."""
    return {**mixed, "x": mixed["x"].repeat(2, axis=1).repeat(2, axis=2) / np.float32(255)}


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
            "unknown augmentation 'flipp' (did you mean 'flip'?); expected none, or some of alternate-flip",
        ),
        ("shift:far", "strength of 'shift' is out of range; expected a number from 0, got far"),
        ("shift:-1", "strength of 'shift' is out of range; expected a number from 0, got -1"),
        ("alternate-flip:0.3", "'alternate-flip' has no strength; got 0.3"),
        ("cutout:nan", "strength of 'cutout' is out of range; expected a number from 0, got nan"),
    ],
)
def test_wrong_words(word: str, said: str):
    with pytest.raises(ConfigError) as caught:
        Augmentation.of((word,))
    assert str(caught.value).startswith(said)


def test_mixup_mixes_images_and_losses_in_the_same_shares():
    one = batch()
    mixed = mixed_batch("mixup:1", one)
    share = mixed["share"]
    assert 0 < share[0] < 1 and (share == share[0]).all()
    x = one["x"].astype(np.float32)
    assert np.allclose(mixed["x"], share[0] * x + (1 - share[0]) * np.roll(x, 1, 0), atol=1e-3)
    model, task = build("lenet", inputs=(12, 12, 1), outputs=3), MulticlassObjective(3)

    @jax.jit
    def losses(batch: dict[str, Any]) -> tuple[Any, list[Any]]:
        parts = [task.losses(model, {**batch, "y": y}, key=KEY) for y in (batch["y"], batch["partner"])]
        return MIXUP.losses(task, model, batch, key=KEY)["all"][0], [part["all"][0] for part in parts]

    found, parts = jax.device_get(losses(enlarged(mixed)))
    assert np.isclose(found, share[0] * parts[0] + (1 - share[0]) * parts[1], rtol=1e-5)


def test_cutmix_shares_are_the_areas():
    one = batch()
    one["x"] = np.broadcast_to(np.arange(8, dtype=np.uint8)[:, None, None, None], (8, 6, 6, 1))
    cutmix, seen = jax.jit(Augmentation.of(("cutmix",))), set()
    for seed in range(20):
        mixed = cutmix(one, step_of(seed))
        own = (np.asarray(mixed["x"]) == one["x"]).mean((1, 2, 3))
        assert np.allclose(own, mixed["share"], atol=1e-6)
        seen.add(round(float(own[0]), 3))
    assert len(seen) > 5


def test_regression_targets_are_mixed_too():
    mixed = mixed_batch("mixup", {**batch(), "y": np.arange(8, dtype=np.float32)[:, None]})
    assert mixed["partner"].tolist() == np.roll(np.arange(8.0), 1)[:, None].tolist()
    model = build("lenet", inputs=(12, 12, 1), outputs=1)
    loss = jax.jit(lambda batch: MIXUP.losses(RegressionObjective(1), model, batch, key=KEY)["all"][0])
    assert np.isfinite(loss(enlarged(mixed)))


def test_images_are_mirrored_in_turn():
    rows, mirrored = np.arange(1000), jax.jit(mirrored_now)
    epochs = [np.asarray(mirrored(rows, KEY, np.int32(epoch))) for epoch in range(4)]
    assert abs(epochs[0].mean() - 0.5) < 0.05
    assert (
        (epochs[1] == ~epochs[0]).all() and (epochs[2] == epochs[0]).all() and (epochs[3] == epochs[1]).all()
    )
    assert (mirrored(rows, make_key(1), np.int32(0)) != epochs[0]).any()
    assert (mirrored(rows[::-1], KEY, np.int32(0)) == epochs[0][::-1]).all()  # wherever they stand in a batch
    one, ids = batch(), np.array([5, 900, 17, 3, 2, 77, 41, 8])
    flipped = epochs[3][ids]
    assert 0 < flipped.sum() < 8
    seen = mixed_batch("alternate-flip", one, step_of(7, ids, 3))["x"]
    assert (seen == np.where(flipped[:, None, None, None], one["x"][:, :, ::-1], one["x"])).all()


def bright_or_dark() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    y = np.arange(96) % 2
    x = (random.uniform(0, 60, (96, 12, 12, 1)) + 150 * y[:, None, None, None]).astype(np.uint8)
    return {"x": x, "y": y.astype(np.int32), "weight": np.ones(96, np.float32)}


def trained(rows: dict[str, Any], words: tuple[str, ...], **keys: Any) -> TrainResult:
    model = build("lenet", inputs=ImageInputs(12, 12, 1, (100.0,), (80.0,)), outputs=2)
    config = TrainConfig(epochs=6, lr=3e-3, batch_size=16, accumulate=2, **keys)
    return train(model, MulticlassObjective(2), rows, rows, config=config, augment=Augmentation.of(words))


@pytest.mark.parametrize("words", [(), ("flip", "shift:1", "cutmix"), ("alternate-flip",)])
def test_training_learns_and_repeats(words: tuple[str, ...]):
    results = [trained(bright_or_dark(), words) for _ in range(2)]
    assert results[0].history["valid_accuracy"][-1] > 0.95
    assert results[0].history["train_loss"] == results[1].history["train_loss"]


def test_rows_that_are_made_when_asked_for():
    class Stream:
        """As the encoder of images gives them."""

        def __init__(self, array: np.ndarray):
            self.array, self.shape, self.dtype, self.nbytes = array, array.shape, array.dtype, array.nbytes

        def __len__(self) -> int:
            return len(self.array)

        def take(self, rows: np.ndarray) -> np.ndarray:
            return self.array[rows]

    rows = bright_or_dark()
    turns = ("alternate-flip",)  # asks for the number of each row
    plain, found = (trained({**rows, "x": x}, turns) for x in (rows["x"], Stream(rows["x"])))
    assert np.allclose(plain.history["train_loss"], found.history["train_loss"], rtol=1e-4)


# --- targets of every pixel ----------------------------------------------------------------------


def mapped(words: tuple[str, ...], *, height: int = 12, width: int = 12, epoch: int = 0) -> dict[str, Any]:
    """Maps that equal their images, after some changes."""
    x = np.random.default_rng(1).uniform(0, 255, (8, height, width, 3)).astype(np.float32)
    one = {"x": x, "y": x, "weight": np.ones(8, np.float32)}
    return {"given": x, **jax.device_get(jax.jit(Augmentation.of(words))(one, step_of(epoch=epoch)))}


@pytest.mark.parametrize("name", [*GEOMETRIC, "alternate-flip"])
@pytest.mark.parametrize("width", [12, 10])
def test_maps_go_where_the_pixels_go(name: str, width: int):
    found = mapped((name,), width=width)
    np.testing.assert_array_equal(found["x"], found["y"])
    moves = name != "transpose" or width == 12  # what is not square is not transposed
    assert (found["x"] != found["given"]).any() == moves


def test_maps_follow_several_changes_one_after_another():
    found = mapped(("flip", "turn-over", "transpose", "zoom:0.2", "rotate", "shift", "shear", "crop"))
    np.testing.assert_array_equal(found["x"], found["y"])
    assert (np.abs(found["x"] - found["given"]).max((1, 2, 3)) > 1).all()


@pytest.mark.parametrize("name", ["brightness", "contrast", "gamma", "saturation", "color", "cutout"])
def test_what_changes_no_place_leaves_maps_alone(name: str):
    found = mapped((name,))
    np.testing.assert_array_equal(found["y"], found["given"])
    assert (found["x"] != found["given"]).any()


def test_every_change_is_geometric_or_known_to_be_none():
    """A new change has to say whether maps follow it."""
    others = {"brightness", "contrast", "gamma", "saturation", "color", "cutout"}
    expected = {
        **dict.fromkeys(GEOMETRIC, "follow"),
        **dict.fromkeys(others, "stay"),
        "randaugment": "impossible",
    }
    assert {name: change.maps for name, change in CHANGES.items()} == expected


@pytest.mark.parametrize("name", ["mixup", "cutmix", "randaugment"])
def test_what_maps_cannot_follow_is_refused(name: str):
    with pytest.raises(ConfigError, match=f"'{name}' is not for targets of every pixel") as caught:
        mapped(("flip", name))
    assert caught.value.fix == "leave it out of augment="


def test_one_hot_maps_stay_shares():
    """Between pixels classes share: their sum stays one, so that cross-entropy means what it did."""
    codes = np.random.default_rng(2).integers(0, 3, (8, 12, 12))
    maps = np.eye(3, dtype=np.float32)[codes]
    one = {"x": maps * 255, "y": maps, "weight": np.ones(8, np.float32)}
    words = ("flip", "zoom:0.3", "rotate:20")
    found = np.asarray(jax.jit(Augmentation.of(words))(one, step_of())["y"])
    assert found.min() >= 0 and ((found > 0.01) & (found < 0.99)).any()
    np.testing.assert_allclose(found.sum(-1), 1.0, atol=1e-5)
